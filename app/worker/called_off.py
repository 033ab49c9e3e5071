"""Cells of visits that staff called off, given back should the staff's process die before it could.

The desk's commit is where a visit is called off, for good; its cells follow in the front silo. Here what did not
follow does, a page of visits at a time. Doing it again changes nothing.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select

from app.clock import Clock
from app.db import Databases
from app.desk.models import Visit
from app.front import cells
from app.front.models import SlotCell

BATCH = 200
"""Most visits one transaction looks at."""

_CALLED_OFF = ("cancelled", "declined")
_LONGEST_VISIT = timedelta(days=1)


def free_called_off(db: Databases, clock: Clock) -> int:
    """Free the cells of visits to come that are cancelled or declined; return how many visits had some."""
    freed = 0
    for page in _called_off(db, clock() - _LONGEST_VISIT):
        with db.reading("front") as session:
            holding = set(session.scalars(select(SlotCell.owner).where(SlotCell.owner.in_(page))))
        if holding:
            with db.writing("front") as session:
                for visit in holding:
                    cells.free(session, visit)
        freed += len(holding)
    return freed


def _called_off(db: Databases, since: datetime) -> Iterator[list[UUID]]:
    """Walk the visits called off whose time is not over, a page at a time."""
    query = select(Visit.id).where(Visit.state.in_(_CALLED_OFF), Visit.starts_at >= since)
    page: list[UUID] = []
    while True:
        following = query.where(Visit.id > page[-1]) if page else query
        with db.reading("desk") as session:
            page = list(session.scalars(following.order_by(Visit.id).limit(BATCH)))
        if page:
            yield page
        if len(page) < BATCH:
            return
