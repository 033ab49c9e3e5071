"""The worker's one loop: it asks each queue in turn whether something waits. No broker, and no threads but
those that speak to a SIEM, a bucket or an authority of time stamps, which may be slow.

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

from app.anchor_settings import NOWHERE, Elsewhere
from app.booking.closures import apply_absences
from app.clock import Clock
from app.config import Siem
from app.db import Databases
from app.ledger.opening import EventKeys
from app.retention import KEPT_DAYS
from app.vault.door import Vault
from app.worker import anchoring
from app.worker.aside import Aside
from app.worker.called_off import free_called_off
from app.worker.chain import Chain, signer_of
from app.worker.drain import Setbacks
from app.worker.epochs import turn_keys
from app.worker.expiry import expire_months
from app.worker.forwarding import EVERY, Forwarder
from app.worker.intake import take_in
from app.worker.mailbox import tend_mailbox
from app.worker.patient_actions import carry_actions
from app.worker.piles import tell_unheard
from app.worker.reindexing import reindex
from app.worker.shredding import shred
from app.worker.space_patches import merge_patches
from app.worker.terms import end_terms
from app.worker.tidy import tidy
from app.worker.tombstones import replay
from app.worker.wills import renew

POLL_SECONDS = 0.5
_AFTER_A_FAULT = timedelta(seconds=5)
_FIRST_LOOK_SECONDS = 10
"""How long the first look into the bucket of anchors is waited for, before anything is signed."""
_NEVER = datetime.min.replace(tzinfo=UTC)
_log = logging.getLogger("paravent.worker")


@dataclass(slots=True)
class Round:
    """One thing the worker does again and again, and when it is next due."""

    kind: str
    every: timedelta
    run: Callable[[], int]
    due: datetime = field(default=_NEVER)


def rounds(
    db: Databases,
    vault: Vault,
    clock: Clock,
    anchors: Path | None = None,
    siem: Siem | None = None,
    ledger_months: int = 12,
    kept_days: int = KEPT_DAYS,
    elsewhere: Elsewhere = NOWHERE,
) -> tuple[Round, ...]:
    """Return everything the worker does, in its order: what copies lost, keys, what came in, what follows.

    The ledger is chained last, with what the others wrote in it; its signed heads are anchored in a folder. Then
    its events are sent to a SIEM, if there is one.
    """
    often, seldom = timedelta(0), timedelta(minutes=1)
    signer = signer_of(vault.keystore)
    bucket, stamping = anchoring.rounds_of(db, signer.public_key(), clock, anchors, elsewhere)
    chain = Chain(db, signer, clock, anchors, bucket.is_forked if bucket else None)
    return (
        Round("wills", timedelta(hours=1), lambda: renew(db, vault.keystore, clock())),
        Round("tombstones", timedelta(hours=1), lambda: replay(db, vault.keystore, clock())),
        Round("epochs", seldom, partial(turn_keys, db, vault, clock)),
        Round("intake", often, partial(take_in, db, vault, clock, Setbacks())),
        Round("mailbox", timedelta(hours=1), partial(tend_mailbox, db, vault, clock)),
        Round("patient_actions", often, partial(carry_actions, db, vault, clock, Setbacks(), kept_days)),
        Round("space_patches", often, partial(merge_patches, db, vault, clock, Setbacks())),
        Round("terms", seldom, partial(end_terms, db, vault, clock, kept_days)),
        Round("shredding", often, partial(shred, db, vault, clock, kept_days)),
        Round("unheard", timedelta(hours=1), partial(tell_unheard, db, clock)),
        Round("called_off", seldom, partial(free_called_off, db, clock)),
        Round("absences", seldom, lambda: apply_absences(db, clock())),
        Round("tidy", seldom, partial(tidy, db, clock)),
        Round("expiry", timedelta(hours=1), partial(expire_months, db, vault, clock, ledger_months)),
        Round("reindexing", timedelta(hours=1), partial(reindex, db, vault, clock)),
        *_aside("bucket", bucket, _FIRST_LOOK_SECONDS),
        *_aside("stamping", stamping),
        Round("chain", timedelta(seconds=1), chain.turn),
        *_forwarding(db, vault, clock, siem, anchors),
    )


def _aside(kind: str, one: anchoring.Anchoring | anchoring.Stamping | None, seconds: int = 0) -> tuple[Round, ...]:
    return (Round(kind, anchoring.EVERY, Aside(one.turn, seconds).turn),) if one else ()


def _forwarding(
    db: Databases, vault: Vault, clock: Clock, siem: Siem | None, folder: Path | None
) -> tuple[Round, ...]:
    if siem is None or folder is None:
        return ()
    forwarder = Forwarder(db, partial(EventKeys, db, vault.keystore), clock, siem, folder)
    return (Round("forwarding", EVERY, Aside(forwarder.turn).turn),)


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


def run(
    db: Databases,
    vault: Vault,
    clock: Clock,
    stop: threading.Event,
    anchors: Path | None = None,
    siem: Siem | None = None,
    ledger_months: int = 12,
    kept_days: int = KEPT_DAYS,
    elsewhere: Elsewhere = NOWHERE,
) -> None:
    """Work until told to stop; what was begun is finished first."""
    todo = rounds(db, vault, clock, anchors, siem, ledger_months, kept_days, elsewhere)
    while not stop.is_set():
        turn(todo, clock)
        stop.wait(POLL_SECONDS)


def stop_on_signals() -> threading.Event:
    """Return an event that SIGTERM and SIGINT set."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop
