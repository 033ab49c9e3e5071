"""The worker's one loop: it asks each queue in turn whether something waits. No broker, no thread.

Many workers may share PostgreSQL silos. On SQLite run one: two would wait for each other's files.
"""

import logging
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from uuid import uuid4

from app.booking.closures import apply_absences
from app.clock import Clock
from app.db import Databases
from app.vault.door import Vault
from app.worker.called_off import free_called_off
from app.worker.chain import Chain, signer_of
from app.worker.drain import Setbacks
from app.worker.epochs import turn_keys
from app.worker.intake import take_in
from app.worker.patient_actions import carry_actions
from app.worker.reindexing import reindex
from app.worker.space_patches import merge_patches
from app.worker.tidy import tidy

POLL_SECONDS = 0.5
_AFTER_A_FAULT = timedelta(seconds=5)
_NEVER = datetime.min.replace(tzinfo=UTC)
_log = logging.getLogger("paravent.worker")


@dataclass(slots=True)
class Round:
    """One thing the worker does again and again, and when it is next due."""

    kind: str
    every: timedelta
    run: Callable[[], int]
    due: datetime = field(default=_NEVER)


def rounds(db: Databases, vault: Vault, clock: Clock, anchors: Path | None = None) -> tuple[Round, ...]:
    """Return everything the worker does, in its order: keys first, then what came in, then what follows from it.

    The ledger is chained last, with what the others wrote in it; its signed heads are anchored in a folder.
    """
    often, seldom = timedelta(0), timedelta(minutes=1)
    chain = Chain(db, signer_of(vault.keystore), clock, anchors)
    return (
        Round("epochs", seldom, partial(turn_keys, db, vault, clock)),
        Round("intake", often, partial(take_in, db, vault, clock, Setbacks())),
        Round("patient_actions", often, partial(carry_actions, db, vault, clock, Setbacks())),
        Round("space_patches", often, partial(merge_patches, db, vault, clock, Setbacks())),
        Round("called_off", seldom, partial(free_called_off, db, clock)),
        Round("absences", seldom, lambda: apply_absences(db, clock())),
        Round("tidy", seldom, partial(tidy, db, clock)),
        Round("reindexing", timedelta(hours=1), partial(reindex, db, vault, clock)),
        Round("chain", timedelta(seconds=1), chain.turn),
    )


def turn(todo: tuple[Round, ...], clock: Clock) -> int:
    """Run every round that is due; one that fails is logged, and the others go on. Return how much was done."""
    done = 0
    for one in todo:
        now = clock()
        if now < one.due:
            continue
        one.due = now + one.every
        try:
            done += one.run()
        except Exception:
            one.due = now + max(one.every, _AFTER_A_FAULT)
            extra = {"event_id": str(uuid4()), "kind": one.kind}
            _log.exception("a round of the worker failed; the others go on", extra=extra)
    return done


def run(db: Databases, vault: Vault, clock: Clock, stop: threading.Event, anchors: Path | None = None) -> None:
    """Work until told to stop; what was begun is finished first."""
    todo = rounds(db, vault, clock, anchors)
    while not stop.is_set():
        turn(todo, clock)
        stop.wait(POLL_SECONDS)


def stop_on_signals() -> threading.Event:
    """Return an event that SIGTERM and SIGINT set."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop
