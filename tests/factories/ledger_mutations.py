"""What somebody who may write every row of the ledger, and has no key, could do to it: at random, by a seed."""

import json
import random
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import ColumnElement, Table, delete, insert, select, update
from sqlalchemy.orm import Session

from app.ledger.models import Checkpoint, Event, EventKey, EventSubject, Leaf
from app.ledger.notes import Head, signed_note
from app.ledger.service import leaf_of
from app.ledger.tree import Frontier

Mutation = Callable[[Session, random.Random], str]
_TABLES: tuple[Any, ...] = tuple(model.__table__ for model in (Event, EventSubject, Leaf, Checkpoint, EventKey))
EVENTS, SUBJECTS, LEAVES, CHECKPOINTS, KEYS = _TABLES


def flip(session: Session, chance: random.Random) -> str:
    """Change one bit, sign or unit of one column of one row."""
    table = chance.choice(_TABLES)
    row, column = _row(session, chance, table), chance.choice(list(table.columns))
    session.execute(update(table).where(_is(table, row)).values({column.name: _other(row[column.name], chance)}))
    return f"{table.name}.{column.name}"


def swap(session: Session, chance: random.Random) -> str:
    """Exchange one column between two rows."""
    table, names = chance.choice(
        [
            (EVENTS, ("payload", "salt", "leaf", "at")),
            (LEAVES, ("leaf", "event")),
            (CHECKPOINTS, ("root", "note", "frontier", "at")),
        ]
    )
    name = chance.choice(names)
    one, other = _row(session, chance, table), _row(session, chance, table)
    while one[name] == other[name]:
        other = _row(session, chance, table)
    aside = uuid4() if name == "event" else other[name]
    for row, value in ((one, aside), (other, one[name]), (one, other[name])):
        session.execute(update(table).where(_is(table, row)).values({name: value}))
    return f"{table.name}.{name}"


def drop(session: Session, chance: random.Random) -> str:
    """Remove one row. An event must have its place: what is removed before leaves a gap, which has its own test."""
    table = chance.choice(_TABLES)
    row = _row(session, chance, table)
    while table is EVENTS and not _placed(session, row["id"]):
        row = _row(session, chance, table)
    session.execute(delete(table).where(_is(table, row)))
    return str(table.name)


def double(session: Session, chance: random.Random) -> str:
    """Write an event a second time under another id, maybe with a place of its own, or a leaf, or a checkpoint."""
    what = chance.choice(["event", "placed event", "leaf", "checkpoint"])
    size = _size(session)
    if what == "checkpoint":
        row = _row(session, chance, CHECKPOINTS)
        session.execute(insert(CHECKPOINTS).values(row | {"size": chance.choice([row["size"] + 1, size + 1])}))
        return what
    row, other = _row(session, chance, EVENTS), uuid4()
    if what != "leaf":
        session.execute(insert(EVENTS).values(row | {"id": other}))
    if what != "event":
        session.execute(insert(LEAVES).values({"position": size, "event": other, "leaf": row["leaf"]}))
    return what


def reorder(session: Session, chance: random.Random) -> str:
    """Let some events that follow one another change places."""
    size = _size(session)
    first = chance.randrange(size - 2)
    last = chance.randrange(first + 2, min(size, first + 12) + 1)
    places = list(range(first, last))
    rows = session.execute(select(LEAVES).where(LEAVES.c.position.in_(places))).mappings().all()
    changed = places[:]
    while changed == places:
        chance.shuffle(changed)
    session.execute(delete(LEAVES).where(LEAVES.c.position.in_(places)))
    moved = [dict(row) | {"position": place} for row, place in zip(rows, changed, strict=True)]
    session.execute(insert(LEAVES), moved)
    return f"{len(moved)} events"


def truncate(session: Session, chance: random.Random) -> str:
    """Cut the end off: leaves, maybe with their events, maybe with the checkpoints over them."""
    kept = chance.randrange(1, _size(session))
    cut = select(LEAVES.c.event).where(LEAVES.c.position >= kept)
    also = chance.choice(["leaves", "events", "checkpoints", "all"])
    if also in ("events", "all"):
        session.execute(delete(EVENTS).where(EVENTS.c.id.in_(cut)))
    session.execute(delete(LEAVES).where(LEAVES.c.position >= kept))
    if also in ("checkpoints", "all"):
        session.execute(delete(CHECKPOINTS).where(CHECKPOINTS.c.size > kept))
    return f"{also} from {kept}"


def rewrite(session: Session, chance: random.Random) -> str:
    """Change what an event says and every hash that follows from it, with another key or the old signatures."""
    place = chance.randrange(_size(session))
    event = session.execute(select(LEAVES.c.event).where(LEAVES.c.position == place)).scalar_one()
    row = session.execute(select(EVENTS).where(EVENTS.c.id == event)).mappings().one()
    said = json.loads(row["payload"]) | {"purposes": ["contact", "space"]}
    payload = json.dumps(said, sort_keys=True, separators=(",", ":"))
    leaf = leaf_of(row["salt"], payload)
    session.execute(update(EVENTS).where(EVENTS.c.id == event).values(payload=payload, leaf=leaf))
    session.execute(update(LEAVES).where(LEAVES.c.position == place).values(leaf=leaf))
    signer = chance.choice([None, Ed25519PrivateKey.generate()])
    hash_again(session, signer)
    return "another key" if signer else "old signatures"


def hash_again(session: Session, signer: Ed25519PrivateKey | None) -> None:
    """Make root and frontier of every checkpoint fit the leaves; sign them anew if there is a key."""
    frontier, before = Frontier(), 0
    leaves = iter(session.execute(select(LEAVES.c.leaf).order_by(LEAVES.c.position)).scalars().all())
    for one in session.execute(select(CHECKPOINTS).order_by(CHECKPOINTS.c.size)).mappings().all():
        while frontier.size < one["size"]:
            frontier.append(next(leaves))
        values: dict[str, Any] = {"root": frontier.root(), "frontier": frontier.to_bytes()}
        if signer:
            values["note"] = signed_note(Head(one["size"], frontier.root(), one["at"], before), signer)
        session.execute(update(CHECKPOINTS).where(CHECKPOINTS.c.size == one["size"]).values(values))
        before = one["size"]


MUTATIONS: tuple[Mutation, ...] = (flip, swap, drop, double, reorder, truncate, rewrite)


def _row(session: Session, chance: random.Random, table: Any) -> dict[str, Any]:
    rows = session.execute(select(table)).mappings().all()
    return dict(chance.choice(rows))


def _is(table: Table, row: dict[str, Any]) -> ColumnElement[bool]:
    keys = [column == row[column.name] for column in table.primary_key.columns]
    condition: ColumnElement[bool] = keys[0]
    for key in keys[1:]:
        condition = condition & key
    return condition


def _placed(session: Session, event: UUID) -> bool:
    return session.execute(select(LEAVES.c.position).where(LEAVES.c.event == event)).first() is not None


def _size(session: Session) -> int:
    places = session.execute(select(LEAVES.c.position)).scalars().all()
    return len(places)


def _other(value: Any, chance: random.Random) -> Any:
    """Return a value of the same type that is as near as can be."""
    if isinstance(value, UUID):
        return UUID(int=value.int ^ 1 << chance.randrange(128))
    if isinstance(value, datetime):
        return value + timedelta(microseconds=chance.choice([-1, 1]))
    if isinstance(value, bytes):
        at = chance.randrange(len(value))
        return value[:at] + bytes([value[at] ^ 1 << chance.randrange(8)]) + value[at + 1 :]
    if isinstance(value, str):
        at = chance.randrange(len(value))
        return value[:at] + chance.choice([sign for sign in "aZ09+ " if sign != value[at]]) + value[at + 1 :]
    return value + chance.choice([1000, 5000])
