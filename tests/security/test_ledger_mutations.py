"""Nothing that is done to the ledger's rows without its key goes unseen; and nothing honest raises an alarm."""

import json
import random
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from app.ledger.models import Checkpoint, Event, EventKey, EventSubject, Leaf
from app.ledger.sealed import canonical, with_sealed
from app.ledger.service import leaf_of
from app.worker.chain import Chain, LedgerRolledBack
from app.writer import ContentKey
from tests.factories.kept_ledger import KeptLedger, a_ledger, a_sealer, an_empty_ledger
from tests.factories.ledger_mutations import EVENTS, MUTATIONS, Mutation

A_KIND, A_KIND_PROVED = 43, 1429  # of seven kinds: 301, and 10,003


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KeptLedger]:
    """Three hundred events under thirty checkpoints, all anchored, and three events that wait."""
    with a_ledger(tmp_path_factory.mktemp("ledger"), 300) as made:
        assert made.faults(made.anchors) == []
        yield made


def unseen(ledger: KeptLedger, mutation: Mutation, seeds: range) -> list[str]:
    """Do a thing to the ledger once for each seed, and undo it; return what the verifier did not see."""
    missed = []
    for seed in seeds:
        with ledger.db.writing("ledger") as session:
            undone = session.begin_nested()
            done = mutation(session, random.Random(seed))  # noqa: S311 - a test that can be repeated
            if not ledger.faults_within(session, ledger.anchors):
                missed.append(f"{mutation.__name__} {seed}: {done}")
            undone.rollback()
    return missed


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda one: one.__name__)
def test_everything_done_to_the_rows_is_seen(ledger: KeptLedger, mutation: Mutation) -> None:
    assert unseen(ledger, mutation, range(A_KIND)) == []
    assert ledger.faults(ledger.anchors) == []  # it was undone each time


@pytest.mark.prove
@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda one: one.__name__)
def test_ten_thousand_things_done_to_the_rows_are_seen(ledger: KeptLedger, mutation: Mutation) -> None:
    assert unseen(ledger, mutation, range(A_KIND_PROVED)) == []


def test_without_any_key_only_the_index_goes_unseen(ledger: KeptLedger) -> None:
    """Whom events concern is sealed: a bundle that is not opened says nothing of it."""
    for seed in range(60):
        with ledger.db.writing("ledger") as session:
            undone = session.begin_nested()
            done = MUTATIONS[0](session, random.Random(seed))  # noqa: S311 - a test that can be repeated
            seen = ledger.faults_within(session, ledger.anchors, opened=False) != []
            assert seen != done.startswith("event_subjects"), f"{seed}: {done}"
            undone.rollback()


def test_a_verifier_that_looks_away_would_be_seen(ledger: KeptLedger, monkeypatch: pytest.MonkeyPatch) -> None:
    """The positive control: without its look at each event, changes are missed."""
    monkeypatch.setattr("app.ledger.verify.Verifier._content", lambda *_: None)
    assert unseen(ledger, MUTATIONS[0], range(A_KIND)) != []


def clean_run(folder: Path, seed: int) -> KeptLedger:
    """Keep a ledger honestly for a while: two processes of two threads each, rounds in between at any moment."""
    chance = random.Random(seed)  # noqa: S311 - a test that can be repeated
    with an_empty_ledger(folder) as ledger:
        for _ in range(chance.randrange(3, 7)):
            threads = [
                threading.Thread(target=ledger.write, args=(chance.randrange(1, 7), chance.random() * 90))
                for _ in range(2)
            ]
            for thread in threads:
                thread.start()
            if chance.random() < 0.5:
                ledger.chain.turn()
            for thread in threads:
                thread.join()
            if chance.random() < 0.8:
                ledger.chain.turn()
            assert ledger.faults(ledger.anchors if ledger.anchors.exists() else None) == []
    return ledger


@pytest.mark.parametrize("seed", range(20))
def test_a_clean_run_raises_no_alarm(tmp_path: Path, seed: int) -> None:
    clean_run(tmp_path, seed)


@pytest.mark.prove
@pytest.mark.parametrize("seed", range(100, 200))
def test_a_hundred_clean_runs_raise_no_alarm(tmp_path: Path, seed: int) -> None:
    clean_run(tmp_path, seed)


def resealed(session: Session, row: Any, key: ContentKey) -> str:
    """Return an event's payload with another content, sealed under somebody's own key: its index tells of whom."""
    whom = session.scalars(select(EventSubject.subject).where(EventSubject.event == row["id"]))
    said = {name: value for name, value in json.loads(row["payload"]).items() if name != "sealed"}
    content = {"subjects": sorted(str(one) for one in whom), "purposes": ["space"], "fields": {}}
    return canonical(with_sealed(said, content, key))


def rewritten_from(ledger: KeptLedger, size: int) -> None:
    """Take the ledger back to a checkpoint, and write what followed anew: other purposes, new salts and leaves.

    Nobody needs the keystore for that: the month's public key is enough to seal something else.
    """
    key = a_sealer(ledger.folder, ledger.keystore).under(ledger.clock())
    with ledger.db.writing("ledger") as session:
        session.execute(delete(Checkpoint).where(Checkpoint.size > size))
        later = session.scalars(select(Leaf.event).where(Leaf.position >= size)).all()
        session.execute(delete(Leaf).where(Leaf.position >= size))
        rows = session.execute(select(EVENTS).where(Event.id.in_(later))).mappings().all()
        session.execute(delete(Event).where(Event.id.in_(later)))
        session.add(EventKey(id=key.id, month=key.month, envelope=key.envelope))
        for row in rows:
            payload = resealed(session, row, key)
            new = {"payload": payload, "salt": bytes(32), "leaf": leaf_of(bytes(32), payload)}
            session.execute(insert(EVENTS).values(dict(row) | new))


def test_history_written_anew_and_signed_by_the_worker_is_seen_by_the_anchors_alone(tmp_path: Path) -> None:
    with a_ledger(tmp_path, 60, waiting=0) as ledger:
        rewritten_from(ledger, 30)
        with pytest.raises(LedgerRolledBack):  # the worker itself sees it, and signs nothing
            ledger.chain.turn()
        Chain(ledger.db, ledger.signer, ledger.clock, anchors=None).turn()  # one that has lost its anchors signs
        assert ledger.faults() == []
        assert ledger.faults(ledger.anchors) == ["anchored root"]


def test_what_was_cut_off_whole_is_seen_by_the_anchors_alone(tmp_path: Path) -> None:
    with a_ledger(tmp_path, 60, waiting=0) as ledger:
        with ledger.db.writing("ledger") as session:
            gone = select(Leaf.event).where(Leaf.position >= 40)
            session.execute(delete(Event).where(Event.id.in_(gone)))
            session.execute(delete(Leaf).where(Leaf.position >= 40))
            session.execute(delete(Checkpoint).where(Checkpoint.size > 40))
        assert ledger.faults() == []
        assert ledger.faults(ledger.anchors) == ["cut"]


def test_what_came_after_the_last_anchor_can_be_written_anew_unseen(tmp_path: Path) -> None:
    """The limit that docs/ledger.md tells: between two anchors, whoever may write every row is not seen."""
    with a_ledger(tmp_path, 60, waiting=0) as ledger:
        [file] = ledger.anchors.glob("*.notes")
        notes = file.read_text()
        file.write_text(notes[: notes.index("paravent-ledger\n40\n")])
        rewritten_from(ledger, 30)
        ledger.chain.turn()
        assert ledger.faults(ledger.anchors) == []
