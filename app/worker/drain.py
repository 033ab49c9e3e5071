"""How the worker empties a queue of rows: one row, one lock, one outcome; a bad row never blocks the others.

The row is locked (`FOR UPDATE SKIP LOCKED` on PostgreSQL, the write lock of the file on SQLite) while its effects
are committed in the other silos, and removed last: a worker killed anywhere in between leaves it to be done again.
"""

import logging
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import TypeVar
from uuid import UUID, uuid4

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from app.clock import Clock
from app.db import Databases, Silo, SiloUnavailable
from app.desk.models import DeskOutbox
from app.front.models import FrontOutbox, Submission
from app.vault.errors import KeystoreSealed

Row = TypeVar("Row", Submission, FrontOutbox, DeskOutbox)

_PAGE = 200
_FIRST_DELAY = timedelta(seconds=2)
_LONGEST_DELAY = timedelta(hours=1)
_log = logging.getLogger("paravent.worker")


class NotYet(Exception):
    """What a row needs has not been carried in so far; it is left for a later round, without a word."""


class Setbacks:
    """Rows that could not be handled, how often, and until when each is left alone; kept by the process alone."""

    def __init__(self) -> None:
        self._known: dict[UUID, tuple[int, datetime]] = {}

    def __len__(self) -> int:
        return len(self._known)

    def waits(self, row: UUID, now: datetime) -> bool:
        """Say whether it is too early to try a row again."""
        return row in self._known and now < self._known[row][1]

    def add(self, row: UUID, now: datetime) -> int:
        """Count one more failure of a row, and return how many that makes."""
        failures = self._known.get(row, (0, now))[0] + 1
        delay = min(_FIRST_DELAY * 2 ** min(failures - 1, 12), _LONGEST_DELAY)
        self._known[row] = (failures, now + delay)
        return failures

    def forget(self, row: UUID) -> None:
        """Forget a row that went through, or that is no longer there."""
        self._known.pop(row, None)


def drain(
    db: Databases,
    silo: Silo,
    model: type[Row],
    clock: Clock,
    setbacks: Setbacks,
    handle: Callable[[Session, Row], None],
) -> int:
    """Handle every waiting row, oldest first, and return how many went through.

    `handle` gets the session that holds the row's lock. What it raises is logged and the row left for later;
    SiloUnavailable and KeystoreSealed end the round, since no other row would fare better.
    """
    done = 0
    for row_id in _waiting(db, silo, model):
        if setbacks.waits(row_id, clock()):
            continue
        try:
            done += _one(db, silo, model, row_id, handle)
            setbacks.forget(row_id)
        except (SiloUnavailable, KeystoreSealed):
            raise
        except NotYet:
            continue
        except Exception:
            failures = setbacks.add(row_id, clock())
            extra = {"event_id": str(uuid4()), "silo": silo, "kind": model.__name__, "count": failures}
            _log.exception("a row could not be carried on; it is kept and will be tried again", extra=extra)
    return done


def _one(db: Databases, silo: Silo, model: type[Row], row_id: UUID, handle: Callable[[Session, Row], None]) -> bool:
    with db.writing(silo) as session:
        row = session.scalar(select(model).where(model.id == row_id).with_for_update(skip_locked=True))
        if row is None or _has_elder(session, model, row):
            return False
        handle(session, row)
        session.delete(row)
    return True


def _has_elder(session: Session, model: type[Row], row: Row) -> bool:
    """Say whether an older row about the same patient waits: what happened to one patient is kept in order."""
    elder = or_(model.created_at < row.created_at, and_(model.created_at == row.created_at, model.id < row.id))
    return session.scalar(select(model.id).where(model.pseudonym == row.pseudonym, elder).limit(1)) is not None


def _waiting(db: Databases, silo: Silo, model: type[Row]) -> Iterator[UUID]:
    """Walk the queue's ids, oldest first, a page at a time, so that rows left for later hide nothing."""
    query = select(model.id, model.created_at).order_by(model.created_at, model.id).limit(_PAGE)
    after = None
    while True:
        page_query = query if after is None else query.where(after)
        with db.reading(silo) as session:
            page = session.execute(page_query).all()
        yield from (row.id for row in page)
        if len(page) < _PAGE:
            return
        last_id, last_at = page[-1]
        after = or_(model.created_at > last_at, and_(model.created_at == last_at, model.id > last_id))
