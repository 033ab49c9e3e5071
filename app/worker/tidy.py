"""What has run out is removed, a few rows at a time so that nobody waits behind it."""

from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, delete, or_, select
from sqlalchemy.engine import CursorResult

from app.booking import holds
from app.booking.space import SPACE_KEPT
from app.clock import Clock
from app.db import Databases, Silo
from app.desk.models import Proposal, StaffSession, Visit
from app.front.models import Draft, Guess, Space, SpaceSession
from app.vault.models import Opening, SpaceSecret
from app.vault.openings import KEPT as OPENINGS_KEPT

BATCH = 200
"""Most rows one transaction removes."""

SPACE_SECRETS_KEPT = SPACE_KEPT + timedelta(days=30)
"""How long a space's secret stays sealed to its words. Nothing says whose it is: its age alone tells that the space
has gone, with a margin for one that was sent again."""
_GUESSES_KEPT = timedelta(days=1)
_STAFF_SESSION_LONGEST = timedelta(hours=24)


def tidy(db: Databases, clock: Clock) -> int:
    """Remove what ran out, and slots proposed for visits that wait for no answer; return how many rows went."""
    now = clock()
    oldest_hour = int((now - _GUESSES_KEPT).timestamp()) // 3600
    with db.writing("front") as session:
        removed = holds.purge_expired(session, now)
        removed += _rowcount(session.execute(delete(Guess).where(Guess.hour < oldest_hour)))
    removed += _remove(db, "front", Draft.id, Draft.expires_at <= now)
    removed += _remove(db, "front", SpaceSession.id, SpaceSession.expires_at <= now)
    removed += _remove(db, "front", Space.id, Space.expires_at <= now)
    removed += _remove(db, "keys", SpaceSecret.locator, SpaceSecret.created_at <= now - SPACE_SECRETS_KEPT)
    removed += _remove(db, "keys", Opening.event, Opening.at <= now - OPENINGS_KEPT)
    removed += _remove(db, "desk", StaffSession.id, StaffSession.created_at <= now - _STAFF_SESSION_LONGEST)
    answered = select(Visit.id).where(Visit.state.not_in(("proposed", "move_asked")))
    removed += _remove(db, "desk", Proposal.id, or_(Proposal.expires_at <= now, Proposal.visit_id.in_(answered)))
    return removed


def _remove(db: Databases, silo: Silo, key: Any, expired: ColumnElement[bool]) -> int:
    """Delete every row of a condition from a primary key's table, a batch to a transaction."""
    removed = 0
    while True:
        with db.writing(silo) as session:
            batch = select(key).where(expired).limit(BATCH)
            done = delete(key.class_).where(key.in_(batch)).execution_options(synchronize_session=False)
            gone = _rowcount(session.execute(done))
        removed += gone
        if gone < BATCH:
            return removed


def _rowcount(result: Any) -> int:
    return int(result.rowcount) if isinstance(result, CursorResult) else 0
