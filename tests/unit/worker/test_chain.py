"""The worker's round over the ledger: all is chained, then anchored; and it may be killed anywhere."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from app.db import Databases, SiloUnavailable
from app.ledger.models import Checkpoint, Event, Leaf
from app.ledger.notes import NOTE
from app.ledger.sequence import Batch, LeafAltered, sequence
from app.worker import chain
from app.worker.chain import Chain, LedgerRolledBack, last_anchored, signer_of
from app.worker.loop import rounds, turn
from tests.factories.house import House
from tests.factories.kept_ledger import KeptLedger, a_ledger, an_empty_ledger
from tests.factories.mortal import killed_everywhere


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[KeptLedger]:
    """A ledger without an event."""
    with an_empty_ledger(tmp_path) as made:
        yield made


def _anchored(ledger: KeptLedger) -> list[int]:
    return [int(found[2]) for file in sorted(ledger.anchors.iterdir()) for found in NOTE.finditer(file.read_text())]


def test_what_is_new_is_chained_signed_and_anchored(ledger: KeptLedger) -> None:
    assert ledger.chain.turn() == 0
    assert not ledger.anchors.exists()
    ledger.write(4)
    assert ledger.chain.turn() == 4
    assert ledger.chain.turn() == 0
    ledger.write(2)
    assert ledger.chain.turn() == 2
    assert _anchored(ledger) == [4, 6]
    assert ledger.faults(ledger.anchors) == []


def test_a_file_a_day_to_which_notes_are_only_added(ledger: KeptLedger) -> None:
    ledger.write(1)
    ledger.chain.turn()
    [first] = ledger.anchors.iterdir()
    before = first.read_bytes()
    ledger.clock.forward(days=1)
    ledger.write(1)
    ledger.chain.turn()
    assert [file.name for file in sorted(ledger.anchors.iterdir())] == ["2026-11-23.notes", "2026-11-24.notes"]
    assert first.read_bytes() == before
    assert last_anchored(ledger.anchors) == 2


def test_a_long_backlog_is_chained_batch_after_batch(ledger: KeptLedger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.ledger.sequence.BATCH", 5)
    monkeypatch.setattr(chain, "BATCH", 5)
    monkeypatch.setattr(chain, "_BATCHES", 2)
    ledger.write(23, seconds=0)
    assert [ledger.chain.turn() for _ in range(4)] == [10, 10, 3, 0]
    assert ledger.faults(ledger.anchors) == []


def test_a_late_event_is_found_within_the_hour(ledger: KeptLedger) -> None:
    ledger.write(1)
    ledger.chain.turn()
    ledger.clock.forward(minutes=-30)
    ledger.write(1)
    ledger.clock.forward(minutes=30)
    assert ledger.chain.turn() == 0
    assert ledger.faults() == []
    ledger.clock.forward(minutes=61)
    assert ledger.chain.turn() == 1
    assert ledger.faults(ledger.anchors) == []


def test_a_look_through_the_whole_ledger_that_failed_is_done_again(
    ledger: KeptLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise SiloUnavailable("ledger")

    ledger.write(1)
    ledger.clock.forward(minutes=30)
    with monkeypatch.context() as failing:
        failing.setattr(chain, "waiting", away)
        with pytest.raises(SiloUnavailable):
            ledger.chain.turn()
    assert ledger.chain.turn() == 1


def test_places_are_looked_for_under_the_lock_from_the_oldest_that_waits(
    ledger: KeptLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On SQLite nobody writes meanwhile, so the whole ledger is looked through before."""
    given: list[datetime | None] = []

    def watched(session: Session, trusted: Ed25519PublicKey, since: datetime | None = None) -> Batch:
        given.append(since)
        return sequence(session, trusted, since)

    monkeypatch.setattr(chain, "sequence", watched)
    ledger.write(3)
    ledger.chain.turn()
    with ledger.db.reading("ledger") as session:
        assert given == [session.scalar(select(func.min(Event.at)))]


def test_an_altered_event_is_told_once_and_does_not_stop_the_chain(ledger: KeptLedger) -> None:
    ledger.write(5)
    with ledger.db.writing("ledger") as session:
        one = session.scalars(select(Event.id)).first()
        session.execute(update(Event).where(Event.id == one).values(salt=bytes(32)))
    with pytest.raises(LeafAltered):
        ledger.chain.turn()
    assert _anchored(ledger) == [5]
    ledger.write(1)
    assert ledger.chain.turn() == 1
    assert ledger.faults(ledger.anchors) == ["leaf"]


def test_a_worker_killed_anywhere_leaves_what_the_next_completes(ledger: KeptLedger) -> None:
    def act(dying: Databases) -> None:
        ledger.write(2)
        Chain(dying, ledger.signer, ledger.clock, ledger.anchors).turn()

    def repeat() -> None:
        ledger.chain.turn()
        assert ledger.faults(ledger.anchors) == []

    assert killed_everywhere(ledger.db, act, repeat) == 2
    with ledger.db.reading("ledger") as session:
        sizes = list(session.scalars(select(Checkpoint.size).order_by(Checkpoint.size)))
    assert _anchored(ledger) == sizes[sizes.index(_anchored(ledger)[0]) :]


def test_no_more_is_signed_once_the_database_holds_less_than_was_anchored(tmp_path: Path) -> None:
    with a_ledger(tmp_path, 30) as ledger:
        with ledger.db.writing("ledger") as session:
            session.execute(delete(Checkpoint).where(Checkpoint.size == 30))
            session.execute(delete(Leaf).where(Leaf.position >= 20))
        with pytest.raises(LedgerRolledBack, match="PARAVENT_ANCHORS"):
            ledger.chain.turn()
        elsewhere = Chain(ledger.db, ledger.signer, ledger.clock, tmp_path / "other")
        assert elsewhere.turn() == 13


def test_the_first_anchor_is_the_newest_checkpoint(tmp_path: Path) -> None:
    with a_ledger(tmp_path, 30, waiting=0) as ledger:
        Chain(ledger.db, ledger.signer, ledger.clock, tmp_path / "other").turn()
        assert last_anchored(tmp_path / "other") == 30
        assert len(NOTE.findall(next((tmp_path / "other").iterdir()).read_text())) == 1


def test_the_loop_chains_what_its_rounds_wrote(house: House) -> None:
    todo = rounds(house.db, house.vault, house.clock, house.root / "anchors")
    turn(todo, house.clock)
    with house.db.reading("ledger") as session:
        events = set(session.scalars(select(Event.id)))
        assert set(session.scalars(select(Leaf.event))) == events
    assert last_anchored(house.root / "anchors") == len(events) == 4  # keys: day, week, two months


def test_the_signing_key_follows_from_the_keystore_alone(house: House) -> None:
    keys = {signer_of(house.keystore).public_key().public_bytes_raw() for _ in range(2)}
    assert len(keys) == 1
    assert keys != {house.keystore.verify_key}
    assert UUID(int=0).bytes not in keys
