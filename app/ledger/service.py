"""Writing to the ledger, and reading it back. A row is durable before `record` returns its receipt.

Each process counts what it writes. A count that is missing between two others of the same writer, and of which no
later event tells, was written and removed; or its process ended, killed or with the silo away, between the commits
of two threads. What is missing at a writer's end is not seen: the anchored checkpoints bound what can be cut off.
"""

import hashlib
import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal
from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from app.db import Databases, SiloUnavailable, Turn, insert_for
from app.ledger.events import EventBody, EventRefused, FieldValue, checked
from app.ledger.models import Event, EventSubject
from app.vault.receipts import Receipt, issue

Zone = Literal["patient", "clinic", "worker", "cli"]
PURPOSES = frozenset({"contact", "care", "space"})
"""What a secret may be kept for; a receipt can name no other."""


class LedgerUnavailable(SiloUnavailable):
    """The ledger can't be written: what was to be recorded must not happen."""

    def __init__(self) -> None:
        super().__init__("ledger")


@dataclass(frozen=True, slots=True)
class Entry:
    """An event read back. `payload` holds subjects, purposes and fields; `intact` says that its leaf agrees."""

    id: UUID
    at: datetime
    zone: str
    name: str
    payload: dict[str, Any]
    intact: bool


def record(
    db: Databases,
    now: datetime,
    zone: Zone,
    event_name: str,
    subjects: Iterable[UUID] = (),
    purposes: Iterable[str] = (),
    once: UUID | None = None,
    **fields: FieldValue,
) -> Receipt:
    """Write one event, durably, and return the receipt that lets its subjects be opened for its purposes.

    The fields are those that `app.ledger.events.EVENTS` declares, no more and no less. With `once` (an id made
    beforehand) a repeated call writes nothing more, and the receipt opens nothing: it is for steps that write.
    Raises EventRefused, and LedgerUnavailable when the row could not be made durable.
    """
    body = checked(event_name, fields)
    whom, why = frozenset(subjects), frozenset(purposes)
    _check_scope(whom, why)
    event = once or uuid4()
    _write(db, event, now, zone, body, whom, why)
    return issue(event, frozenset(), frozenset()) if once else issue(event, whom, why)


def events_for(db: Databases, subject: UUID) -> list[Entry]:
    """Return every event that concerns a pseudonym, oldest first. Raises SiloUnavailable."""
    wanted = (
        select(Event)
        .join(EventSubject, EventSubject.event == Event.id)
        .where(EventSubject.subject == subject)
        .order_by(Event.at, Event.id)
    )
    with db.reading("ledger") as session:
        return [_entry(event) for event in session.scalars(wanted)]


def leaf_of(salt: bytes, payload: str) -> bytes:
    """Return a leaf's hash: SHA-256(0x00 ‖ salt ‖ payload), as in RFC 9162 with a salt, so payloads may expire."""
    return hashlib.sha256(b"\x00" + salt + payload.encode()).digest()


def _check_scope(subjects: frozenset[UUID], purposes: frozenset[str]) -> None:
    if not all(isinstance(subject, UUID) for subject in subjects):
        raise EventRefused("a subject is not a pseudonym")
    if not purposes <= PURPOSES:
        raise EventRefused("a purpose is not declared")


def _write(
    db: Databases,
    event: UUID,
    now: datetime,
    zone: Zone,
    body: EventBody,
    subjects: frozenset[UUID],
    purposes: frozenset[str],
) -> None:
    """Write an event as its writer's next one; whatever keeps it from being written, the next one tells of it.

    When it was written before, and another thread's next one is on its way already, one more event tells of it now.
    """
    turn, kept, overtaken = db.writer.take(), False, False
    try:
        payload = _payload(event, now, zone, body, subjects, purposes, turn)
        salt = os.urandom(32)
        row = {"id": event, "at": now, "zone": zone, "name": body.name, "payload": payload, "salt": salt}
        kept = _insert(db, {**row, "leaf": leaf_of(salt, payload)}, subjects)
    finally:
        if not kept:
            overtaken = db.writer.lost(turn)
    if overtaken:
        _write(db, uuid4(), now, zone, checked("count.told", {"unwritten": turn.count}), frozenset(), frozenset())


def _payload(
    event: UUID,
    now: datetime,
    zone: Zone,
    body: EventBody,
    subjects: frozenset[UUID],
    purposes: frozenset[str],
    turn: Turn,
) -> str:
    """Write an event as canonical JSON: sorted keys, no spaces, ASCII, whole numbers only (as RFC 8785 would).

    Schema 1 had no `writer`, `count` and `unwritten`; it is read still.
    """
    document = {
        "schema": 2,
        "event": str(event),
        "at": now.astimezone(UTC).isoformat(timespec="microseconds"),
        "zone": zone,
        "name": body.name,
        "subjects": sorted(str(subject) for subject in subjects),
        "purposes": sorted(purposes),
        "fields": {key: str(value) if isinstance(value, UUID) else value for key, value in body.fields.items()},
        "writer": str(turn.writer),
        "count": turn.count,
        "unwritten": turn.unwritten,
    }
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def _insert(db: Databases, row: dict[str, Any], subjects: frozenset[UUID]) -> bool:
    """Insert, commit, and say whether the event was new. Needs the right to INSERT alone: nothing is read, and no
    conflict target is named.
    """
    found = [{"subject": subject, "event": row["id"]} for subject in sorted(subjects)]
    try:
        with db.writing("ledger") as session:
            event = insert_for(session, Event.__table__).values(row).on_conflict_do_nothing()
            done: Any = session.execute(event.execution_options(preserve_rowcount=True))
            if found:
                session.execute(insert_for(session, EventSubject.__table__).values(found).on_conflict_do_nothing())
    except (SiloUnavailable, SQLAlchemyError) as error:
        raise LedgerUnavailable from error
    return int(done.rowcount) == 1


def _entry(event: Event) -> Entry:
    intact = leaf_of(event.salt, event.payload) == event.leaf
    return Entry(event.id, event.at, event.zone, event.name, json.loads(event.payload), intact)
