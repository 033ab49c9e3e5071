"""Legal holds: files of which nothing is destroyed until an administrator lifts the hold."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal, get_args
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.db import insert_for
from app.desk.models import LegalHold

Reason = Literal["claim", "authority", "request"]
"""A claim before a court, an authority's order, the patient's own request to have it kept (GDPR art. 18)."""
REASONS: tuple[Reason, ...] = get_args(Reason)


def place(session: Session, pseudonym: UUID, reason: Reason, by: UUID, now: datetime) -> None:
    """Hold a file. One that is held already keeps its first reason."""
    row = {"pseudonym": pseudonym, "reason": reason, "by": by, "at": now}
    session.execute(insert_for(session, LegalHold).values(**row).on_conflict_do_nothing())


def lift(session: Session, pseudonym: UUID) -> None:
    """Lift the hold of a file, if it has one."""
    session.execute(delete(LegalHold).where(LegalHold.pseudonym == pseudonym))


def of(session: Session, pseudonym: UUID) -> LegalHold | None:
    """Return the hold of a file, or None."""
    return session.get(LegalHold, pseudonym)


def every(session: Session) -> Sequence[LegalHold]:
    """Return every hold, the oldest first."""
    return session.scalars(select(LegalHold).order_by(LegalHold.at, LegalHold.pseudonym)).all()


def held(session: Session) -> Mapping[UUID, str]:
    """Return the reason of each pseudonym that is held."""
    return {row.pseudonym: row.reason for row in session.scalars(select(LegalHold))}
