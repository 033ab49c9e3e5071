"""Events as a SIEM is told of them: who did what, and when; never on whom, unless it is asked for.

An event is told from its row and its place in the tree. What was altered, removed or written by another release
since is told as such, so that nothing in the database can keep the events after it from being told.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.ledger.events import EVENTS, Check
from app.ledger.models import Event, Leaf
from app.ledger.notes import time_of
from app.ledger.sealed import Content, ContentExpired, ContentKeys, ContentUnreadable, content_of
from app.ledger.service import leaf_of
from app.ledger.siem_rows import ALTERED, FAULTS, GONE, ROWS, UNKNOWN, Row, Said, held_by

Value = str | int

_WORD = re.compile(r"[A-Za-z0-9_.:-]{1,64}", re.ASCII)
"""What a field's text looks like: an id, a digest, an epoch, a declared word. Anything else is not told."""
_ACTOR_AND_ROLE = ("actor", "role")


@dataclass(frozen=True, slots=True)
class Placed:
    """A place of the tree, and the event's row if it is still there."""

    position: int
    leaf: bytes
    id: UUID
    event: Event | None


@dataclass(frozen=True, slots=True)
class Told:
    """What is told of one event, before it takes a format. `fields` holds no actor, no role and nothing empty."""

    id: UUID
    at: datetime
    zone: str
    name: str
    row: Row
    position: int
    leaf: bytes
    user: str | None = None
    role: str | None = None
    target: str | None = None
    purposes: tuple[str, ...] = ()
    subjects: tuple[str, ...] = ()
    fields: Mapping[str, Value] | None = None

    @property
    def declared(self) -> Mapping[str, Value]:
        """The declared fields that are told."""
        return self.fields or {}


def placed_from(session: Session, position: int, most: int) -> list[Placed]:
    """Read the events of so many places, from one on, in the tree's order."""
    wanted = select(Leaf.position, Leaf.leaf, Leaf.event, Event).outerjoin(Event, Event.id == Leaf.event)
    rows = session.execute(wanted.where(Leaf.position >= position).order_by(Leaf.position).limit(most))
    return [Placed(place, leaf, event_id, event) for place, leaf, event_id, event in rows]


def all_placed(session: Session, a_page: int = 1000) -> Iterator[Placed]:
    """Read every event that has a place, in the tree's order."""
    page = placed_from(session, 0, a_page)
    while page:
        yield from page
        session.expunge_all()  # else a long ledger would stay in memory
        page = placed_from(session, page[-1].position + 1, a_page)


def tell(placed: Placed, now: datetime, keys: ContentKeys, *, subjects: bool = False) -> Told:
    """Return what is told of an event; `now` is the time of one whose row, and so whose time, is gone.

    With `subjects`, pseudonyms of patients and the ids of what is theirs are told too. One whose content expired is
    told by its name alone. Raises KeystoreError, SiloUnavailable.
    """
    event = placed.event
    if event is None:
        return _fault(placed, GONE, now)
    if not _is_as_placed(event, placed.leaf):
        return _fault(placed, ALTERED, event.at)
    try:
        content = content_of(event, keys)
    except ContentExpired:
        content = Content((), (), {})
    except ContentUnreadable:
        return _fault(placed, UNKNOWN, event.at)
    row = ROWS.get(event.name)
    if row is None or not _is_known(event, content):
        return _fault(placed, UNKNOWN, event.at)
    return _told(placed, event, row, content, subjects=subjects)


def _told(placed: Placed, event: Event, row: Row, content: Content, *, subjects: bool) -> Told:
    shown = {key: value for key, value in content.fields.items() if subjects or _is_told(event.name, key)}
    return Told(
        id=event.id,
        at=event.at,
        zone=event.zone,
        name=event.name,
        row=row,
        position=placed.position,
        leaf=placed.leaf,
        user=shown.get(row.user),
        role=shown.get("role"),
        target=shown.get(row.target),
        purposes=content.purposes,
        subjects=content.subjects if subjects else (),
        fields={k: v for k, v in shown.items() if v is not None and k not in _ACTOR_AND_ROLE},
    )


def _fault(placed: Placed, name: str, at: datetime) -> Told:
    return Told(placed.id, at, "worker", name, FAULTS[name], placed.position, placed.leaf)


def _is_known(event: Event, content: Content) -> bool:
    """Say whether an event has only fields and words of the forms that are declared: none that somebody typed."""
    declared = EVENTS.get(event.name, {})
    if not content.fields.keys() <= declared.keys():
        return False
    words = [event.zone, *content.subjects, *content.purposes]
    words += [value for value in content.fields.values() if isinstance(value, str)]
    kinds = all(_is_of_kind(value, declared[key]) for key, value in content.fields.items())
    return kinds and all(map(_WORD.fullmatch, words))


def _is_of_kind(value: object, check: Check) -> bool:
    """Say whether a value is a number where the field takes numbers, else a text or null: formats part the two."""
    if check(0):
        return check(value)
    return value is None or isinstance(value, str)


def _is_told(event: str, field: str) -> bool:
    return held_by(event, field) is not Said.PATIENTS


def _is_as_placed(event: Event, leaf: bytes) -> bool:
    """Say whether an event's row is the one that the tree has, its columns included."""
    if leaf_of(event.salt, event.payload) != leaf:
        return False
    try:
        document = json.loads(event.payload)
        said = [document[name] for name in ("event", "at", "zone", "name")]
    except (ValueError, KeyError, TypeError, RecursionError):
        return False
    return said == [str(event.id), time_of(event.at), event.zone, event.name]
