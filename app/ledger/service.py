"""Writing to the ledger, and reading it back. A row is durable before `record` returns its receipt.

Each process counts what it writes. A count that is missing between two others of the same writer, and of which no
later event tells, was written and removed; or its process ended, killed or with the silo away, between the commits
of two threads. What is missing at a writer's end is not seen: the anchored checkpoints bound what can be cut off.
"""

import hashlib
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from uuid import UUID, uuid4

from sqlalchemy import literal, select, tuple_
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from app.db import Databases, SiloUnavailable, insert_for
from app.ledger.events import EventBody, EventRefused, FieldValue, checked, is_as_declared, is_id_text
from app.ledger.models import Event, EventKey, EventSubject
from app.ledger.sealed import (
    Content,
    ContentExpired,
    ContentKeys,
    ContentUnreadable,
    canonical,
    content_of,
    with_sealed,
)
from app.vault.months import MonthKeyRefused
from app.vault.receipts import Receipt, issue
from app.writer import ContentKey, Turn

Zone = Literal["patient", "clinic", "worker", "cli"]
PURPOSES = frozenset({"contact", "care", "space"})
"""What a secret may be kept for; a receipt can name no other."""
SENT_AGAIN = timedelta(minutes=10)
"""How often a process brings its key's envelope along: a ledger put back from an older copy gets it so."""
_PAGE = 1000


class LedgerUnavailable(SiloUnavailable):
    """The ledger can't be written: what was to be recorded must not happen."""

    def __init__(self) -> None:
        super().__init__("ledger")


class LedgerKeyMissing(LedgerUnavailable):
    """What an event says can't be sealed: the month's public key is missing, altered, or signed by another."""

    def __str__(self) -> str:
        """Say what to do."""
        return (
            "no ledger key for this month can be used: check the clock, start the worker or run `paravent setup`, "
            "and see that PARAVENT_PUBLIC_KEYS is its folder of public keys"
        )


@dataclass(frozen=True, slots=True)
class Entry:
    """An event read back. `intact` says that its leaf agrees.

    `content` is None when it can't be read or is not as its event is declared; `expired` then says that its month's
    key is gone.
    """

    id: UUID
    at: datetime
    zone: str
    name: str
    content: Content | None
    intact: bool
    expired: bool = False


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
    _write(db, _Saying(event, now, zone, body, whom, why))
    return issue(event, frozenset(), frozenset()) if once else issue(event, whom, why)


def events_for(db: Databases, subject: UUID, keys: ContentKeys) -> list[Entry]:
    """Return every event that concerns a pseudonym, oldest first, of the months whose index is kept.

    Raises SiloUnavailable, KeystoreError.
    """
    wanted = (
        select(Event)
        .join(EventSubject, EventSubject.event == Event.id)
        .where(EventSubject.subject == subject)
        .order_by(Event.at, Event.id)
    )
    with db.reading("ledger") as session:
        found = session.scalars(wanted).all()
    return [_entry(event, keys) for event in found]


def events_named(db: Databases, name: str, since: datetime, keys: ContentKeys) -> Iterator[Entry]:
    """Yield every event of a name from a moment on, oldest first, a page at a time, whatever can be read of each.

    Raises SiloUnavailable, KeystoreError.
    """
    named = select(Event).where(Event.name == name, Event.at >= since).order_by(Event.at, Event.id).limit(_PAGE)
    page: Sequence[Event] = ()
    while True:
        wanted = named.where(tuple_(Event.at, Event.id) > tuple_(*_place(page[-1]))) if page else named
        with db.reading("ledger") as session:
            page = session.scalars(wanted).all()
        yield from (_entry(event, keys) for event in page)
        if len(page) < _PAGE:
            return


def leaf_of(salt: bytes, payload: str) -> bytes:
    """Return a leaf's hash: SHA-256(0x00 ‖ salt ‖ payload), as in RFC 9162 with a salt, so payloads may expire."""
    return hashlib.sha256(b"\x00" + salt + payload.encode()).digest()


def _check_scope(subjects: frozenset[UUID], purposes: frozenset[str]) -> None:
    if not all(isinstance(subject, UUID) for subject in subjects):
        raise EventRefused("a subject is not a pseudonym")
    if not purposes <= PURPOSES:
        raise EventRefused("a purpose is not declared")


@dataclass(frozen=True, slots=True)
class _Saying:
    """One event to be written."""

    event: UUID
    now: datetime
    zone: Zone
    body: EventBody
    subjects: frozenset[UUID] = frozenset()
    purposes: frozenset[str] = frozenset()


def _write(db: Databases, saying: _Saying) -> None:
    """Write an event as its writer's next one; whatever keeps it from being written, the next one tells of it.

    When it was written before, and another thread's next one is on its way already, one more event tells of it now.
    """
    key = _key_for(db, saying)
    turn, kept, overtaken = db.writer.take(), False, False
    try:
        kept = _insert(db, saying, _payload(saying, turn, key), key)
    finally:
        if not kept:
            overtaken = db.writer.lost(turn)
    if overtaken:
        told = checked("count.told", {"unwritten": turn.count})
        _write(db, _Saying(uuid4(), saying.now, saying.zone, told))


def _key_for(db: Databases, saying: _Saying) -> ContentKey | None:
    """Return the key that an event is sealed under. Raises LedgerKeyMissing.

    Only for the command line is there none where none can be had, and for what concerns no patient: a keystore is
    made, recovered and stopped in an emergency before anything is published.
    """
    try:
        if db.sealer is None:
            raise MonthKeyRefused("this process was not given a ledger key")
        return db.sealer.under(saying.now)
    except MonthKeyRefused as refusal:
        if saying.zone == "cli" and not saying.subjects:
            return None
        raise LedgerKeyMissing from refusal


def _payload(saying: _Saying, turn: Turn, key: ContentKey | None) -> str:
    """Write an event as canonical JSON, its content sealed if there is a key for it."""
    outer = {
        "schema": 2,
        "event": str(saying.event),
        "at": saying.now.astimezone(UTC).isoformat(timespec="microseconds"),
        "zone": saying.zone,
        "name": saying.body.name,
        "writer": str(turn.writer),
        "count": turn.count,
        "unwritten": turn.unwritten,
    }
    fields = saying.body.fields.items()
    content = {
        "subjects": sorted(str(subject) for subject in saying.subjects),
        "purposes": sorted(saying.purposes),
        "fields": {name: str(value) if isinstance(value, UUID) else value for name, value in fields},
    }
    return canonical(with_sealed(outer, content, key) if key else outer | content)


def _insert(db: Databases, saying: _Saying, payload: str, key: ContentKey | None) -> bool:
    """Insert, commit, and say whether the event was new. Needs the right to INSERT alone: nothing is read, and no
    conflict target is named. The first event under a key brings the key's envelope, so do those beside it, and one
    every ten minutes.
    """
    salt = os.urandom(32)
    row = {"id": saying.event, "at": saying.now, "zone": saying.zone, "name": saying.body.name}
    row |= {"payload": payload, "salt": salt, "leaf": leaf_of(salt, payload)}
    found = [{"subject": subject, "event": saying.event} for subject in sorted(saying.subjects)]
    try:
        with db.writing("ledger") as session:
            if key and not _is_kept(key, saying.now):
                envelope = {"id": key.id, "month": key.month, "envelope": key.envelope}
                session.execute(_adding(session, EventKey).values(envelope))
            done: Any = session.execute(
                _adding(session, Event).values(row).execution_options(preserve_rowcount=True)
            )
            if found:
                session.execute(_adding(session, EventSubject).values(found))
    except (SiloUnavailable, SQLAlchemyError) as error:
        raise LedgerUnavailable from error
    if key and not _is_kept(key, saying.now):
        key.kept_at = saying.now
    return int(done.rowcount) == 1


def _is_kept(key: ContentKey, now: datetime) -> bool:
    return key.kept_at is not None and timedelta(0) <= now - key.kept_at < SENT_AGAIN


def _adding(session: Session, model: type[Event | EventSubject | EventKey]) -> Any:
    return insert_for(session, model.__table__).on_conflict_do_nothing()


def _place(event: Event) -> tuple[Any, Any]:
    return literal(event.at, Event.at.type), literal(event.id, Event.id.type)


def _entry(event: Event, keys: ContentKeys) -> Entry:
    try:
        content, expired = _declared(event.name, content_of(event, keys)), False
    except ContentUnreadable as fault:
        content, expired = None, isinstance(fault, ContentExpired)
    intact = leaf_of(event.salt, event.payload) == event.leaf
    return Entry(event.id, event.at, event.zone, event.name, content, intact, expired)


def _declared(name: str, content: Content) -> Content:
    """Return what an event says if `record` could have written it: any zone's login may insert what it likes.

    Raises ContentUnreadable.
    """
    of_known = PURPOSES.issuperset(content.purposes) and all(map(is_id_text, content.subjects))
    if not of_known or not is_as_declared(name, content.fields):
        raise ContentUnreadable
    return content
