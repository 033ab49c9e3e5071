"""The mailbox kept short: no row posted outside keeps an intake's private key alive, and none waits unsaid.

The private key of a pair that was closed is destroyed once no row is sealed to it (`IntakePairs.old`), and who
holds the patient zone may post rows until it is closed. So each row of a closed pair is settled here: what it holds
is moved into the keystore if a submission waits for it, even one that can't be carried in yet; what belongs to
nothing, or is not what a sending writes, is removed.
"""

import logging
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID, uuid4

from sqlalchemy import delete, select

from app.clock import Clock
from app.db import Databases
from app.front.models import Submission
from app.ledger.service import record
from app.vault.closing import closings
from app.vault.door import Vault
from app.vault.errors import (
    EpochKeyMissing,
    IntakeEpochMissing,
    KeystoreDamaged,
    KeystoreUnreadable,
    SecretConflict,
    SecretMalformed,
)
from app.vault.intake import is_epoch, validity
from app.vault.keystore import SETTLE
from app.vault.models import MailboxEntry, Secret
from app.vault.posting import count_late
from app.vault.sealing import Unsealable
from app.vault.tokens import derive_id
from app.worker.intake import MailboxRefused, carried, keep_secrets

UNSETTLED_AT_MOST = timedelta(days=30)
"""How long after its pair was closed a row may still wait for somebody to mend what keeps it from being settled: a
key file that is gone, a keys silo older than the others. After that it goes, and its pair's private key with it."""
BATCH = 200
"""Most rows one transaction removes."""

_FOR_EVER = timedelta.max
_Fate = Literal["moved", "orphan", "refused", "unsettled"]
_log = logging.getLogger("paravent.worker")


@dataclass(frozen=True, slots=True)
class _Past:
    """A row of a pair that is closed, and for how long nothing was taken for it."""

    submission: UUID
    epoch: str
    since: timedelta


def tend_mailbox(db: Databases, vault: Vault, clock: Clock) -> int:
    """Settle every row of a closed pair, then say in the log if any row has waited for a day.

    To be called about once an hour, after the intake. Returns how many rows were moved or removed. Raises
    SiloUnavailable, KeystoreSealed.
    """
    now, done = clock(), 0
    for fate, rows in _fates(db, vault, now).items():
        done += len(rows) if fate == "moved" else _remove(db, fate, rows)
    _warn(db, now)
    return done


def _fates(db: Databases, vault: Vault, now: datetime) -> Mapping[_Fate, Sequence[_Past]]:
    """Say what is to become of each row. Who waits for it is read after it, in the order things are sent in."""
    past = _past_rows(db, now)
    if not past:
        return {}
    with db.reading("front") as session:
        waiting = {row.id: row.pseudonym for row in session.execute(select(Submission.id, Submission.pseudonym))}
    needless = _needless(db, {one for one in past if one.submission not in waiting})
    fates: dict[_Fate, list[_Past]] = {"moved": [], "orphan": [], "refused": [], "unsettled": []}
    for one in past:
        if one.submission in waiting:
            fates[_take(db, vault, one, waiting[one.submission], now)].append(one)
        else:
            fates["orphan" if one in needless else "unsettled"].append(one)
    fates["unsettled"] = [one for one in fates["unsettled"] if one.since > UNSETTLED_AT_MOST]
    return fates


def _past_rows(db: Databases, now: datetime) -> list[_Past]:
    with db.reading("keys") as session:
        rows = session.execute(select(MailboxEntry.submission, MailboxEntry.epoch)).all()
        closed = closings(session)
    found = [_Past(row.submission, row.epoch, _since(row.epoch, closed, now)) for row in rows]
    return [one for one in found if one.since > SETTLE]


def _since(epoch: str, closed: Mapping[str, datetime], now: datetime) -> timedelta:
    """Return how long a pair has been out of use: for ever, for what is no pair's name.

    One that no closing is known of, in a silo restored from an older copy, is out of use when its dates are past.
    """
    if not is_epoch(epoch):
        return _FOR_EVER
    return now - closed.get(epoch, validity(epoch)[1])


def _needless(db: Databases, unasked: Set[_Past]) -> Set[_Past]:
    """Return the rows nobody needs: never sent, or carried in with their secrets.

    A row that was carried in while the keystore lacks its secrets may be their only copy, after the keys silo alone
    was restored.
    """
    if not unasked:
        return unasked
    known = carried(db)
    with db.reading("keys") as session:
        kept = set(session.scalars(select(Secret.pseudonym).distinct()))
    return {one for one in unasked if one.submission not in known or known[one.submission] in kept}


def _take(db: Databases, vault: Vault, one: _Past, pseudonym: UUID, now: datetime) -> _Fate:
    """Move what a row holds into the keystore, or say why not. Raises SiloUnavailable, KeystoreSealed."""
    _say_taken_in(db, vault, one, pseudonym, now)
    try:
        if one.since == _FOR_EVER or not _opens(db, vault, one):
            return "refused"
        keep_secrets(db, vault, one.submission, pseudonym, now)
    except (MailboxRefused, SecretConflict, SecretMalformed):
        return "refused"
    except (Unsealable, EpochKeyMissing, IntakeEpochMissing, KeystoreDamaged, KeystoreUnreadable):
        return "unsettled"
    return "moved"


def _say_taken_in(db: Databases, vault: Vault, one: _Past, pseudonym: UUID, now: datetime) -> None:
    """Write that a row is tried, once for all its tries: one that can't be settled is tried each hour for weeks."""
    about = f"submission.taken_in {one.submission} {one.epoch}"
    once = derive_id(vault.keystore.derive_field("ledger", "mailbox events"), about)
    record(db, now, "worker", "submission.taken_in", [pseudonym], ["contact"], once, submission=one.submission)


def _opens(db: Databases, vault: Vault, one: _Past) -> bool:
    """Say whether a row is sealed to its pair's key at all. Raises what `Keystore.open_intake` does otherwise."""
    with db.reading("keys") as session:
        sealed = session.scalar(select(MailboxEntry.sealed).where(MailboxEntry.submission == one.submission))
    try:
        if sealed is not None:  # another worker may have taken it in meanwhile
            vault.keystore.open_intake(one.epoch, sealed, one.submission)
    except Unsealable:
        return False
    return True


def _remove(db: Databases, fate: _Fate, rows: Sequence[_Past]) -> int:
    """Remove rows, unless a sending was repeated meanwhile and sealed one anew; count them in the log."""
    for start in range(0, len(rows), BATCH):
        batch = rows[start : start + BATCH]
        those = MailboxEntry.submission.in_([one.submission for one in batch])
        with db.writing("keys") as session:
            session.execute(delete(MailboxEntry).where(those, MailboxEntry.epoch.in_({one.epoch for one in batch})))
    if rows:
        extra = {"event_id": str(uuid4()), "silo": "keys", "kind": fate, "count": len(rows)}
        _log.warning(
            "rows of past half-days that nothing can be taken in by were removed from the mailbox", extra=extra
        )
    return len(rows)


def _warn(db: Databases, now: datetime) -> None:
    with db.reading("keys") as session:
        late = count_late(session, now)
    if late:
        extra = {"event_id": str(uuid4()), "silo": "keys", "kind": "late", "count": late}
        _log.error("what was sent has waited in the mailbox for a day: nobody has seen it", extra=extra)
