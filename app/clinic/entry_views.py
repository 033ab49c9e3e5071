"""Entering a booking for somebody on the telephone or at the desk: what for, then when and whom."""

import base64
import binascii
from collections.abc import Mapping
from datetime import datetime

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_wtf import FlaskForm
from werkzeug.exceptions import BadRequest

from app.booking.assisted import EnteredVisit, Faults
from app.booking.steps import NO_SLOT_SUITS, WRITE_TO_US
from app.booking.wording import message
from app.clinic import entry
from app.clinic.people import me
from app.clinic.roles import staff_only
from app.clinic.services import clinic
from app.vault.tokens import TOKEN_BYTES, new_token

bp = Blueprint("entry", __name__)

_FIELDS = (
    *("act", "whom", "standing", "age"),
    *("site", "practitioner", "gender", "day", "hours", "access"),
    *("from_day", "slot", "decision", "name", "channel", "phone", "email", "how"),
)
_LONGEST_FIELD = 200


@bp.get("/saisie")
@staff_only("practitioner", "desk")
def entry_first() -> ResponseReturnValue:
    """Ask what for, for whom, and the age."""
    return _first_page({}, {})


@bp.post("/saisie")
@staff_only("practitioner", "desk")
def entry_second() -> ResponseReturnValue:
    """Show the slots that the first page allows; then enter the booking and show its words once."""
    if not FlaskForm().validate_on_submit():
        raise BadRequest
    typed = {name: request.form.get(name, "")[:_LONGEST_FIELD] for name in _FIELDS}
    if request.form.get("go") != "send":
        return _second_page(typed, {})
    faults = _missing(typed)
    if faults:
        return _second_page(typed, faults)
    found = entry.enter(clinic(), me(), typed, _key(request.form.get("once", "")))
    if isinstance(found, Faults):
        return _with_faults(typed, found)
    return _entered(found)


def _entered(found: EnteredVisit) -> ResponseReturnValue:
    """Say what was made, when and where, with the words; not what for."""
    space, outcome = found.space, found.space["kind"]
    if outcome == "appointment":
        outcome = "booked" if space["state"] == "booked" else "requested"
    at = datetime.fromisoformat(space["starts_at"]) if space["starts_at"] else None
    return render_template("clinic/entered.html", words=found.words, space=space, outcome=outcome, at=at)


def _with_faults(typed: Mapping[str, str], found: Faults) -> ResponseReturnValue:
    faults = {field: message(key) for wrong in found.by_step.values() for field, key in wrong}
    if found.not_offered or {"need", "situation"} & set(found.by_step):
        return _first_page(typed, faults, not_offered=found.not_offered)
    return _second_page(typed, faults)


def _first_page(
    typed: Mapping[str, str], faults: Mapping[str, str], *, not_offered: bool = False
) -> ResponseReturnValue:
    status = 422 if faults or not_offered else 200
    return render_template(
        "clinic/entry_first.html", acts=entry.acts(clinic()), typed=typed, faults=faults, not_offered=not_offered
    ), status


def _second_page(typed: Mapping[str, str], faults: Mapping[str, str]) -> ResponseReturnValue:
    shown = entry.second_page(clinic(), typed)
    if isinstance(shown, Faults):
        wrong = {field: message(key) for found in shown.by_step.values() for field, key in found}
        return _first_page(typed, wrong, not_offered=shown.not_offered)
    return render_template(
        "clinic/entry_second.html",
        shown=shown,
        typed=typed,
        faults=faults,
        once=base64.urlsafe_b64encode(new_token()).decode(),
        none_code=NO_SLOT_SUITS,
        write_code=WRITE_TO_US,
    ), 422 if faults else 200


def _missing(typed: Mapping[str, str]) -> dict[str, str]:
    """Return what staff must still do before sending: say how they heard, and that they read aloud."""
    faults = {}
    if typed["how"] not in ("telephone", "walk_in"):
        faults["how"] = _("Dites si la personne appelle ou est devant vous.")
    if request.form.get("read") != "1":
        faults["read"] = _("Lisez ces informations à voix haute, puis cochez.")
    return faults


def _key(typed: str) -> bytes:
    """Read a form's one-time key: it makes one booking of it, however often it is sent. Raises BadRequest."""
    try:
        key = base64.b64decode(typed, altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise BadRequest from None
    if len(key) != TOKEN_BYTES:
        raise BadRequest
    return key
