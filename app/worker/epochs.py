"""The daily and weekly turn of keys: made before they are needed, destroyed once nothing needs them.

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
from app.vault.door import Vault
from app.vault.keystore import Keystore
from app.vault.tokens import derive_id

_What = Literal["epoch.made", "epoch.destroyed"]


def turn_keys(db: Databases, vault: Vault, clock: Clock) -> int:
    """Make today's and this week's keys, move secrets under them, destroy old ones; return how many keys changed.

    To be called often: a call moves secrets, and a later one destroys the keys they left. Whatever keeps the day's
    key from turning, the week's is turned. Raises SiloUnavailable, KeystoreError.
    """
    now, keystore = clock(), vault.keystore
    try:
        keystore.ensure_epoch(now)
        changed = _say_made(db, keystore, now) + _turn_day(db, keystore, now)
    finally:
        weeks = _turn_week(db, keystore, now)
    return changed + weeks


def _say_made(db: Databases, keystore: Keystore, now: datetime) -> int:
    """Write each key there is to the ledger, unless that was done."""
    events = {
        _event(keystore, "epoch.made", kind, name): (kind, name)
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
    _say_destroyed(db, keystore, "secrets", unused, now)
    keystore.destroy_days(unused)
    return len(unused)


def _turn_week(db: Databases, keystore: Keystore, now: datetime) -> int:
    with db.reading("keys") as session:
        old = keystore.old_intakes(session, now)
    _say_destroyed(db, keystore, "intake", old, now)
    keystore.destroy_intakes(old)
    return len(old)


def _say_destroyed(db: Databases, keystore: Keystore, kind: str, names: Iterable[str], now: datetime) -> None:
    for name in names:
        event = _event(keystore, "epoch.destroyed", kind, name)
        record(db, now, "worker", "epoch.destroyed", once=event, epoch=name, kind=kind)


def _event(keystore: Keystore, what: _What, kind: str, name: str) -> UUID:
    """Return the id of a key's one event of a sort; who has no keystore can't foresee it, nor write it first."""
    return derive_id(keystore.derive_field("ledger", "epoch events"), f"{what} {kind} {name}")
