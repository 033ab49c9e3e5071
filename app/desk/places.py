"""Where and when the clinic works: sites, rooms, practitioners, hours, rules, absences."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from app.desk.agenda import LIVE_STATES
from app.desk.errors import PlaceInUse
from app.desk.models import Absence, ClinicRules, OpeningHours, Practitioner, Room, Site, Visit

DEFAULT_RULES = ClinicRules(
    id=1, notice_hours=12, horizon_days=60, cancel_hours=24, call_starts_minute=540, call_ends_minute=1080
)


def sites(session: Session) -> Sequence[Site]:
    """Return every site, by name."""
    return session.scalars(select(Site).order_by(Site.name, Site.id)).all()


def rooms(session: Session) -> Sequence[Room]:
    """Return every room, by site and name."""
    return session.scalars(select(Room).join(Site, Site.id == Room.site_id).order_by(Site.name, Room.name)).all()


def practitioners(session: Session) -> Sequence[Practitioner]:
    """Return every practitioner, by name."""
    return session.scalars(select(Practitioner).order_by(Practitioner.name, Practitioner.id)).all()


def hours(session: Session) -> Sequence[OpeningHours]:
    """Return every weekly presence, in the order of the week."""
    order = (OpeningHours.practitioner_id, OpeningHours.weekday, OpeningHours.starts_minute)
    return session.scalars(select(OpeningHours).order_by(*order)).all()


def rules(session: Session) -> ClinicRules:
    """Return the clinic's numbers; the shipped ones until somebody sets them."""
    return session.get(ClinicRules, 1) or DEFAULT_RULES


def save(session: Session, row: Site | Room | Practitioner | OpeningHours | ClinicRules) -> None:
    """Write a row over the one with its id, or as a new one."""
    session.merge(row)
    session.flush()


def remove_room(session: Session, room_id: UUID, now: datetime) -> None:
    """Remove a room that nothing to come needs. Raises PlaceInUse."""
    busy = select(func.count()).where(
        Visit.room_id == room_id, Visit.starts_at >= now, Visit.state.in_(LIVE_STATES)
    )
    if session.scalar(busy):
        raise PlaceInUse
    session.execute(delete(Room).where(Room.id == room_id))


def remove_hours(session: Session, hours_id: UUID) -> None:
    """Remove a weekly presence; visits already booked in it stay."""
    session.execute(delete(OpeningHours).where(OpeningHours.id == hours_id))


def new_hours_overlap(session: Session, wanted: OpeningHours) -> bool:
    """Whether a practitioner would be in two places, or twice in one, on the same weekday and dates."""
    same_day = select(OpeningHours).where(
        OpeningHours.practitioner_id == wanted.practitioner_id,
        OpeningHours.weekday == wanted.weekday,
        OpeningHours.id != wanted.id,
        OpeningHours.starts_minute < wanted.ends_minute,
        OpeningHours.ends_minute > wanted.starts_minute,
    )
    return any(_dates_meet(wanted, other) for other in session.scalars(same_day))


def _dates_meet(one: OpeningHours, other: OpeningHours) -> bool:
    first = max(one.valid_from or date.min, other.valid_from or date.min)
    last = min(one.valid_until or date.max, other.valid_until or date.max)
    return first <= last


def absences(session: Session, from_time: datetime) -> Sequence[Absence]:
    """Return the absences not yet over, the next one first."""
    query = select(Absence).where(Absence.ends_at > from_time).order_by(Absence.starts_at, Absence.id)
    return session.scalars(query).all()


def add_absence(session: Session, absence: Absence) -> None:
    """Write an absence; the same id twice is one absence."""
    session.merge(absence)


def remove_absence(session: Session, absence_id: UUID) -> None:
    """Remove an absence, if it is there."""
    session.execute(delete(Absence).where(Absence.id == absence_id))
