"""Sites, rooms, practitioners, hours and rules. Saving publishes to the patient zone at once."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid4

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_wtf import FlaskForm
from werkzeug.exceptions import BadRequest, NotFound

from app.clinic import administration
from app.clinic.administration import AccountTaken, HoursOverlap, PlacesPage
from app.clinic.forms import HoursForm, PractitionerForm, RoomForm, RulesForm, SiteForm, clock_text, set_choices
from app.clinic.people import me
from app.clinic.roles import staff_only
from app.clinic.services import clinic
from app.clinic.wording import kind_names
from app.desk.errors import PlaceInUse
from app.desk.models import ClinicRules, OpeningHours, Practitioner, Room, Site
from app.front.published_directory import DirectoryTells

bp = Blueprint("places", __name__)


@bp.get("/sites")
@staff_only("administrator")
def sites() -> ResponseReturnValue:
    """Show sites and their rooms."""
    shown = administration.places_page(clinic())
    return render_template("clinic/sites.html", shown=shown, room=RoomForm(formdata=None), act=FlaskForm())


@bp.route("/sites/nouveau", methods=["GET", "POST"], defaults={"site_id": None})
@bp.route("/sites/<uuid:site_id>", methods=["GET", "POST"])
@staff_only("administrator")
def site(site_id: UUID | None) -> ResponseReturnValue:
    """Add a site or change one: what is written here is on the patients' arrival card."""
    shown = administration.places_page(clinic())
    known = _one(shown.sites, site_id)
    form = SiteForm(obj=known)
    if form.validate_on_submit():
        row = Site(id=site_id or uuid4(), **{name: form[name].data for name in _SITE_FIELDS})
        if _saved_site(form, row):
            flash(_("Lieu enregistré et publié."))
            return redirect(url_for("places.sites"), 303)
    status = 422 if form.is_submitted() else 200
    return render_template("clinic/site.html", form=form, known=known), status


@bp.post("/sites/<uuid:site_id>/salles")
@staff_only("administrator")
def add_room(site_id: UUID) -> ResponseReturnValue:
    """Add a room to a site."""
    shown = administration.places_page(clinic())
    _one(shown.sites, site_id)
    form = RoomForm()
    if not form.validate_on_submit():
        return render_template("clinic/sites.html", shown=shown, room=form, act=FlaskForm()), 422
    row = Room(id=uuid4(), site_id=site_id, name=form["name"].data, step_free=form["step_free"].data)
    administration.save_place(clinic(), me(), row)
    flash(_("Salle ajoutée et publiée."))
    return redirect(url_for("places.sites"), 303)


@bp.post("/salles/<uuid:room_id>/retirer")
@staff_only("administrator")
def remove_room(room_id: UUID) -> ResponseReturnValue:
    """Remove a room that no visit to come needs."""
    if not FlaskForm().validate_on_submit():
        raise BadRequest
    try:
        administration.remove_room(clinic(), me(), room_id)
    except PlaceInUse:
        flash(_("Impossible : des rendez-vous à venir sont prévus dans cette salle."))
    else:
        flash(_("Salle retirée."))
    return redirect(url_for("places.sites"), 303)


@bp.get("/horaires")
@staff_only("administrator")
def hours() -> ResponseReturnValue:
    """Show practitioners and their weekly hours."""
    return _hours_page(_hours_form(administration.places_page(clinic())))


@bp.post("/horaires")
@staff_only("administrator")
def add_hours() -> ResponseReturnValue:
    """Add a weekly presence."""
    form = _hours_form(administration.places_page(clinic()))
    if form.validate_on_submit():
        try:
            administration.add_hours(clinic(), me(), _presence(form))
        except HoursOverlap:
            form["starts"].errors = [_("Cette personne a déjà des horaires à ce moment.")]
        else:
            flash(_("Horaire ajouté et publié."))
            return redirect(url_for("places.hours"), 303)
    return _hours_page(form)


@bp.post("/horaires/<uuid:hours_id>/retirer")
@staff_only("administrator")
def remove_hours(hours_id: UUID) -> ResponseReturnValue:
    """Remove a weekly presence."""
    if not FlaskForm().validate_on_submit():
        raise BadRequest
    administration.remove_hours(clinic(), me(), hours_id)
    flash(_("Horaire retiré. Les rendez-vous déjà pris restent prévus."))
    return redirect(url_for("places.hours"), 303)


@bp.route("/praticiens/nouveau", methods=["GET", "POST"], defaults={"person_id": None})
@bp.route("/praticiens/<uuid:person_id>", methods=["GET", "POST"])
@staff_only("administrator")
def practitioner(person_id: UUID | None) -> ResponseReturnValue:
    """Add a practitioner or change one."""
    shown = administration.places_page(clinic())
    known = _one(shown.practitioners, person_id)
    form = _practitioner_form(shown, known)
    if form.validate_on_submit():
        try:
            administration.save_practitioner(clinic(), me(), _practitioner_row(form, person_id))
        except AccountTaken:
            form["staff"].errors = [_("Ce compte est déjà celui d’un autre praticien.")]
        else:
            flash(_("Praticien enregistré et publié."))
            return redirect(url_for("places.hours"), 303)
    status = 422 if form.is_submitted() else 200
    return render_template("clinic/practitioner.html", form=form, known=known), status


@bp.route("/regles", methods=["GET", "POST"])
@staff_only("administrator")
def rules() -> ResponseReturnValue:
    """Change the clinic's few numbers."""
    known = administration.places_page(clinic()).rules
    form = RulesForm(obj=known)
    if form.validate_on_submit():
        administration.save_place(clinic(), me(), _rules_row(form))
        flash(_("Règles enregistrées et publiées."))
        return redirect(url_for("places.rules"), 303)
    if not form.is_submitted():
        form["call_starts"].raw_data = [clock_text(known.call_starts_minute)]
        form["call_ends"].raw_data = [clock_text(known.call_ends_minute)]
    return render_template("clinic/rules.html", form=form), 422 if form.is_submitted() else 200


_SITE_FIELDS = ("name", "address", "door", "desk_words", "phone", "step_free", "timezone")


def _saved_site(form: SiteForm, row: Site) -> bool:
    """Save a site; or say beside each of its fields that it tells, and save nothing. Raises DirectoryFaults."""
    try:
        administration.save_place(clinic(), me(), row)
    except DirectoryTells as fault:
        if any(site_id != row.id for site_id, _name in fault.places):
            raise
        for _site_id, name in fault.places:
            form[name].errors = [_("Ces mots disent un soin ou le nom d’un praticien. Restez neutre.")]
        return False
    return True


def _one(rows: Sequence[Any], wanted: UUID | None) -> Any:
    """Return the row to change, None for a new one. Raises NotFound for an id that is nobody's."""
    if wanted is None:
        return None
    found = next((row for row in rows if row.id == wanted), None)
    if found is None:
        raise NotFound
    return found


def _hours_form(shown: PlacesPage) -> HoursForm:
    form = HoursForm()
    set_choices(
        form,
        practitioner=[(str(person.id), person.name) for person in shown.practitioners],
        site=[(str(site.id), site.name) for site in shown.sites],
    )
    return form


def _hours_page(form: HoursForm) -> ResponseReturnValue:
    shown = administration.places_page(clinic())
    status = 422 if form.is_submitted() else 200
    return render_template("clinic/hours.html", shown=shown, form=form, act=FlaskForm()), status


def _presence(form: HoursForm) -> OpeningHours:
    return OpeningHours(
        id=uuid4(),
        practitioner_id=UUID(form["practitioner"].data),
        site_id=UUID(form["site"].data),
        weekday=int(form["weekday"].data),
        starts_minute=form["starts"].data,
        ends_minute=form["ends"].data,
        valid_from=form["valid_from"].data,
        valid_until=form["valid_until"].data,
    )


def _practitioner_form(shown: PlacesPage, known: Practitioner | None) -> PractitionerForm:
    names = kind_names(clinic().settings.specialties)
    form = PractitionerForm(obj=known) if known else PractitionerForm()
    taken = {one.staff_id for one in shown.practitioners if known is None or one.id != known.id}
    set_choices(
        form,
        kinds=[(kind, names.get(kind, kind.replace("_", " "))) for kind in shown.kinds],
        staff=[
            ("", _("Personne")),
            *((str(s.id), s.display_name) for s in shown.staff if s.role == "practitioner" and s.id not in taken),
        ],
    )
    if known and not form.is_submitted():
        form["kinds"].data = known.kinds.split(",")
        form["staff"].data = str(known.staff_id or "")
    return form


def _practitioner_row(form: PractitionerForm, person_id: UUID | None) -> Practitioner:
    staff = form["staff"].data
    return Practitioner(
        id=person_id or uuid4(),
        staff_id=UUID(staff) if staff else None,
        name=form["name"].data,
        kinds=",".join(sorted(form["kinds"].data)),
        gender=form["gender"].data,
    )


def _rules_row(form: RulesForm) -> ClinicRules:
    return ClinicRules(
        id=1,
        notice_hours=form["notice_hours"].data,
        horizon_days=form["horizon_days"].data,
        cancel_hours=form["cancel_hours"].data,
        call_starts_minute=form["call_starts"].data,
        call_ends_minute=form["call_ends"].data,
    )
