"""*Your data*, in the space: what is kept, until when, what for; and the page before everything is erased.

What these pages say is done by the space's own form (app/patient/space.py).
"""

from flask import Blueprint, Response

from app.booking.space import SpaceGone, SpaceView, read_space, stay
from app.patient.journey import SPACE
from app.patient.services import patient
from app.patient.signed_patient import signed_patient
from app.patient.space import data_of, space_key
from app.web.pages import redirect303, render, visitor

bp = Blueprint("data", __name__)

YOUR_DATA, CONFIRM = "/e/donnees", "/e/effacer"
"""As long as each other: a request for one is of the same size as a request for the other."""


@bp.get(YOUR_DATA)
def data() -> Response:
    """Say what is kept, until when and what for, and what erasing does."""
    view = _opened()
    if view is None:
        return redirect303(SPACE)
    return render("patient/space/data.html", here="ed", **data_of(view))


@bp.get(CONFIRM)
def confirm() -> Response:
    """Ask once more, everything that follows said again: only the press of this page's button erases."""
    view = _opened()
    if view is None:
        return redirect303(SPACE)
    if not view.may_erase:
        return redirect303(YOUR_DATA)
    return render("patient/space/confirm.html", here="ec", key=space_key(view), **data_of(view))


def _opened() -> SpaceView | None:
    """Return the space of who is signed in; None when there is none, or it is being erased already."""
    signed, funnel = signed_patient(), patient().funnel
    if signed is None:
        return None
    try:
        view = read_space(funnel, signed)
    except SpaceGone:
        return None
    stay(funnel, visitor().token or b"", signed)
    return view if view.erasing_until is None else None
