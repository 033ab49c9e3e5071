"""`paravent ledger complete`: what was opened against what was recorded, and what is stored against what was told.

Each row of `openings`, which stands in the keys silo before a secret is out, must have its event in the ledger,
with that pseudonym and purpose. What is stored is compared in `app.cli.stored_told`. Two looks are taken a pause
apart, and only what both find is named: what is under way between two commits is no fault.
"""

import argparse
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from sqlalchemy import select

from app.cli.environment import open_vault, settings_of, silos_of
from app.cli.stored_told import Fault, Stored, compare
from app.clock import Clock, system_clock
from app.db import Databases
from app.ledger.events import EVENTS
from app.ledger.opening import EventKeys
from app.ledger.sealed import ContentKeys
from app.ledger.service import Entry, events_named
from app.vault.keystore import Keystore
from app.vault.models import Opening
from app.vault.openings import KEPT

LATE = timedelta(minutes=10)
"""How far an opening may be from its event. Secrets are taken out right after it; the clocks are two."""
_PAUSE_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Looked:
    """What one look found. `unused` counts, by name, events of the last 30 days that allowed an opening and saw
    none: an act that stopped half-way, a file whose mailbox was empty. Many of a name ask for a reason.
    """

    faults: frozenset[Fault]
    openings: int
    unused: Mapping[str, int]
    stored: Stored


def look(db: Databases, keys: ContentKeys, now: datetime) -> Looked:
    """Compare once. Openings are read before the events they follow. Raises SiloUnavailable, KeystoreError."""
    openings = _openings(db, now - KEPT)
    allowing, refused = {}, set()
    for entry in _recent(db, keys, now - KEPT - LATE):
        if entry.content is None:
            refused.add(entry.id)
        elif entry.content.purposes:
            allowing[entry.id] = entry
    faults = {fault for event, pairs in openings.items() for fault in _of_opening(event, pairs, allowing, refused)}
    unused = Counter(
        one.name for one in allowing.values() if one.id not in openings and now - KEPT < one.at < now - LATE
    )
    stored = compare(db, keys, now)
    return Looked(frozenset(faults) | stored.faults, sum(map(len, openings.values())), unused, stored)


def complete(db: Databases, keystore: Keystore, clock: Clock, pause: Callable[[], None]) -> Looked:
    """Look twice and keep the faults that both looks found. Raises as `look` does."""
    keys = EventKeys(db, keystore)
    first = look(db, keys, clock())
    if not first.faults:
        return first
    pause()
    second = look(db, keys, clock())
    return Looked(first.faults & second.faults, second.openings, second.unused, second.stored)


def run(_arguments: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Compare, say what was found, and return 1 when there is a fault."""
    settings = settings_of(environ)
    db = silos_of(settings)
    try:
        keystore = open_vault(settings, db).keystore
        found = complete(db, keystore, system_clock, partial(time.sleep, _PAUSE_SECONDS))
    finally:
        db.dispose()
    for line in said(found):
        print(line)
    return int(bool(found.faults))


def said(found: Looked) -> Iterator[str]:
    """Yield what to print: counts, then each fault with the id of its event, submission or space."""
    yield f"secrets taken out in the last {KEPT.days} days: {found.openings}"
    for name, count in sorted(found.unused.items()):
        yield f"events that opened nothing: {count} {name}"
    yield f"stored and compared: {found.stored.files} files, {found.stored.spaces} spaces"
    if found.stored.uncovered:
        yield f"not covered, older than what the ledger can tell: {found.stored.uncovered}"
    for fault in sorted(found.faults):
        yield f"FAULT {fault.kind}: {fault.place}"
    yield f"{len(found.faults)} fault(s)" if found.faults else "complete"


@dataclass(frozen=True, slots=True)
class _Noted:
    """An opening of one event."""

    pseudonym: UUID
    purpose: str
    at: datetime


def _openings(db: Databases, since: datetime) -> Mapping[UUID, list[_Noted]]:
    """Return the openings later than a moment: what is older goes, and so does what it followed."""
    wanted = select(Opening.event, Opening.pseudonym, Opening.purpose, Opening.at).where(Opening.at > since)
    found: dict[UUID, list[_Noted]] = {}
    with db.reading("keys") as session:
        for row in session.execute(wanted):
            found.setdefault(row.event, []).append(_Noted(row.pseudonym, row.purpose, row.at))
    return found


def _recent(db: Databases, keys: ContentKeys, since: datetime) -> Iterator[Entry]:
    for name in EVENTS:
        yield from events_named(db, name, since, keys)


def _of_opening(
    event: UUID, pairs: list[_Noted], allowing: Mapping[UUID, Entry], refused: set[UUID]
) -> Iterator[Fault]:
    """Yield what is wrong with the openings of one event."""
    entry = allowing.get(event)
    if event in refused:
        yield Fault("opening whose event can't be read", str(event))
    elif entry is None or entry.content is None:
        yield Fault("opening without an event that allows any", str(event))
    else:
        subjects, purposes = set(entry.content.subjects), set(entry.content.purposes)
        if any(str(one.pseudonym) not in subjects or one.purpose not in purposes for one in pairs):
            yield Fault("opening of what its event does not name", str(event))
        if any(abs(one.at - entry.at) > LATE for one in pairs):
            yield Fault("opening long before or after its event", str(event))
