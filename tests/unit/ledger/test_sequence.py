"""The order of events and its signed heads: one place each, signed once, and never over what is not the ledger."""

import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import delete, func, select, update

from app.db import Databases
from app.ledger import sequence as sequencing
from app.ledger.models import Base, Checkpoint, Event, Leaf
from app.ledger.notes import Head, NoteRefused, read_note, signed_note
from app.ledger.sequence import TreeAltered, checkpoint, sequence, waiting
from app.ledger.service import record
from app.ledger.tree import Frontier, root_of
from tests.factories.house import MONDAY
from tests.factories.kept_ledger import CASE, KeptLedger, a_keystore, a_sealer, an_empty_ledger
from tests.factories.scratch import postgres_urls


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[KeptLedger]:
    """A ledger of twelve events without a place."""
    with an_empty_ledger(tmp_path) as made:
        made.write(12)
        yield made


def _round(ledger: KeptLedger) -> int:
    with ledger.db.writing("ledger") as session:
        batch = sequence(session, ledger.signer.public_key())
        checkpoint(session, ledger.clock(), ledger.signer, batch)
    return batch.count


def test_events_get_places_in_the_order_of_their_time(ledger: KeptLedger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sequencing, "BATCH", 5)
    assert [_round(ledger) for _ in range(4)] == [5, 5, 2, 0]
    with ledger.db.reading("ledger") as session:
        leaves = session.scalars(select(Leaf).order_by(Leaf.position)).all()
        events = session.scalars(select(Event).order_by(Event.at)).all()
        heads = session.scalars(select(Checkpoint).order_by(Checkpoint.size)).all()
        assert not waiting(session)
    assert [(one.position, one.event, one.leaf) for one in leaves] == [
        (place, event.id, event.leaf) for place, event in enumerate(events)
    ]
    assert [one.size for one in heads] == [5, 10, 12]
    assert heads[-1].root == root_of([event.leaf for event in events])


def test_a_checkpoint_says_size_root_time_and_the_one_before(ledger: KeptLedger) -> None:
    _round(ledger)
    ledger.write(1)
    _round(ledger)
    with ledger.db.reading("ledger") as session:
        newest = session.scalars(select(Checkpoint).order_by(Checkpoint.size.desc())).first()
    assert newest is not None
    head = read_note(newest.note, ledger.signer.public_key())
    assert head == Head(13, newest.root, newest.at, after=12)
    assert newest.note.splitlines()[:2] == ["paravent-ledger", "13"]


def test_time_never_goes_back_in_checkpoints(ledger: KeptLedger) -> None:
    _round(ledger)
    with ledger.db.reading("ledger") as session:
        first = session.scalar(select(Checkpoint.at))
    ledger.write(1)
    ledger.clock.forward(days=-1)
    _round(ledger)
    with ledger.db.reading("ledger") as session:
        assert session.scalars(select(Checkpoint.at)).all() == [first, first]


def test_the_next_head_follows_from_what_was_signed_and_not_from_columns(ledger: KeptLedger) -> None:
    _round(ledger)
    with ledger.db.writing("ledger") as session:
        session.execute(update(Checkpoint).values(size=9, at=ledger.clock() + timedelta(days=400)))
    ledger.write(1)
    _round(ledger)
    with ledger.db.reading("ledger") as session:
        newest = session.scalars(select(Checkpoint).order_by(Checkpoint.size.desc())).first()
        assert newest is not None
        assert read_note(newest.note, ledger.signer.public_key()) == Head(13, newest.root, ledger.clock(), after=12)


def test_a_note_is_refused_when_one_sign_is_another() -> None:
    signer = Ed25519PrivateKey.from_private_bytes(bytes(32))
    note = signed_note(Head(300, bytes(32), MONDAY, 290), signer)
    assert read_note(note, signer.public_key()).size == 300
    for at in range(len(note)):
        with pytest.raises(NoteRefused):
            read_note(note[:at] + ("x" if note[at] != "x" else "y") + note[at + 1 :], signer.public_key())
    with pytest.raises(NoteRefused):
        read_note(note, Ed25519PrivateKey.from_private_bytes(bytes(31) + b"1").public_key())


def test_older_events_are_not_looked_for_when_told_so(ledger: KeptLedger) -> None:
    with ledger.db.writing("ledger") as session:
        batch = sequence(session, ledger.signer.public_key(), since=ledger.clock() - timedelta(seconds=20))
        assert batch.count == 3
        assert waiting(session) == session.scalar(select(func.min(Event.at)).where(Event.at < batch.last))
        assert not waiting(session, since=ledger.clock() - timedelta(seconds=20))


def test_an_altered_event_is_sequenced_as_it_stands_and_counted(ledger: KeptLedger) -> None:
    with ledger.db.writing("ledger") as session:
        victim = session.scalars(select(Event)).first()
        assert victim is not None
        leaf = victim.leaf
        session.execute(update(Event).where(Event.id == victim.id).values(payload='{"schema":1}'))
    with ledger.db.writing("ledger") as session:
        batch = sequence(session, ledger.signer.public_key())
        assert (batch.count, batch.altered) == (12, 1)
        assert session.scalar(select(Leaf.leaf).where(Leaf.event == victim.id)) == leaf


def test_a_leaf_of_another_length_stops_nothing(ledger: KeptLedger) -> None:
    with ledger.db.writing("ledger") as session:
        one = session.scalars(select(Event.id)).first()
        session.execute(update(Event).where(Event.id == one).values(leaf=b"short"))
    assert _round(ledger) == 12
    assert ledger.faults() == ["form", "leaf"] or ledger.faults() == ["leaf"]


def test_an_altered_frontier_is_made_again_from_the_leaves(ledger: KeptLedger) -> None:
    _round(ledger)
    ledger.write(3)
    for wrong in (b"", bytes(8), Frontier(1, [bytes(32)]).to_bytes()):
        with ledger.db.writing("ledger") as session:
            undone = session.begin_nested()
            session.execute(update(Checkpoint).values(frontier=wrong))
            assert sequence(session, ledger.signer.public_key()).frontier.size == 15
            undone.rollback()


@pytest.mark.parametrize(
    "altered",
    [
        update(Checkpoint).values(note="paravent-ledger\n12\n"),
        update(Leaf).where(Leaf.position == 3).values(leaf=bytes(32)),
        delete(Leaf).where(Leaf.position == 11),
        delete(Checkpoint),
    ],
    ids=["note", "leaf", "cut", "no checkpoint"],
)
def test_nothing_is_signed_over_what_is_not_the_ledger(ledger: KeptLedger, altered: object) -> None:
    _round(ledger)
    ledger.write(1)
    with ledger.db.writing("ledger") as session:
        session.execute(altered)  # type: ignore[call-overload]
        session.execute(update(Checkpoint).values(frontier=b""))
    with pytest.raises(TreeAltered, match="nothing more is signed"):
        _round(ledger)


def test_a_leaf_that_somebody_added_is_not_signed(ledger: KeptLedger) -> None:
    _round(ledger)
    with ledger.db.writing("ledger") as session:
        session.add(Leaf(position=12, event=uuid4(), leaf=bytes(32)))
    with pytest.raises(TreeAltered, match="more or fewer"):
        _round(ledger)


@pytest.mark.postgres
def test_sequencers_on_postgresql_take_turns_while_events_are_written(tmp_path: Path) -> None:
    signer = Ed25519PrivateKey.from_private_bytes(bytes(32))
    with postgres_urls() as urls:
        db = Databases({"ledger": urls["ledger"]}, sealer=a_sealer(tmp_path, a_keystore(tmp_path, MONDAY)))
        Base.metadata.create_all(db.engine("ledger"))
        done = threading.Event()

        def sequencer() -> None:
            last = False
            while not last:
                last = done.is_set()
                with db.writing("ledger") as session:
                    batch = sequence(session, signer.public_key())
                    checkpoint(session, MONDAY, signer, batch)

        workers = [threading.Thread(target=sequencer) for _ in range(3)]
        for worker in workers:
            worker.start()
        for _ in range(60):
            record(db, MONDAY, "clinic", "case.opened", [uuid4()], ["care"], **CASE)
        done.set()
        for worker in workers:
            worker.join(timeout=20)
        with db.reading("ledger") as session:
            assert session.scalar(select(func.count()).select_from(Leaf)) == 60
            assert session.scalar(select(func.max(Checkpoint.size))) == 60
        db.dispose()
