"""The turn of keys, twice a day: made before they are needed, destroyed once nothing needs them.

The ledger comes first: a key is destroyed after the event that says so is durable, and one that was made without an
event (by set-up, before there was a ledger; by a worker killed since) gets its own at the next turn.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import select

from app.clock import Clock
from app.db import Databases
from app.ledger.models import Event
from app.ledger.service import record
from app.vault.blind import index_keys
from app.vault.closing import REMEMBERED, close, closings, reopen
from app.vault.door import Vault
from app.vault.keystore import Keystore
from app.vault.tokens import derive_id

_What = Literal["epoch.made", "epoch.destroyed"]


def turn_keys(db: Databases, vault: Vault, clock: Clock) -> int:
    """Make the half-day's keys, move secrets under them, destroy old ones; return how many keys changed.

    To be called often: a call moves secrets or closes intake pairs, and a later one destroys the keys they left.
    Whatever keeps the day's key from turning, the intake's is turned. Raises SiloUnavailable, KeystoreError.
    """
    now, keystore = clock(), vault.keystore
    try:
        keystore.ensure_epoch(now)
        changed = _say_made(db, keystore, now) + _turn_day(db, keystore, now)
    finally:
        pairs = _turn_intake(db, keystore, now)
    return changed + pairs


def _say_made(db: Databases, keystore: Keystore, now: datetime) -> int:
    """Write each key there is to the ledger, unless that was done."""
    events = {
        key_event(keystore, "epoch.made", kind, name): (kind, name)
        for kind, names in {**keystore.names(), "index": index_keys(keystore).names()}.items()
        for name in names
    }
    with db.reading("ledger") as session:
        said = set(session.scalars(select(Event.id).where(Event.id.in_(events))))
    for event in events.keys() - said:
        kind, name = events[event]
        record(db, now, "worker", "epoch.made", once=event, epoch=name, kind=kind)
    return len(events) - len(said)


def _turn_day(db: Databases, keystore: Keystore, now: datetime) -> int:
    """Move every secret to today's key, and destroy the keys that an earlier call left without any."""
    day, more = keystore.turn(now), True
    while more:
        with db.writing("keys") as session:
            more = day.move_batch(session)
    unused = day.unused()
    say_destroyed(db, keystore, "secrets", unused, now)
    keystore.destroy_days(unused)
    return len(unused)


def _turn_intake(db: Databases, keystore: Keystore, now: datetime) -> int:
    """Close the pairs that a newer one replaced, and destroy those that an earlier call closed."""
    pairs = keystore.intakes
    outgoing = pairs.outgoing(now)
    _close(db, outgoing, pairs.begun(now)[-1:], now)
    pairs.unpublish(outgoing)
    with db.reading("keys") as session:
        old = pairs.old(session, now)
    say_destroyed(db, keystore, "intake", old, now)
    pairs.destroy(old)
    return len(old)


def _close(db: Databases, outgoing: Iterable[str], current: Iterable[str], now: datetime) -> None:
    """Let the mailbox take nothing more for pairs, and whatever is for the current one.

    That one is closed only if a clock was wrong for a while: a pair of later had taken over from it.
    """
    with db.reading("keys") as session:
        closed = closings(session)
    new = set(outgoing) - closed.keys()
    again = closed.keys() & set(current) | {name for name, since in closed.items() if since + REMEMBERED < now}
    if new or again:
        with db.writing("keys") as session:
            close(session, sorted(new), now)
            reopen(session, again)


def say_destroyed(db: Databases, keystore: Keystore, kind: str, names: Iterable[str], now: datetime) -> None:
    """Write to the ledger, once for each, that keys are about to be destroyed. Raises LedgerUnavailable."""
    for name in names:
        event = key_event(keystore, "epoch.destroyed", kind, name)
        record(db, now, "worker", "epoch.destroyed", once=event, epoch=name, kind=kind)


def key_event(keystore: Keystore, what: _What, kind: str, name: str) -> UUID:
    """Return the id of a key's one event of a sort; who has no keystore can't foresee it, nor write it first."""
    return derive_id(keystore.derive_field("ledger", "epoch events"), f"{what} {kind} {name}")
