"""Leaving sealed secrets in the keys silo, and fetching the one that code words lead to.

On PostgreSQL these are three functions of the silo (migration keys/0002), which the patient zone may call without
any right to a table; on SQLite, which enforces no rights, the same statements are made here.
"""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import LargeBinary, String, Uuid, bindparam, column, func, select
from sqlalchemy.orm import Session

from app.db import UTCDateTime, insert_for
from app.vault.models import MailboxEntry, SpaceSecret


class SealedSecret(NamedTuple):
    """A space's secret, sealed to its code words, and the submission it is for."""

    sealed: bytes
    submission: UUID


_POST = select(
    func.post_secrets(
        bindparam("submission", type_=Uuid()),
        bindparam("epoch", type_=String()),
        bindparam("sealed", type_=LargeBinary()),
        bindparam("created_at", type_=UTCDateTime()),
    )
)
_KEEP = select(
    func.keep_space_secret(
        bindparam("locator", type_=LargeBinary()),
        bindparam("submission", type_=Uuid()),
        bindparam("sealed", type_=LargeBinary()),
        bindparam("created_at", type_=UTCDateTime()),
    )
)
_FOUND = func.space_secret(bindparam("locator", type_=LargeBinary())).table_valued(
    column("sealed", LargeBinary()), column("submission", Uuid())
)
_FETCH = select(_FOUND.c.sealed, _FOUND.c.submission)
_FETCH_HERE = select(SpaceSecret.sealed, SpaceSecret.submission).where(SpaceSecret.locator == bindparam("locator"))


def post_secrets(session: Session, submission: UUID, epoch: str, sealed: bytes, created_at: datetime) -> None:
    """Put a submission's secrets, sealed to a week's intake key, into the mailbox, over what it put there."""
    fresh = {"epoch": epoch, "sealed": sealed, "created_at": created_at}
    if _has_functions(session):
        session.execute(_POST, {"submission": submission, **fresh})
        return
    entry = insert_for(session, MailboxEntry).values(submission=submission, **fresh)
    session.execute(entry.on_conflict_do_update(index_elements=[MailboxEntry.submission], set_=fresh))


def keep_space_secret(
    session: Session, locator: bytes, submission: UUID, sealed: bytes, created_at: datetime
) -> None:
    """Keep a space's secret, sealed to its words, under their locator, over what the same submission kept there.

    What another submission keeps there stays as it is.
    """
    fresh = {"sealed": sealed, "created_at": created_at}
    if _has_functions(session):
        session.execute(_KEEP, {"locator": locator, "submission": submission, **fresh})
        return
    secret = insert_for(session, SpaceSecret).values(locator=locator, submission=submission, **fresh)
    mine = SpaceSecret.submission == submission
    session.execute(secret.on_conflict_do_update(index_elements=[SpaceSecret.locator], set_=fresh, where=mine))


def space_secret(session: Session, locator: bytes) -> SealedSecret | None:
    """Return the sealed secret of a locator, or None."""
    row = session.execute(_FETCH if _has_functions(session) else _FETCH_HERE, {"locator": locator}).first()
    return SealedSecret(*row) if row else None


def _has_functions(session: Session) -> bool:
    return session.get_bind().dialect.name == "postgresql"
