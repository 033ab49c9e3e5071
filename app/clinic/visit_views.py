"""One visit: what the desk may see of it, its case for its practitioner, and what may be done."""

from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_wtf import FlaskForm
from werkzeug.exceptions import BadRequest

from app.clinic import likeness, lists
from app.clinic.case import open_case
from app.clinic.decisions import decide
from app.clinic.errors import NobodyToTell
from app.clinic.forms import NOBODY_READS, ActionForm, MessageForm, OptionalMessageForm
from app.clinic.kept_file import file_of
from app.clinic.people import me
from app.clinic.roles import staff_only
from app.clinic.services import clinic
from app.desk.agenda import ACTIONS, Action, possible
from app.desk.errors import NotPossible
from app.desk.models import Visit

bp = Blueprint("visit", __name__)


@bp.get("/visite/<uuid:visit_id>")
@staff_only("practitioner", "desk")
def visit(visit_id: UUID) -> ResponseReturnValue:
    """Show a visit: when, where, how to call and reach the patient; no act, no answer."""
    found = lists.visit_page(clinic(), me(), visit_id)
    allowed = {action for action in ACTIONS if possible(found.line.visit, action, me().viewer)}
    same = likeness.possible_same(clinic(), me(), found.line.visit, found.line.reach)
    file = file_of(clinic(), me(), visit_id)
    return render_template(
        "clinic/visit.html", found=found, line=found.line, allowed=allowed, form=ActionForm(), same=same, file=file
    )


@bp.get("/dossier/<uuid:visit_id>")
@staff_only("practitioner")
def case(visit_id: UUID) -> ResponseReturnValue:
    """Show a case to a practitioner it belongs to, once the ledger says so."""
    found = open_case(clinic(), me(), visit_id)
    allowed = {action for action in ACTIONS if possible(found.visit, action, me().viewer)}
    same, places = likeness.possible_same(clinic(), me(), found.visit, found.reach), lists.places_of(clinic())
    file = file_of(clinic(), me(), visit_id)
    return render_template(
        "clinic/case.html", found=found, allowed=allowed, places=places, form=ActionForm(), same=same, file=file
    )


@bp.post("/visite/<uuid:visit_id>/arrivee")
@staff_only("practitioner", "desk")
def arrive(visit_id: UUID) -> ResponseReturnValue:
    """Mark that the patient is here."""
    return _simple(visit_id, "arrive", _("Arrivée notée."))


@bp.post("/visite/<uuid:visit_id>/vu")
@staff_only("practitioner", "desk")
def see(visit_id: UUID) -> ResponseReturnValue:
    """Mark that the visit took place."""
    return _simple(visit_id, "see", _("Visite terminée."))


@bp.post("/visite/<uuid:visit_id>/absence")
@staff_only("practitioner", "desk")
def miss(visit_id: UUID) -> ResponseReturnValue:
    """Mark that the patient did not come."""
    return _simple(visit_id, "miss", _("Absence notée."))


@bp.post("/visite/<uuid:visit_id>/reprendre")
@staff_only("practitioner", "desk")
def reopen(visit_id: UUID) -> ResponseReturnValue:
    """Undo a mark made by mistake."""
    return _simple(visit_id, "reopen", _("C’est corrigé : le rendez-vous est de nouveau prévu."))


@bp.post("/visite/<uuid:visit_id>/confirmer")
@staff_only("practitioner")
def confirm(visit_id: UUID) -> ResponseReturnValue:
    """Make a request with a slot an appointment."""
    return _simple(visit_id, "confirm", _("Rendez-vous confirmé. Le patient le verra dans son espace."))


@bp.route("/visite/<uuid:visit_id>/garder", methods=["GET", "POST"])
@staff_only("practitioner", "desk")
def keep(visit_id: UUID) -> ResponseReturnValue:
    """Keep the present time of somebody who asked to move, and say why."""
    return _with_words(visit_id, "keep", MessageForm(), _("L’horaire est gardé. Le patient lira votre message."))


@bp.route("/visite/<uuid:visit_id>/refuser", methods=["GET", "POST"])
@staff_only("practitioner")
def decline(visit_id: UUID) -> ResponseReturnValue:
    """Decline a request, with a reason that the patient reads."""
    return _with_words(visit_id, "decline", MessageForm(), _("Demande refusée. Le patient lira votre message."))


@bp.route("/visite/<uuid:visit_id>/repondre", methods=["GET", "POST"])
@staff_only("practitioner", "desk")
def answer(visit_id: UUID) -> ResponseReturnValue:
    """Close a call, a passage or a written question, with an answer that the patient reads."""
    return _with_words(visit_id, "answer", MessageForm(), _("Réponse envoyée dans l’espace du patient."))


@bp.route("/visite/<uuid:visit_id>/annuler", methods=["GET", "POST"])
@staff_only("practitioner", "desk")
def cancel(visit_id: UUID) -> ResponseReturnValue:
    """Cancel on the clinic's side, with a message that the patient reads."""
    return _with_words(visit_id, "cancel", MessageForm(), _("Annulé. Le patient lira votre message."))


@bp.post("/visite/<uuid:visit_id>/rapprocher/<uuid:other_id>")
@staff_only("practitioner", "desk")
def join(visit_id: UUID, other_id: UUID) -> ResponseReturnValue:
    """Say that two files are the same person's."""
    _require_form()
    likeness.join(clinic(), me(), visit_id, other_id)
    flash(_("Dossiers rapprochés."))
    return redirect(url_for("visit.visit", visit_id=visit_id), 303)


@bp.post("/visite/<uuid:visit_id>/separer")
@staff_only("practitioner", "desk")
def part(visit_id: UUID) -> ResponseReturnValue:
    """Say that a file is not the person's it was joined to."""
    _require_form()
    likeness.part(clinic(), me(), visit_id)
    flash(_("Dossiers séparés."))
    return redirect(url_for("visit.visit", visit_id=visit_id), 303)


def _require_form() -> None:
    if not FlaskForm().validate_on_submit():
        raise BadRequest


def _simple(visit_id: UUID, action: Action, done: str) -> ResponseReturnValue:
    form = ActionForm()
    if not form.validate_on_submit():
        raise BadRequest
    changed = decide(clinic(), me(), visit_id, form["version"].data, action)
    flash(done)
    return _back(changed, form["back"].data or "")


def _with_words(
    visit_id: UUID, action: Action, form: MessageForm | OptionalMessageForm, done: str
) -> ResponseReturnValue:
    if form.validate_on_submit():
        try:
            changed = decide(clinic(), me(), visit_id, form["version"].data, action, form["message"].data)
        except NobodyToTell:
            form["message"].errors = [NOBODY_READS]
        else:
            flash(done)
            return _back(changed, "requests" if action in ("decline", "answer") else "")
    found = lists.visit_page(clinic(), me(), visit_id)
    if not possible(found.line.visit, action, me().viewer):
        raise NotPossible
    status = 422 if form.is_submitted() else 200
    return render_template("clinic/words.html", line=found.line, action=action, form=form), status


def _back(changed: Visit, where: str) -> ResponseReturnValue:
    if where == "requests":
        return redirect(url_for("agenda.requests"), 303)
    if where == "day" and changed.starts_at is not None:
        day = lists.day_of(clinic(), changed.starts_at)
        return redirect(url_for("agenda.day", le=day.isoformat()), 303)
    return redirect(url_for("visit.visit", visit_id=changed.id), 303)
