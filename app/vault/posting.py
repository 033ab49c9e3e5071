"""Leaving sealed secrets in the keys silo, and fetching the one that code words lead to.

On PostgreSQL these are three functions of the silo (migrations keys/0002 and 0006), which the patient zone may call
without any right to a table; on SQLite, which enforces no rights, the same statements are made here.
"""

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Boolean, LargeBinary, String, Uuid, bindparam, column, func, select
from sqlalchemy.orm import Session

from app.db import UTCDateTime, insert_for
from app.vault.closing import IntakeClosed, is_closed
from app.vault.intake import is_epoch
from app.vault.models import MailboxEntry, SpaceSecret

LATE = timedelta(days=1)
"""How long a row may wait in the mailbox before it means that nobody takes in what is sent."""


_log = logging.getLogger("paravent.vault")


class NotAnEpoch(ValueError):
    """A mailbox row names no intake pair there could be: no private key could ever open it, nor be past for it."""


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
        type_=Boolean(),
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
    """Put a submission's secrets, sealed to an intake key, into the mailbox, over what it put there.

    Raises NotAnEpoch, and IntakeClosed when the key's pair is closed, its private key gone or about to be: nothing
    was put there. PostgreSQL refuses the same by itself (migration keys/0006), whoever calls.
    """
    if not is_epoch(epoch):
        raise NotAnEpoch("a mailbox row is for a half-day, such as 2026-11-21T12")
    fresh = {"epoch": epoch, "sealed": sealed, "created_at": created_at}
    if not _posted(session, submission, fresh):
        _log.error("a letter sealed to a closed intake key was refused: is the folder of public keys up to date?")
        raise IntakeClosed


def _posted(session: Session, submission: UUID, fresh: Mapping[str, Any]) -> bool:
    """Write a row, unless its pair is closed; say whether it was written."""
    if _has_functions(session):
        return bool(session.scalar(_POST, {"submission": submission, **fresh}))
    if is_closed(session, fresh["epoch"]):
        return False
    entry = insert_for(session, MailboxEntry).values(submission=submission, **fresh)
    session.execute(entry.on_conflict_do_update(index_elements=[MailboxEntry.submission], set_=fresh))
    return True


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


def count_late(session: Session, now: datetime) -> int:
    """Return how many rows of the mailbox have waited for longer than a day; for who may read it."""
    late = select(func.count()).select_from(MailboxEntry).where(MailboxEntry.created_at < now - LATE)
    return session.scalar(late) or 0


def _has_functions(session: Session) -> bool:
    return session.get_bind().dialect.name == "postgresql"
