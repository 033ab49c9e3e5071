"""Sessions of staff: found by the hash of an opaque token, ended by idleness, by their age, or by sign-out."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, or_
from sqlalchemy.orm import Session

from app.db import insert_for
from app.desk.models import StaffSession

SEEN_EVERY = timedelta(seconds=20)
"""How stale `seen_at` may be before a request refreshes it: it saves most of the writes."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a session lasts unused, and at most."""

    idle: timedelta
    longest: timedelta


def load(session: Session, token: bytes, limits: Limits, now: datetime) -> StaffSession | None:
    """Return the live session of a token, or None."""
    found = session.get(StaffSession, _key(token))
    if found is None or now - found.seen_at >= limits.idle or now - found.created_at >= limits.longest:
        return None
    return found


def save(
    session: Session, token: bytes, data: str, staff_id: UUID | None, created_at: datetime, now: datetime
) -> None:
    """Write the session of a token as it now is."""
    columns = {"data": data, "staff_id": staff_id, "created_at": created_at, "seen_at": now}
    statement = insert_for(session, StaffSession).values(id=_key(token), **columns)
    session.execute(statement.on_conflict_do_update(index_elements=[StaffSession.id], set_=columns))


def end(session: Session, token: bytes) -> None:
    """End the session of a token."""
    session.execute(delete(StaffSession).where(StaffSession.id == _key(token)))


def purge(session: Session, limits: Limits, now: datetime) -> None:
    """Remove the sessions that nobody can use any more."""
    over = or_(StaffSession.seen_at <= now - limits.idle, StaffSession.created_at <= now - limits.longest)
    session.execute(delete(StaffSession).where(over))


def _key(token: bytes) -> bytes:
    return hashlib.sha256(token).digest()
