"""How long files are kept, for administrators: what comes due, what waits, one file at a time without a name."""

from datetime import timedelta
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_wtf import FlaskForm
from werkzeug.exceptions import BadRequest

from app.clinic import administration, lists, retention
from app.clinic.forms import FileNumberForm, HoldForm
from app.clinic.kept_file import file_of, find_file, number_of
from app.clinic.people import me
from app.clinic.roles import staff_only
from app.clinic.services import clinic
from app.desk.errors import NotPossible
from app.retention import BACKUPS_KEPT, GRACE
from app.web.kept import kept_rows

bp = Blueprint("retention", __name__)


@bp.route("/conservation", methods=["GET", "POST"])
@staff_only("administrator")
def overview() -> ResponseReturnValue:
    """Show the terms, what comes due, what waits and what is held; find a file by its number."""
    form = FileNumberForm()
    if form.validate_on_submit():
        found = find_file(clinic(), form["number"].data)
        if found is not None:
            return redirect(url_for("retention.file", visit_id=found), 303)
        form["number"].errors = [_("Aucun dossier n’a ce numéro. Vérifiez chaque signe.")]
    return render_template(
        "clinic/retention.html",
        form=form,
        found=retention.overview(clinic(), me()),
        rows=list(kept_rows(clinic().settings, "fr")),
        people={one.id: one.display_name for one in administration.everyone(clinic())},
        number_of=number_of,
        zone=lists.places_of(clinic()).zone,
    ), 422 if form.is_submitted() else 200


@bp.get("/conservation/<uuid:visit_id>")
@staff_only("administrator")
def file(visit_id: UUID) -> ResponseReturnValue:
    """Show until when one file is kept, and what may be done about it."""
    return _file(visit_id, HoldForm())


@bp.route("/conservation/<uuid:visit_id>/effacer", methods=["GET", "POST"])
@staff_only("administrator")
def erase(visit_id: UUID) -> ResponseReturnValue:
    """Say what erasing does; then erase."""
    form = FlaskForm()
    if form.validate_on_submit():
        retention.erase(clinic(), me(), visit_id)
        flash(_("Effacement demandé. Le dossier ne s’ouvre plus."))
        return _back(visit_id)
    found = file_of(clinic(), me(), visit_id)
    if not found.state.may_erase:
        raise NotPossible
    hours, copies = GRACE // timedelta(hours=1), BACKUPS_KEPT.days
    return render_template("clinic/erase.html", found=found, hours=hours, copies=copies)


@bp.post("/conservation/<uuid:visit_id>/retablir")
@staff_only("administrator")
def take_back(visit_id: UUID) -> ResponseReturnValue:
    """Take an erasing back, in its grace."""
    _require_form()
    retention.take_back(clinic(), me(), visit_id)
    flash(_("Effacement annulé. Le dossier s’ouvre de nouveau."))
    return _back(visit_id)


@bp.post("/conservation/<uuid:visit_id>/suspendre")
@staff_only("administrator")
def hold(visit_id: UUID) -> ResponseReturnValue:
    """Have nothing of a file destroyed, for one of three reasons."""
    form = HoldForm()
    if not form.validate_on_submit():
        return _file(visit_id, form, 422)
    retention.hold(clinic(), me(), visit_id, form["reason"].data)
    flash(_("Effacement suspendu. Rien de ce dossier ne sera détruit."))
    return _back(visit_id)


@bp.post("/conservation/<uuid:visit_id>/lever")
@staff_only("administrator")
def lift(visit_id: UUID) -> ResponseReturnValue:
    """Lift a hold."""
    _require_form()
    retention.lift(clinic(), me(), visit_id)
    flash(_("Suspension levée. Ce qui est échu va être détruit."))
    return _back(visit_id)


@bp.post("/conservation/accord/<uuid:pseudonym>")
@staff_only("administrator")
def agree(pseudonym: UUID) -> ResponseReturnValue:
    """Agree that one of many files is destroyed: two persons must."""
    _require_form()
    retention.agree(clinic(), me(), pseudonym)
    flash(_("Votre accord est noté."))
    return redirect(url_for("retention.overview"), 303)


def _file(visit_id: UUID, form: HoldForm, status: int = 200) -> ResponseReturnValue:
    found = file_of(clinic(), me(), visit_id)
    return render_template("clinic/file.html", found=found, form=form), status


def _back(visit_id: UUID) -> ResponseReturnValue:
    return redirect(url_for("retention.file", visit_id=visit_id), 303)


def _require_form() -> None:
    if not FlaskForm().validate_on_submit():
        raise BadRequest
