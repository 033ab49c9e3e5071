"""Rows of unsent journeys. What they say is sealed; only the patient's cookie, or their words, opens them."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.db import insert_for
from app.front.models import Draft


def load(session: Session, draft_id: UUID, now: datetime, *, locked: bool = False) -> Draft | None:
    """Return a draft that has not expired, or None. `locked` keeps parallel writers of the same draft waiting."""
    found = session.get(Draft, draft_id, with_for_update=locked)
    return found if found and found.expires_at > now else None


def load_by_locator(session: Session, locator: bytes, now: datetime) -> Draft | None:
    """Return the unexpired draft that these code words point to, or None."""
    return session.scalar(select(Draft).where(Draft.locator == locator, Draft.expires_at > now))


def save(session: Session, draft: Draft) -> None:
    """Write a draft, whether or not it was there. The caller holds the writing transaction since it read it."""
    columns = {
        name: getattr(draft, name) for name in ("sealed", "version", "expires_at", "locator", "sealed_token")
    }
    statement = insert_for(session, Draft).values(id=draft.id, **columns)
    session.execute(statement.on_conflict_do_update(index_elements=[Draft.id], set_=columns))


def remove(session: Session, draft_id: UUID) -> None:
    """Remove a draft, if it is there."""
    session.execute(delete(Draft).where(Draft.id == draft_id))
