"""The ledger as a bundle that an outsider can verify offline: JSON Lines, made from one snapshot of the database.

A head; every event in its order, with what its row says and what the tree says of it; each checkpoint right after
the last event it is over; the events that have no place yet; an end that counts the lines. docs/ledger.md has the
format, and `app/ledger/verify.py` reads it.
"""

import json
from collections.abc import Iterator
from datetime import datetime
from itertools import groupby
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, exists, select
from sqlalchemy.orm import Session

from app.ledger.models import Checkpoint, Event, EventSubject, Leaf
from app.ledger.notes import ORIGIN, time_of

FORMAT = 1
_PAGE = 1000
_COLUMNS = (Event.at, Event.zone, Event.name, Event.salt, Event.leaf.label("written"), Event.payload)
_Entry = dict[str, Any]
_Row = Row[*tuple[Any, ...]]


def bundle(session: Session, now: datetime) -> Iterator[str]:
    """Yield the lines of a bundle. The session must be new: all is then read as it was at one moment."""
    if session.get_bind().dialect.name == "postgresql":
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
    lines = 0
    for entry in _entries(session, now):
        yield _line(entry)
        lines += 1
    yield _line({"kind": "end", "lines": lines})


def _entries(session: Session, now: datetime) -> Iterator[_Entry]:
    yield {"kind": "ledger", "format": FORMAT, "origin": ORIGIN, "exported": time_of(now)}
    checkpoints = _checkpoints(session)
    coming = next(checkpoints, None)
    for entry in _placed(session):
        yield entry
        while coming and coming["size"] <= entry["position"] + 1:
            yield coming
            coming = next(checkpoints, None)
    if coming:
        yield coming
    yield from checkpoints
    yield from _waiting(session)


def _placed(session: Session) -> Iterator[_Entry]:
    """Yield events in the tree's order; one whose row is gone has its leaf alone."""
    subjects = _subjects_in_order(session)
    whose, found = next(subjects, (-1, []))
    for row in _rows_in_order(session):
        while whose < row.position:
            whose, found = next(subjects, (row.position, []))
        yield _event(row, row.event, row.position, row.leaf.hex(), found if whose == row.position else [])


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


def _waiting(session: Session) -> Iterator[_Entry]:
    """Yield the events without a place, oldest first."""
    placed = exists().where(Leaf.event == Event.id)
    rows = session.execute(select(Event.id, *_COLUMNS).where(~placed).order_by(Event.at, Event.id)).all()
    index = select(EventSubject).where(~exists().where(Leaf.event == EventSubject.event))
    subjects: dict[UUID, list[str]] = {}
    for one in session.scalars(index) if rows else ():
        subjects.setdefault(one.event, []).append(str(one.subject))
    for row in rows:
        yield _event(row, row.id, None, None, sorted(subjects.get(row.id, [])))


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
