"""Absences as taken cells: what is free in them is taken again and again, as visits in them are moved away."""

from datetime import datetime
from uuid import UUID

from app.booking.holds import absence
from app.db import Databases
from app.desk import places
from app.front import cells


def apply_absences(db: Databases, now: datetime) -> int:
    """Take what is free in every absence not yet over; return how many there are. Repeating it is harmless.

    Staff pages call it when an absence is added or a visit leaves one, and the worker when a patient cancels.
    """
    with db.reading("desk") as session:
        found = [(row.id, row.resource, row.starts_at, row.ends_at) for row in places.absences(session, now)]
    if found:
        with db.writing("front") as session:
            for absence_id, resource, starts_at, ends_at in found:
                absence(session, absence_id, resource, max(starts_at, now), ends_at, now)
    return len(found)


def lift_absence(db: Databases, absence_id: UUID) -> None:
    """Give back the cells of an absence that is no more."""
    with db.writing("front") as session:
        cells.free(session, absence_id)
