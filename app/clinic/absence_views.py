"""Absences, and the visits that must be moved because of them."""

from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_wtf import FlaskForm

from app.clinic import absences as service
from app.clinic.forms import AbsenceForm, set_choices
from app.clinic.people import me
from app.clinic.roles import staff_only
from app.clinic.services import clinic

bp = Blueprint("absence", __name__)

_LONGEST = timedelta(days=366)


@bp.route("/absences", methods=["GET", "POST"])
@staff_only("practitioner", "desk")
def absences() -> ResponseReturnValue:
    """Show the absences to come, add one, and list whom to call."""
    shown = service.page(clinic(), me())
    form = AbsenceForm()
    set_choices(form, resource=service.may_close(me(), shown.places))
    if form.validate_on_submit() and (span := _span(form, shown.places.zone)):
        service.add(clinic(), UUID(form["resource"].data), *span)
        flash(_("Absence enregistrée. Les rendez-vous touchés sont listés ci-dessous."))
        return redirect(url_for("absence.absences"), 303)
    status = 422 if form.is_submitted() else 200
    return render_template("clinic/absences.html", shown=shown, form=form, removal=FlaskForm()), status


@bp.post("/absences/<uuid:absence_id>/retirer")
@staff_only("practitioner", "desk")
def remove(absence_id: UUID) -> ResponseReturnValue:
    """Remove an absence: its free time can be booked again."""
    if FlaskForm().validate_on_submit():
        service.remove(clinic(), me(), absence_id)
        flash(_("Absence retirée. Ses horaires sont de nouveau ouverts."))
    return redirect(url_for("absence.absences"), 303)


def _span(form: FlaskForm, zone: str) -> tuple[datetime, datetime] | None:
    """Return when the absence begins and ends, or None with a message beside the last field."""
    starts = _moment(form["from_day"].data, form["from_time"].data, zone)
    ends = _moment(form["until_day"].data, form["until_time"].data, zone)
    if ends <= starts:
        form["until_day"].errors = [_("La fin doit venir après le début.")]
        return None
    if ends - starts > _LONGEST:
        form["until_day"].errors = [_("Une absence dure un an au plus.")]
        return None
    return starts, ends


def _moment(day: date, minute: int, zone: str) -> datetime:
    """Return a local day and minute as a moment in UTC; 24:00 is the next midnight."""
    midnight = datetime.combine(day + timedelta(days=minute // 1440), time.min, ZoneInfo(zone))
    return (midnight + timedelta(minutes=minute % 1440)).astimezone(UTC)
