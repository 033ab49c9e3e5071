"""The verifier: what it finds sound, what it names, and what it says that it can't know."""

import json
import string
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import delete, func, select, text, update

from app.ledger import verify
from app.ledger.export import bundle
from app.ledger.models import Checkpoint, Event, Leaf
from app.ledger.notes import NOTE
from app.ledger.service import LedgerUnavailable, record
from app.writer import Turn
from tests.factories.kept_ledger import ACTOR, CASE, UNREADABLE, KeptLedger, a_ledger, an_empty_ledger

VERIFIER = Path(verify.__file__)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[KeptLedger]:
    """Forty events under four checkpoints, and three that wait."""
    with a_ledger(tmp_path, 40) as made:
        yield made


def _lines(ledger: KeptLedger) -> list[str]:
    with ledger.db.reading("ledger") as session:
        return list(bundle(session, ledger.clock()))


def _alone(tmp_path: Path, ledger: KeptLedger, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run a copy of the one file, in a folder that holds nothing else, on a bundle."""
    alone = tmp_path / "alone"
    alone.mkdir(exist_ok=True)
    copy = alone / "verify.py"
    copy.write_text(VERIFIER.read_text())
    (alone / "bundle.jsonl").write_text("".join(_lines(ledger)))
    command = [sys.executable, "-I", str(copy), *arguments, "bundle.jsonl"]
    return subprocess.run(command, cwd=alone, capture_output=True, text=True, check=False)  # noqa: S603 - our own


def test_one_file_alone_finds_a_sound_ledger_sound(tmp_path: Path, ledger: KeptLedger) -> None:
    done = _alone(tmp_path, ledger, "--key", ledger.key.hex(), "--anchors", str(ledger.anchors))
    assert (done.returncode, done.stderr) == (0, "")
    first, closed, verdict, unknown = done.stdout.splitlines()
    assert first == "40 events in order, 3 waiting for a place, 4 checkpoints, 4 anchored notes, 2 writers"
    assert closed == "43 events under 2 closed keys, of months 2026-11"
    assert verdict == "sound"
    assert "what was never recorded, and what was cut off after the last anchored note" in unknown


def test_one_file_alone_names_a_fault_and_no_payload(tmp_path: Path, ledger: KeptLedger) -> None:
    with ledger.db.writing("ledger") as session:
        event = session.scalar(select(Leaf.event).where(Leaf.position == 11))
        session.execute(update(Event).where(Event.id == event).values(zone="patient"))
    done = _alone(tmp_path, ledger, "--key", ledger.key.hex())
    assert done.returncode == 1
    assert "columns: position 11\n" in done.stdout
    assert "\nFAULTS: 1 columns\n" in done.stdout
    assert "case.opened" not in done.stdout


def test_another_key_finds_no_checkpoint_signed(tmp_path: Path, ledger: KeptLedger) -> None:
    done = _alone(tmp_path, ledger, "--key", bytes(31).hex() + "01")
    assert done.returncode == 1
    assert "4 signature" in done.stdout


@pytest.mark.parametrize("arguments", [["--key", "ab"], ["--key", "ab" * 32, "--anchors", "nowhere"]])
def test_what_cannot_be_used_is_said(tmp_path: Path, ledger: KeptLedger, arguments: list[str]) -> None:
    done = _alone(tmp_path, ledger, *arguments)
    assert done.returncode == 2
    assert done.stdout.startswith("unreadable: ")
    assert done.stderr == ""


def test_an_empty_ledger_is_sound(tmp_path: Path) -> None:
    with an_empty_ledger(tmp_path) as ledger:
        ledger.chain.turn()
        assert ledger.faults() == []


def test_the_verifier_imports_nothing_of_ours() -> None:
    assert "import app" not in VERIFIER.read_text()
    assert "from app" not in VERIFIER.read_text()


def test_a_cut_bundle_is_unreadable(ledger: KeptLedger) -> None:
    lines = _lines(ledger)
    assert ledger.faults_of(lines) == []
    for kept in (0, 1, 20, len(lines) - 1):
        assert ledger.faults_of(lines[:kept]) == UNREADABLE


def test_a_line_of_another_form_is_a_fault(ledger: KeptLedger) -> None:
    lines = _lines(ledger)
    for wrong in ("nonsense", "[]", '{"kind":"other"}', "[" * 100_000, lines[0]):
        assert "form" in ledger.faults_of([*lines[:5], wrong + "\n", *lines[6:]])
    assert ledger.faults_of([lines[1], *lines[1:]]) == UNREADABLE


def _changed(lines: list[str], number: int, **values: Any) -> list[str]:
    entry = json.loads(lines[number]) | values
    return [*lines[:number], json.dumps(entry) + "\n", *lines[number + 1 :]]


@pytest.mark.parametrize(
    ("values", "fault"),
    [
        ({"position": "4"}, "form"),
        ({"leaf": "ab"}, "form"),
        ({"salt": "ab"}, "form"),
        ({"payload": "{}"}, "form"),
        ({"at": "yesterday"}, "form"),
        ({"payload": None}, "payload gone"),
        ({"position": 5}, "order"),
        ({"subjects": ["somebody"]}, "columns"),
        ({"written": "00" * 32}, "leaf"),
    ],
)
def test_each_field_of_an_event_is_looked_at(ledger: KeptLedger, values: dict[str, Any], fault: str) -> None:
    assert fault in ledger.faults_of(_changed(_lines(ledger), 5, **values))


def test_rows_that_are_gone_are_named(ledger: KeptLedger) -> None:
    with ledger.db.writing("ledger") as session:
        old = select(Leaf.event).where(Leaf.position < 15)
        session.execute(delete(Event).where(Event.id.in_(old)))
    assert ledger.faults_of(_lines(ledger)) == ["gap", "payload gone"]


def test_an_event_removed_before_it_had_a_place_leaves_a_gap(ledger: KeptLedger) -> None:
    ledger.write(10, seconds=61)
    with ledger.db.writing("ledger") as session:
        waiting = select(Event.id).where(~select(Leaf).where(Leaf.event == Event.id).exists())
        first = session.scalars(waiting.order_by(Event.at).limit(5)).all()[-1]
        session.execute(delete(Event).where(Event.id == first))
    ledger.chain.turn()
    assert ledger.faults(ledger.anchors) == ["gap"]


def test_an_event_still_on_its_way_is_no_gap(ledger: KeptLedger) -> None:
    under_way = ledger.db.writer.take()
    ledger.write(2, seconds=1)
    ledger.chain.turn()
    assert ledger.faults() == []
    ledger.write(2, seconds=61)
    ledger.chain.turn()
    assert ledger.faults() == ["gap"]
    ledger.db.writer.lost(under_way)
    ledger.write(2)
    ledger.chain.turn()
    assert ledger.faults() == []


def test_what_was_not_written_is_told_by_the_next_event(ledger: KeptLedger) -> None:
    with ledger.db.writing("ledger") as session:
        session.execute(text("CREATE TRIGGER shut BEFORE INSERT ON events BEGIN SELECT RAISE(ABORT, 'no'); END"))
    for _ in range(3):
        with pytest.raises(LedgerUnavailable):
            record(ledger.db, ledger.clock(), "clinic", "case.opened", [uuid4()], ["care"], **CASE)
    with ledger.db.writing("ledger") as session:
        session.execute(text("DROP TRIGGER shut"))
    ledger.write(4, seconds=61)
    ledger.chain.turn()
    assert ledger.faults() == []
    with ledger.db.reading("ledger") as session:
        told = [json.loads(one)["unwritten"] for one in session.scalars(select(Event.payload))]
    assert [last - first for ranges in told for first, last in ranges if first != last] == [2]


def test_a_repeated_event_that_was_overtaken_is_told_at_once(ledger: KeptLedger) -> None:
    """Else, should its process write no more, its count would look removed."""
    once, writer = uuid4(), ledger.db.writer
    taken = writer.take

    def overtaken() -> Turn:
        turn = taken()
        writer.take = taken  # type: ignore[method-assign]
        record(ledger.db, ledger.clock(), "clinic", "case.opened", [uuid4()], ["care"], **CASE)
        return turn

    for take in (taken, overtaken):
        writer.take = take  # type: ignore[method-assign]
        record(ledger.db, ledger.clock(), "worker", "submission.taken_in", once=once, submission=once)
    ledger.clock.forward(minutes=5)
    ledger.chain.turn()
    assert ledger.faults() == []
    with ledger.db.reading("ledger") as session:
        assert session.scalar(select(func.count()).where(Event.name == "count.told")) == 1


def test_an_event_that_gets_no_place_is_named(ledger: KeptLedger) -> None:
    ledger.chain.turn()
    for minutes, faults in ((119, []), (121, ["passed over"])):
        then = ledger.clock() - timedelta(minutes=minutes)
        record(ledger.db, then, "cli", "contact.opened", actor=ACTOR, role="desk")
        assert ledger.faults() == faults


def test_an_event_ahead_of_its_time_makes_no_other_late_or_missing(ledger: KeptLedger) -> None:
    """A zone says itself when its events were: only the signed time measures."""
    under_way = ledger.db.writer.take()
    ledger.write(2, seconds=1)
    record(ledger.db, ledger.clock() + timedelta(days=400), "cli", "contact.opened", actor=ACTOR, role="desk")
    ledger.chain.turn()
    ledger.write(1, seconds=1)
    assert ledger.faults(ledger.anchors) == []
    ledger.db.writer.lost(under_way)


@pytest.mark.parametrize("events", [0, 20])
def test_a_folder_without_a_note_is_a_fault_once_there_is_a_checkpoint(tmp_path: Path, events: int) -> None:
    (tmp_path / "mistyped").mkdir()
    with a_ledger(tmp_path, events) as ledger:
        done = _alone(tmp_path, ledger, "--key", ledger.key.hex(), "--anchors", str(tmp_path / "mistyped"))
    assert done.returncode == (1 if events else 0)
    assert ("anchor: the folder holds no note" in done.stdout) == bool(events)


def test_a_note_left_unfinished_and_written_again_is_no_fault(tmp_path: Path) -> None:
    with a_ledger(tmp_path, 20, waiting=0) as ledger:
        [file] = ledger.anchors.glob("*.notes")
        whole = file.read_text()
        last = [found.start() for found in NOTE.finditer(whole)][-1]
        for cut in (last + 5, last + 60, len(whole) - 20):
            file.write_text(whole[:cut])
            assert ledger.faults(ledger.anchors) == ([] if cut < len(whole) - 20 else ["anchor"])
            ledger.chain.turn()
            assert ledger.faults(ledger.anchors) == []
            assert file.read_text() == whole[:cut] + "\n\n" + whole[last:]


def test_an_altered_anchor_is_a_fault(ledger: KeptLedger) -> None:
    [file] = ledger.anchors.glob("*.notes")
    whole = file.read_text()
    for at in range(0, len(whole), 7):
        other = "x" if whole[at] != "x" else "y"
        file.write_text(whole[:at] + other + whole[at + 1 :])
        assert ledger.faults(ledger.anchors) != [], at


def test_a_signature_written_in_another_way_is_a_fault(ledger: KeptLedger) -> None:
    """The last sign of base64 has two bits that decode to nothing."""
    signs = string.ascii_uppercase + string.ascii_lowercase + string.digits + "+/"
    with ledger.db.writing("ledger") as session:
        newest = session.scalars(select(Checkpoint).order_by(Checkpoint.size.desc())).first()
        assert newest is not None
        last = newest.note[-3]
        newest.note = newest.note[:-3] + signs[signs.index(last) ^ 1] + "=\n"
    assert ledger.faults() == ["signature", "unsigned"]


def test_an_event_given_twice_is_a_fault(ledger: KeptLedger) -> None:
    *lines, end = _lines(ledger)
    assert json.loads(lines[-1])["position"] is None
    end = json.dumps(json.loads(end) | {"lines": len(lines) + 1}) + "\n"
    assert ledger.faults_of([*lines, lines[-1], end]) == ["twice"]


def test_a_bundle_of_many_pages_is_whole(ledger: KeptLedger, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = _lines(ledger)
    for page in (1, 7, 40, 41):
        monkeypatch.setattr("app.ledger.export._PAGE", page)
        assert _lines(ledger) == whole


def test_anchors_of_other_events_are_a_fault(ledger: KeptLedger, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    with a_ledger(other, 50) as longer:
        assert longer.key == ledger.key
        assert ledger.faults(longer.anchors) == ["anchored root", "cut"]


def test_the_ledger_was_not_touched_by_its_verification(ledger: KeptLedger) -> None:
    with ledger.db.reading("ledger") as session:
        before = session.scalar(select(func.count()).select_from(Event))
    ledger.faults(ledger.anchors)
    with ledger.db.reading("ledger") as session:
        assert session.scalar(select(func.count()).select_from(Event)) == before == 43
