"""What was withdrawn or held, and is lost with a restored copy, is withdrawn and held again by the ledger's word.

A keys silo from before an erasing would open the file again and never destroy it; a desk silo from before a hold
would have it destroyed. Only events count that nobody without the keystore can have written.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import chain
from typing import Any
from uuid import UUID

from sqlalchemy import select

from app.db import Databases
from app.desk import legal_holds
from app.ledger.genuine import is_genuine
from app.ledger.opening import EventKeys
from app.ledger.service import PURPOSES, Entry, events_named
from app.retention import TOMBSTONES_KEPT
from app.vault import withdrawals
from app.vault.keystore import Keystore
from app.vault.models import Secret, Withdrawal
from app.vault.withdrawals import Origin, strength

_WITHDRAWN, _GIVEN_BACK = "purpose.withdrawn", "purpose.restored"
_TELLING = _WITHDRAWN, _GIVEN_BACK, "purpose.destroyed", "hold.placed", "hold.lifted"
"""In the order in which events of one moment are followed."""
_BATCH = 200
_Of = tuple[UUID, str]
"""A pseudonym and a purpose."""


@dataclass(frozen=True, slots=True)
class _Will:
    """Who asked that a purpose be destroyed, when, and when that is due."""

    origin: Origin
    asked_at: datetime
    due_at: datetime


@dataclass(slots=True)
class _Told:
    """What stands after all that was told: withdrawals, holds with their event, what was destroyed."""

    wills: dict[_Of, _Will] = field(default_factory=dict)
    holds: dict[UUID, Entry] = field(default_factory=dict)
    destroyed: set[_Of] = field(default_factory=set)


def renew(db: Databases, keystore: Keystore, now: datetime) -> int:
    """Withdraw and hold again what the ledger's last weeks say and the silos lack; return of how many rows.

    Raises SiloUnavailable, KeystoreError.
    """
    with db.reading("keys") as session:  # Before the ledger: what changes meanwhile is told there first.
        rows = session.execute(select(Withdrawal.pseudonym, Withdrawal.purpose))
        known = {(of, purpose) for of, purpose in rows}
    with db.reading("desk") as session:
        held = set(legal_holds.held(session))
    told = _told(keystore, _since(db, keystore, now - TOMBSTONES_KEPT))
    return _hold(db, told, held) + _withdraw(db, told, known)


def _since(db: Databases, keystore: Keystore, since: datetime) -> list[Entry]:
    keys = EventKeys(db, keystore)
    found = chain.from_iterable(events_named(db, name, since, keys) for name in _TELLING)
    return sorted(found, key=lambda entry: (entry.at, _TELLING.index(entry.name), entry.id))


def _told(keystore: Keystore, entries: Iterable[Entry]) -> _Told:
    """Follow what was told, in order. What was given back is not withdrawn by what a wrong clock put after that."""
    told = _Told()
    genuine = [entry for entry in entries if is_genuine(keystore, entry, "worker", "clinic")]
    given_back = {_due_of(entry) for entry in genuine if entry.name == _GIVEN_BACK}
    for entry in genuine:
        if entry.content is not None and not (entry.name == _WITHDRAWN and _due_of(entry) in given_back):
            _follow(told, entry, UUID(entry.content.subjects[0]), entry.content.fields)
    return told


def _due_of(entry: Entry) -> tuple[str, str, int] | None:
    """Return whose withdrawal an event is about: pseudonym, purpose and when it was due."""
    said = entry.content
    return (said.subjects[0], said.fields["purpose"], said.fields["due"]) if said is not None else None


def _follow(told: _Told, entry: Entry, subject: UUID, said: Mapping[str, Any]) -> None:
    match entry.name:
        case "hold.placed":
            told.holds.setdefault(subject, entry)
        case "hold.lifted":
            told.holds.pop(subject, None)
        case "purpose.withdrawn":
            of = subject, said["purpose"]
            told.wills[of] = _changed(told.wills.get(of), entry.at, said)
        case "purpose.restored":
            told.wills.pop((subject, said["purpose"]), None)
        case _:
            told.wills.pop((subject, said["purpose"]), None)
            told.destroyed.add((subject, said["purpose"]))


def _changed(known: _Will | None, at: datetime, said: Mapping[str, Any]) -> _Will:
    """Return what stands once a withdrawal was told: as the row itself, the stronger will and the earlier moment.

    Only the worker puts a moment off: to the term, when the law keeps what a patient or staff withdrew.
    """
    fresh = _Will(said["origin"], at, datetime.fromtimestamp(said["due"], UTC))
    if known is None:
        return fresh
    first = known if strength(known.origin) <= strength(fresh.origin) else fresh
    put_off = said["role"] == "worker" and said["restricted"] == "yes"
    return _Will(first.origin, first.asked_at, fresh.due_at if put_off else min(known.due_at, fresh.due_at))


def _hold(db: Databases, told: _Told, held: Collection[UUID]) -> int:
    lost = {of: entry for of, entry in told.holds.items() if of not in held and not _is_gone(told, of)}
    if not lost:
        return 0
    with db.writing("desk") as session:
        for of, entry in lost.items():
            said = entry.content.fields if entry.content else {}
            legal_holds.place(session, of, said["reason"], UUID(said["actor"]), entry.at)
    return len(lost)


def _is_gone(told: _Told, pseudonym: UUID) -> bool:
    return all((pseudonym, purpose) in told.destroyed for purpose in PURPOSES)


def _withdraw(db: Databases, told: _Told, known: Collection[_Of]) -> int:
    """Withdraw again what is not, of what there is a secret of."""
    done = 0
    lost = sorted(told.wills.keys() - set(known))
    for start in range(0, len(lost), _BATCH):
        some = lost[start : start + _BATCH]
        with db.writing("keys") as session:
            wanted = select(Secret.pseudonym, Secret.purpose).where(Secret.pseudonym.in_({of for of, _ in some}))
            there = {(of, purpose) for of, purpose in session.execute(wanted)} & set(some)
            for of, purpose in sorted(there):
                will = told.wills[of, purpose]
                withdrawals.withdraw(session, of, [purpose], will.origin, will.asked_at, will.due_at)
        done += len(there)
    return done
