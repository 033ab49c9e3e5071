"""The trace of every secret that is taken out of the keystore: written first, and asked back with the secrets.

On PostgreSQL these are two functions of the silo (migration keys/0005), which give the clinic zone no secret whose
trace is not committed; on SQLite, which enforces no rights, the same statements are made here. Both go by the
silo's own clock.
"""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    Boolean,
    LargeBinary,
    String,
    Text,
    Uuid,
    and_,
    bindparam,
    column,
    func,
    literal_column,
    select,
)
from sqlalchemy.orm import Session

from app.db import insert_for
from app.vault.models import Opening, Secret, Withdrawal

SERVES = timedelta(minutes=1)
"""How long an event's openings give secrets after they were first noted."""
KEPT = timedelta(days=30)
"""How long the rows are kept: as long as a copy of the keys silo may be."""

Pair = tuple[UUID, str]
"""A pseudonym and a purpose."""


class Opened(NamedTuple):
    """What stands for one pair: whether it was withdrawn, and its secret's day and wrapping (None: no secret)."""

    pseudonym: UUID
    purpose: str
    withdrawn: bool
    epoch: str | None
    wrapped: bytes | None


_NOTE = select(
    func.note_openings(
        bindparam("event", type_=Uuid()),
        bindparam("pseudonyms", type_=ARRAY(Uuid())),
        bindparam("purposes", type_=ARRAY(Text())),
    )
)
_FOUND = func.opened_secrets(bindparam("event", type_=Uuid())).table_valued(
    column("pseudonym", Uuid()),
    column("purpose", String()),
    column("withdrawn", Boolean()),
    column("epoch", String()),
    column("wrapped", LargeBinary()),
)
_OPENED = select(_FOUND.c.pseudonym, _FOUND.c.purpose, _FOUND.c.withdrawn, _FOUND.c.epoch, _FOUND.c.wrapped)

# SQLite's own clock, written as the columns are.
_NOW = "strftime('%Y-%m-%d %H:%M:%f000', 'now')"
_A_MINUTE_AGO = f"strftime('%Y-%m-%d %H:%M:%f000', 'now', '-{SERVES.total_seconds():.0f} seconds')"
_WITHDRAWN = and_(Withdrawal.pseudonym == Opening.pseudonym, Withdrawal.purpose == Opening.purpose)
_SECRET = and_(
    Secret.pseudonym == Opening.pseudonym, Secret.purpose == Opening.purpose, Withdrawal.pseudonym.is_(None)
)
_OPENED_HERE = (
    select(
        Opening.pseudonym,
        Opening.purpose,
        Withdrawal.pseudonym.is_not(None),
        Secret.epoch,
        Secret.wrapped,
    )
    .outerjoin(Withdrawal, _WITHDRAWN)
    .outerjoin(Secret, _SECRET)
    .where(Opening.event == bindparam("event"), Opening.at > literal_column(_A_MINUTE_AGO))
)


def note(session: Session, event: UUID, pairs: Iterable[Pair]) -> None:
    """Write that an event's secrets are taken out, at the silo's present time; what was noted before stays so.

    Commit before `opened`.
    """
    wanted = sorted(pairs)
    if _has_functions(session):
        pseudonyms, purposes = [pseudonym for pseudonym, _ in wanted], [purpose for _, purpose in wanted]
        session.execute(_NOTE, {"event": event, "pseudonyms": pseudonyms, "purposes": purposes})
        return
    row = insert_for(session, Opening.__table__).values(at=literal_column(_NOW)).on_conflict_do_nothing()
    rows = [{"event": event, "pseudonym": pseudonym, "purpose": purpose} for pseudonym, purpose in wanted]
    session.execute(row, rows)


def opened(session: Session, event: UUID) -> Sequence[Opened]:
    """Return what stands for each pair that an event noted, within the last minute and committed."""
    found = session.execute(_OPENED if _has_functions(session) else _OPENED_HERE, {"event": event})
    return [Opened(*row) for row in found]


def _has_functions(session: Session) -> bool:
    return session.get_bind().dialect.name == "postgresql"
