"""What the ledger's events say expires: the keys of months that are past their time are destroyed, oldest first.

The rows, their hashes and their places stay; what they say opens in no copy any more. The index of whom they
concerned goes before the key, so that a worker killed in between finds the month again.
"""

from datetime import datetime, timedelta

from sqlalchemy import delete, select

from app.clock import Clock
from app.db import Databases
from app.ledger.models import Event, EventSubject
from app.vault.door import Vault
from app.vault.keystore import Keystore
from app.vault.months import bounds, ended_before, month_of
from app.worker.epochs import key_event, say_destroyed

PAUSE = timedelta(days=1)
"""Between two months: a clock that leaps ahead must not take years of the ledger along before somebody sees it."""

_BATCH = 1000


def expire_months(db: Databases, vault: Vault, clock: Clock, months: int) -> int:
    """Destroy the key of the oldest month if it ended that many months ago; return how many were destroyed.

    Raises SiloUnavailable, KeystoreError.
    """
    now, keystore = clock(), vault.keystore
    due = [name for name in keystore.months.names() if ended_before(name, now, months)][:1]
    if not due or _is_pausing(db, keystore, due[0], now):
        return 0
    say_destroyed(db, keystore, "ledger", due, now)
    _drop_index(db, bounds(due[0])[1])
    keystore.destroy_months(due)
    return 1


def _is_pausing(db: Databases, keystore: Keystore, month: str, now: datetime) -> bool:
    """Say whether the month before it was destroyed a moment ago.

    What was destroyed in a future that a wrong clock showed holds nothing up once the clock is set right.
    """
    before = month_of(bounds(month)[0] - PAUSE)
    with db.reading("ledger") as session:
        event = session.get(Event, key_event(keystore, "epoch.destroyed", "ledger", before))
    return event is not None and now - PAUSE < event.at <= now


def _drop_index(db: Databases, until: datetime) -> None:
    """Forget whom the events before a moment concerned."""
    old = select(EventSubject.event).join(Event, Event.id == EventSubject.event).where(Event.at < until)
    while True:
        with db.writing("ledger") as session:
            due = session.scalars(old.limit(_BATCH)).all()
            session.execute(delete(EventSubject).where(EventSubject.event.in_(due)))
        if not due:
            return
