"""The lists: requests, day, week."""

from datetime import date, timedelta
from uuid import UUID

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from app.clinic import lists
from app.clinic.forms import ActionForm
from app.clinic.people import me
from app.clinic.roles import staff_only
from app.clinic.services import clinic

bp = Blueprint("agenda", __name__)


@bp.get("/demandes")
@staff_only("practitioner", "desk")
def requests() -> ResponseReturnValue:
    """Show what waits for an answer, oldest first, unreachable last."""
    return render_template("clinic/requests.html", found=lists.requests(clinic(), me()), form=ActionForm())


@bp.get("/jour")
@staff_only("practitioner", "desk")
def day() -> ResponseReturnValue:
    """Show one day, for work and for print."""
    found = lists.day(clinic(), me(), _asked_day(), _asked_site())
    return render_template(
        "clinic/day.html",
        found=found,
        site=_asked_site(),
        form=ActionForm(),
        before=found.day - timedelta(days=1),
        after=found.day + timedelta(days=1),
    )


@bp.get("/semaine")
@staff_only("practitioner", "desk")
def week() -> ResponseReturnValue:
    """Show one week, for work and for print."""
    found = lists.week(clinic(), me(), _asked_day())
    return render_template(
        "clinic/week.html",
        days=found,
        before=found[0].day - timedelta(days=7),
        after=found[0].day + timedelta(days=7),
    )


def _asked_day() -> date | None:
    """Return the day of the address; a malformed one is today."""
    try:
        asked = date.fromisoformat(request.args.get("le", ""))
    except ValueError:
        return None
    return asked if 2000 <= asked.year <= 2200 else None


def _asked_site() -> UUID | None:
    try:
        return UUID(request.args.get("lieu", ""))
    except ValueError:
        return None
