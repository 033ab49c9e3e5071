"""Choosing another slot to offer for a visit."""

from datetime import date
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.clinic import lists
from app.clinic.errors import NobodyToTell, SlotGone
from app.clinic.forms import NOBODY_READS, ProposeForm
from app.clinic.people import me
from app.clinic.proposals import Wish, offered
from app.clinic.proposals import propose as propose_slot
from app.clinic.roles import staff_only
from app.clinic.services import clinic
from app.desk.agenda import possible
from app.desk.errors import NotPossible

bp = Blueprint("proposal", __name__)


@bp.route("/visite/<uuid:visit_id>/proposer", methods=["GET", "POST"])
@staff_only("practitioner", "desk")
def propose(visit_id: UUID) -> ResponseReturnValue:
    """Show free slots of those who may take the visit, and offer the one chosen."""
    form, lost = ProposeForm(), False
    if form.validate_on_submit():
        try:
            _send(visit_id, form)
        except SlotGone:
            lost = True
        except NobodyToTell:
            form["message"].errors = [NOBODY_READS]
        else:
            flash(_("Créneau proposé et gardé trois jours. Le patient le verra dans son espace."))
            return redirect(url_for("visit.visit", visit_id=visit_id), 303)
    return _page(visit_id, form, lost=lost)


def _send(visit_id: UUID, form: ProposeForm) -> None:
    version, code = form["version"].data, form["slot"].data
    propose_slot(clinic(), me(), visit_id, version, code, form["message"].data or "")


def _page(visit_id: UUID, form: ProposeForm, *, lost: bool) -> ResponseReturnValue:
    found = lists.visit_page(clinic(), me(), visit_id)
    if not possible(found.line.visit, "propose", me().viewer):
        raise NotPossible
    wish = _wish(found.line)
    slots = offered(clinic(), me(), visit_id, wish)
    status = 409 if lost else 422 if form.is_submitted() else 200
    return render_template(
        "clinic/propose.html", line=found.line, wish=wish, offered=slots, form=form, lost=lost
    ), status


def _wish(line: lists.Line) -> Wish:
    """Read what narrows the list; at first, the practitioner the patient already has."""
    asked = request.args
    practitioner = _uuid(asked["avec"]) if "avec" in asked else line.visit.practitioner_id
    return Wish(practitioner, _uuid(asked.get("lieu", "")), _day(asked.get("des", "")))


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _day(text: str) -> date:
    """Return the first day to show; today for anything malformed or odd."""
    today = clinic().clock().date()
    try:
        asked = date.fromisoformat(text)
    except ValueError:
        return today
    return asked if abs((asked - today).days) < 800 else today
