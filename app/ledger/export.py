"""The ledger as a bundle that an outsider can verify offline: JSON Lines, made from one snapshot of the database.

A head; the keys that events are sealed under, sealed themselves; every event in its order, with what its row says
and what the tree says of it; each checkpoint right after the last event it is over; the events that have no place
yet; an end that counts the lines. docs/ledger.md has the format, and `app/ledger/verify.py` reads it.

An opened bundle, for an authority that must read, releases each content key that still opens, and names whom the
events under it concern.
"""

import base64
import json
import re
from collections.abc import Iterator
from datetime import datetime
from itertools import groupby
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, exists, select
from sqlalchemy.orm import Session

from app.ledger.models import Checkpoint, Event, EventKey, EventSubject, Leaf
from app.ledger.notes import ORIGIN, time_of
from app.ledger.opening import EventKeys
from app.ledger.sealed import ContentUnreadable

FORMAT = 1
_PAGE = 1000
_COLUMNS = (Event.at, Event.zone, Event.name, Event.salt, Event.leaf.label("written"), Event.payload)
_KEY = re.compile(r'"key":"([0-9a-f-]{36})"', re.ASCII)
"""Where a sealed payload names its key: nothing else in any payload looks so."""
_Entry = dict[str, Any]
_Released = set[str]
"""The ids of the content keys that a bundle releases."""
_Row = Row[*tuple[Any, ...]]


def bundle(session: Session, now: datetime, keys: EventKeys | None = None) -> Iterator[str]:
    """Yield the lines of a bundle, opened if there are keys to open it with.

    The session must be new: all is then read as it was at one moment. Raises KeystoreError.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
    lines = 0
    for entry in _entries(session, now, keys):
        yield _line(entry)
        lines += 1
    yield _line({"kind": "end", "lines": lines})


def _entries(session: Session, now: datetime, keys: EventKeys | None) -> Iterator[_Entry]:
    yield {"kind": "ledger", "format": FORMAT, "origin": ORIGIN, "exported": time_of(now)}
    released: _Released = set()
    for one in _keys(session, keys):
        yield one
        released |= {one["id"]} if one["key"] else set()
    checkpoints = _checkpoints(session)
    coming = next(checkpoints, None)
    for entry in _placed(session, released):
        yield entry
        while coming and coming["size"] <= entry["position"] + 1:
            yield coming
            coming = next(checkpoints, None)
    if coming:
        yield coming
    yield from checkpoints
    yield from _waiting(session, released)


def _keys(session: Session, keys: EventKeys | None) -> Iterator[_Entry]:
    """Yield the content keys as they are kept, and those that are released in clear too."""
    for row in session.scalars(select(EventKey).order_by(EventKey.month, EventKey.id)):
        yield {
            "kind": "event_key",
            "id": str(row.id),
            "month": row.month,
            "envelope": base64.b64encode(row.envelope).decode(),
            "key": _opened(row, keys) if keys else None,
        }


def _opened(row: EventKey, keys: EventKeys) -> str | None:
    try:
        return keys.released(row).hex()
    except ContentUnreadable:
        return None


def _placed(session: Session, released: _Released) -> Iterator[_Entry]:
    """Yield events in the tree's order; one whose row is gone has its leaf alone."""
    subjects = _subjects_in_order(session)
    whose, found = next(subjects, (-1, []))
    for row in _rows_in_order(session):
        while whose < row.position:
            whose, found = next(subjects, (row.position, []))
        shown = found if whose == row.position and _is_open(row, released) else []
        yield _event(row, row.event, row.position, row.leaf.hex(), shown)


def _rows_in_order(session: Session) -> Iterator[_Row]:
    page = select(Leaf.position, Leaf.event, Leaf.leaf, *_COLUMNS).outerjoin(Event, Event.id == Leaf.event)
    rows = session.execute(page.order_by(Leaf.position).limit(_PAGE)).all()
    while rows:
        yield from rows
        after = page.where(Leaf.position > rows[-1].position)
        rows = session.execute(after.order_by(Leaf.position).limit(_PAGE)).all()


def _subjects_in_order(session: Session) -> Iterator[tuple[int, list[str]]]:
    """Yield whom the index says an event concerns, for each event that concerns somebody."""
    found = select(Leaf.position, EventSubject.subject).join(Leaf, Leaf.event == EventSubject.event)
    rows = _streamed(session, found.order_by(Leaf.position))
    for position, group in groupby(rows, lambda row: int(row.position)):
        yield position, sorted(str(row.subject) for row in group)


def _waiting(session: Session, released: _Released) -> Iterator[_Entry]:
    """Yield the events without a place, oldest first."""
    placed = exists().where(Leaf.event == Event.id)
    rows = session.execute(select(Event.id, *_COLUMNS).where(~placed).order_by(Event.at, Event.id)).all()
    index = select(EventSubject).where(~exists().where(Leaf.event == EventSubject.event))
    subjects: dict[UUID, list[str]] = {}
    for one in session.scalars(index) if rows else ():
        subjects.setdefault(one.event, []).append(str(one.subject))
    for row in rows:
        shown = sorted(subjects.get(row.id, [])) if _is_open(row, released) else []
        yield _event(row, row.id, None, None, shown)


def _is_open(row: _Row, released: _Released) -> bool:
    """Say whether whom an event concerns may be told: its payload says it in clear, or its key is released."""
    sealed_under = _KEY.search(row.payload or "")
    return sealed_under is None or sealed_under[1] in released


def _checkpoints(session: Session) -> Iterator[_Entry]:
    for row in _streamed(session, select(*Checkpoint.__table__.columns).order_by(Checkpoint.size)):
        yield {
            "kind": "checkpoint",
            "size": row.size,
            "root": row.root.hex(),
            "at": time_of(row.at),
            "frontier": row.frontier.hex(),
            "note": row.note,
        }


def _streamed(session: Session, wanted: Select[*tuple[Any, ...]]) -> Iterator[_Row]:
    """Read rows a page at a time from one statement, instead of all at once."""
    yield from session.execute(wanted.execution_options(yield_per=_PAGE))


def _event(row: _Row, event: UUID, position: int | None, leaf: str | None, subjects: list[str]) -> _Entry:
    gone = row.payload is None
    return {
        "kind": "event",
        "position": position,
        "leaf": leaf,
        "event": str(event),
        "at": None if gone else time_of(row.at),
        "zone": row.zone,
        "name": row.name,
        "subjects": subjects,
        "salt": None if gone else row.salt.hex(),
        "written": None if gone else row.written.hex(),
        "payload": row.payload,
    }


def _line(entry: _Entry) -> str:
    return json.dumps(entry, separators=(",", ":")) + "\n"
