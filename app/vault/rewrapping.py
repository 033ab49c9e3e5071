"""The turn of the day's key: every secret is wrapped again under it, so that older keys can be destroyed."""

import logging
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import and_, bindparam, or_, select, update
from sqlalchemy.orm import Session

from app.vault.errors import EpochKeyMissing, KeystoreError, TokenAbsent, TokenLost, TokenPinRefused
from app.vault.half_days import day_of
from app.vault.keyfiles import KeyFiles
from app.vault.models import Secret
from app.vault.sealing import Unsealable
from app.vault.wrapping import DayKey

BATCH = 500
"""Most secrets one transaction moves."""
SETTLE = timedelta(minutes=10)
"""How long an outgoing key outlives its replacement, for what was under way when it was replaced; how far apart
the clocks of two processes may be."""

_log = logging.getLogger("paravent.vault")
_NAMED = Secret.pseudonym, Secret.purpose
_ROWS = Secret.__table__.c
_MOVE = (
    update(Secret.__table__)  # type: ignore[arg-type]  # a table, as every model's is
    .where(
        _ROWS.pseudonym == bindparam("its_pseudonym"),
        _ROWS.purpose == bindparam("its_purpose"),
        _ROWS.wrapped == bindparam("was"),
    )
    .values(epoch=bindparam("to"), wrapped=bindparam("again"))
)
"""Moves a batch of rows, as one statement made ready; one that was changed meanwhile stays as it is."""


class DayTurn:
    """One pass over the secrets that are not under today's key, a batch to a transaction.

    What can't be moved is counted as lost, and stops nothing else: a damaged row, or one whose key is gone or
    can't be read. A key outlives the pass in which a row needed it: a later pass, which finds that the moves were
    committed, names it as unused. A damaged row keeps no key, since none opens it; one whose key file can't be
    read keeps that file, which may be mended. Where an HSM that keeps keys of days is away, the pass ends by
    TokenAbsent, TokenPinRefused or TokenLost: what was committed stays moved, the rest waits for the next one.
    """

    def __init__(self, epochs: KeyFiles, now: datetime) -> None:
        self._epochs, self._now = epochs, now
        self.today = current_epoch(epochs, now)
        self._today = epochs.read(self.today)
        self._wrapping = DayKey(self._today.key)
        self._keys: dict[str, DayKey | None] = {}
        self._needed: set[str] = set()
        self._after: tuple[UUID, str] | None = None
        self._whole = False
        self.moved = self.lost = 0

    def move_batch(self, session: Session) -> bool:
        """Move the next secrets, and say whether there may be more; commit before the next call."""
        stale = select(*_NAMED, Secret.epoch, Secret.wrapped).where(Secret.epoch != self.today)
        if self._after is not None:
            pseudonym, purpose = self._after
            later = and_(Secret.pseudonym == pseudonym, Secret.purpose > purpose)
            stale = stale.where(or_(Secret.pseudonym > pseudonym, later))
        rows = session.execute(stale.order_by(*_NAMED).limit(BATCH)).all()
        found = [again for row in rows if (again := self._again(row)) is not None]
        if found:
            session.execute(_MOVE, found)
        self.moved += len(found)
        self.lost += len(rows) - len(found)
        if len(rows) == BATCH:
            self._after = (rows[-1].pseudonym, rows[-1].purpose)
            return True
        self._whole = True
        self._complain()
        return False

    def unused(self) -> tuple[str, ...]:
        """Return the older keys that nothing needs any more: none before the pass is whole and things settled."""
        if not self._whole or self._today.made_at + SETTLE > self._now:
            return ()
        return tuple(name for name in self._epochs.names() if name < self.today and name not in self._needed)

    def _complain(self) -> None:
        to_come = len(self._epochs.names()) - len(_begun(self._epochs, self._now))
        if self.lost:
            _log.error(
                "secrets can't be read: they or the key of their day are damaged or gone",
                extra={"count": self.lost},
            )
        if to_come:
            _log.error("keys of days to come are left unused: a clock was wrong", extra={"count": to_come})

    def _again(self, row: Any) -> dict[str, Any] | None:
        """Wrap one row's secret again, for `_MOVE`. Returns None when it can't be read."""
        key = self._key_of(row.epoch)
        if key is None:
            self._needed.add(row.epoch)
            return None
        try:
            secret = key.unwrap(row.wrapped, row.pseudonym, row.purpose)
        except Unsealable:
            return None
        self._needed.add(row.epoch)
        again = self._wrapping.wrap(secret, row.pseudonym, row.purpose)
        was = {"its_pseudonym": row.pseudonym, "its_purpose": row.purpose, "was": row.wrapped}
        return was | {"to": self.today, "again": again}

    def _key_of(self, epoch: str) -> DayKey | None:
        """Return a day's key, read once a pass; None when it is gone or can't be read."""
        if epoch not in self._keys:
            try:
                self._keys[epoch] = DayKey(self._epochs.read(epoch).key)
            except (TokenAbsent, TokenPinRefused, TokenLost):
                raise
            except KeystoreError:
                self._keys[epoch] = None
        return self._keys[epoch]


def current_epoch(epochs: KeyFiles, now: datetime) -> str:
    """Return the name of the newest key, never one of a day to come. Raises EpochKeyMissing."""
    begun = _begun(epochs, now)
    if not begun:
        raise EpochKeyMissing("the keystore has no key of the day: call ensure_epoch")
    return begun[-1]


def _begun(epochs: KeyFiles, now: datetime) -> list[str]:
    """Return the names of the keys, those of days to come left out: a clock wrong for a moment may make some."""
    last = day_of(now + SETTLE)
    return [name for name in epochs.names() if name <= last]
