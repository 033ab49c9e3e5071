"""Closing an intake pair: the mailbox takes nothing more that is sealed to it, so that its private key can go.

A letter sealed to a key that is gone opens for nobody, and its sender would believe it arrived. So a pair is
closed in the keys silo first, and its private key destroyed after `SETTLE`, when whatever was under way is in the
mailbox or was refused. Who comes with an old public key, from a folder that is copied late, is refused and can send
again.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.db import SiloUnavailable, insert_for
from app.vault.models import ClosedIntake

REMEMBERED = timedelta(days=60)
"""How long a pair is known to be closed: longer than its public key may be used, or a row of it wait."""


class IntakeClosed(SiloUnavailable):
    """What was sealed to an intake pair that is closed is not taken: load the newest key and send again."""

    def __init__(self) -> None:
        super().__init__("keys")


def closings(session: Session) -> Mapping[str, datetime]:
    """Return when each pair was closed, by its name."""
    return {row.epoch: row.closed_at for row in session.scalars(select(ClosedIntake))}


def close(session: Session, names: Iterable[str], now: datetime) -> None:
    """Close pairs; one that is closed stays closed since then."""
    for name in names:
        row = insert_for(session, ClosedIntake.__table__).values(epoch=name, closed_at=now)
        session.execute(row.on_conflict_do_nothing())


def reopen(session: Session, names: Iterable[str]) -> None:
    """Let the mailbox take what is sealed to pairs again, or forget those of long ago."""
    session.execute(delete(ClosedIntake).where(ClosedIntake.epoch.in_(list(names))))


def is_closed(session: Session, name: str) -> bool:
    """Say whether a pair is closed; for who may read it."""
    return session.get(ClosedIntake, name) is not None
