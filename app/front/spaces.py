"""Rows of patients' spaces and of their signed-in browsers; all sealed."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, update
from sqlalchemy.engine import CursorResult
from sqlalchemy.orm import Session

from app.db import insert_for
from app.discretion.gate import leaving
from app.discretion.surfaces import Surface
from app.front.models import FrontOutbox, Space, SpaceSession


class SpaceMoved(Exception):
    """The space changed since it was read: read it again."""


def load(session: Session, space_id: UUID, now: datetime) -> Space | None:
    """Return a space that has not expired, or None."""
    found = session.get(Space, space_id)
    return found if found and found.expires_at > now else None


def create(session: Session, space: Space) -> None:
    """Write a new space; one that is there already is left alone."""
    columns = {name: getattr(space, name) for name in ("id", "sealed", "version", "expires_at")}
    session.execute(insert_for(session, Space).values(**columns).on_conflict_do_nothing())


def replace(session: Session, space_id: UUID, sealed: bytes, version: int) -> None:
    """Write version n over version n−1. Raises SpaceMoved when another version is there."""
    statement = update(Space).where(Space.id == space_id, Space.version == version - 1)
    done = session.execute(statement.values(sealed=sealed, version=version))
    if not isinstance(done, CursorResult) or done.rowcount != 1:
        raise SpaceMoved


def open_session(session: Session, session_id: UUID, sealed: bytes, expires_at: datetime) -> None:
    """Sign a browser in, or push its end back."""
    columns = {"sealed": sealed, "expires_at": expires_at}
    statement = insert_for(session, SpaceSession).values(id=session_id, **columns)
    session.execute(statement.on_conflict_do_update(index_elements=[SpaceSession.id], set_=columns))


def load_session(session: Session, session_id: UUID, now: datetime) -> SpaceSession | None:
    """Return a signed-in browser whose time has not run out, or None."""
    found = session.get(SpaceSession, session_id)
    return found if found and found.expires_at > now else None


def close_session(session: Session, session_id: UUID) -> None:
    """Sign a browser out."""
    session.execute(delete(SpaceSession).where(SpaceSession.id == session_id))


def queue_action(session: Session, action: FrontOutbox) -> None:
    """Leave an act of the patient for the worker; the same id twice is one act. Raises Betrayal."""
    leaving(Surface.OUTBOX, action.kind)
    columns = {name: getattr(action, name) for name in ("id", "kind", "pseudonym", "sealed", "created_at")}
    session.execute(insert_for(session, FrontOutbox).values(**columns).on_conflict_do_nothing())
