"""The order of the ledger: events get places in batches, and the head of their tree is signed.

One sequencer at a time: an advisory lock on PostgreSQL, the write lock of the file on SQLite. `sequence` and
`checkpoint` belong in one transaction, so a leaf beyond the newest checkpoint was written by somebody else.

An event that was altered before it got its place is sequenced as it stands, by the leaf that its writer gave it. To
leave it out would let an altered row stop the chain, or be mended or removed without a trace. In the tree, its leaf
stays for ever beside a payload that does not match it, and the verifier names it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from sqlalchemy import Row, Select, exists, func, insert, select, text
from sqlalchemy.orm import Session

from app.ledger.models import Checkpoint, Event, Leaf
from app.ledger.notes import Head, NoteRefused, read_note, signed_note
from app.ledger.service import leaf_of
from app.ledger.tree import HASH_BYTES, Frontier, TreeMalformed

BATCH = 1000
"""Most events that one transaction gives a place to."""
_ONE_SEQUENCER = text("SELECT pg_advisory_xact_lock(7064202)")
_Unplaced = Row[*tuple[Any, ...]]


class LeafAltered(Exception):
    """Events were altered before they had a place in the tree; they were sequenced as they stand."""

    def __init__(self, count: int) -> None:
        super().__init__(f"{count} event(s) do not match their leaf: keep what `paravent ledger verify` says")
        self.count = count


class TreeAltered(Exception):
    """The newest checkpoint and the leaves do not agree: what would be signed next would not be the ledger."""

    def __init__(self, what: str) -> None:
        super().__init__(
            f"{what}; nothing more is signed. Run `paravent ledger verify`, and restore the tables `leaves` and "
            "`checkpoints` of the ledger from a copy"
        )


@dataclass(frozen=True, slots=True)
class Batch:
    """What one call sequenced: how many events, how many of them altered, and the time of the last.

    `after` is the head that the tree was grown from, as it was signed; None before the first.
    """

    frontier: Frontier
    after: Head | None
    count: int
    altered: int
    last: datetime | None


def waiting(session: Session, since: datetime | None = None) -> datetime | None:
    """Return the time of the oldest event without a place, of those not older than `since`; None without any."""
    found = session.execute(_unplaced(since).with_only_columns(Event.at).limit(1)).first()
    return found.at if found else None


def sequence(session: Session, trusted: Ed25519PublicKey, since: datetime | None = None) -> Batch:
    """Give up to 1,000 events without a place the next ones, in the order of their time and id.

    With `since`, older events are not looked for: a whole ledger takes a second in each million. Sign the returned
    batch with `checkpoint` in the same transaction. Raises TreeAltered.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(_ONE_SEQUENCER)
    frontier, after = _grown_so_far(session, trusted)
    found = session.execute(_unplaced(since).limit(BATCH)).all()
    if found:
        session.execute(insert(Leaf), _placed(found, frontier))
    altered = sum(leaf_of(event.salt, event.payload) != event.leaf for event in found)
    return Batch(frontier, after, len(found), altered, found[-1].at if found else None)


def checkpoint(session: Session, now: datetime, signer: Ed25519PrivateKey, batch: Batch) -> bool:
    """Sign the head of the tree if it grew, and say whether it did. Its time never goes back.

    Size and time of the one before are those that were signed: a row's columns only repeat them.
    """
    frontier, (size, at) = batch.frontier, (batch.after.size, batch.after.at) if batch.after else (0, now)
    if frontier.size <= size:
        return False
    head = Head(frontier.size, frontier.root(), max(now, at), after=size)
    note = signed_note(head, signer)
    row = {"size": head.size, "root": head.root, "at": head.at, "frontier": frontier.to_bytes(), "note": note}
    session.execute(insert(Checkpoint), [row])
    return True


def newest_checkpoint(session: Session) -> Checkpoint | None:
    """Return the checkpoint of the largest tree, or None before the first."""
    return session.scalar(select(Checkpoint).order_by(Checkpoint.size.desc()).limit(1))


def _unplaced(since: datetime | None) -> Select[*tuple[Any, ...]]:
    placed = exists().where(Leaf.event == Event.id)
    found = select(Event.id, Event.at, Event.payload, Event.salt, Event.leaf).where(~placed)
    if since is not None:
        found = found.where(Event.at >= since)
    return found.order_by(Event.at, Event.id)


def _placed(found: Sequence[_Unplaced], frontier: Frontier) -> list[dict[str, Any]]:
    """Return the rows that give events the next places, and let the frontier grow by them."""
    rows = []
    for event in found:
        leaf = event.leaf if len(event.leaf) == HASH_BYTES else leaf_of(event.salt, event.payload)
        rows.append({"position": frontier.size, "event": event.id, "leaf": leaf})
        frontier.append(leaf)
    return rows


def _grown_so_far(session: Session, trusted: Ed25519PublicKey) -> tuple[Frontier, Head | None]:
    """Return the newest checkpoint's tree and head.

    Raises TreeAltered unless it is signed and all leaves are under it.
    """
    newest = newest_checkpoint(session)
    frontier, head = _signed_tree(session, newest, trusted) if newest else (Frontier(), None)
    last = session.scalar(select(func.max(Leaf.position)))
    if frontier.size != (0 if last is None else last + 1):
        raise TreeAltered("the newest checkpoint is of more or fewer events than there are leaves")
    return frontier, head


def _signed_tree(session: Session, newest: Checkpoint, trusted: Ed25519PublicKey) -> tuple[Frontier, Head]:
    """Return a checkpoint's frontier, which is made again from the leaves if it was altered, and its head."""
    try:
        head = read_note(newest.note, trusted)
        kept = Frontier.from_bytes(newest.frontier)
    except NoteRefused as error:
        raise TreeAltered("the newest checkpoint is not signed by this installation's key") from error
    except TreeMalformed:
        kept = Frontier()
    if (kept.size, kept.root()) == (head.size, head.root):
        return kept, head
    made = Frontier()
    for leaf in session.scalars(select(Leaf.leaf).where(Leaf.position < head.size).order_by(Leaf.position)):
        made.append(leaf)
    if (made.size, made.root()) != (head.size, head.root):
        raise TreeAltered("the leaves are not those that the newest checkpoint was signed over")
    return made, head
