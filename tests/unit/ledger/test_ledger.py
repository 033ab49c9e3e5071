"""The ledger: only declared events, durable before the receipt, and nothing personal."""

import ast
import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, text

from app.db import Databases, SiloUnavailable
from app.ledger.events import EVENTS, EventRefused, checked
from app.ledger.models import Base, Event, EventSubject
from app.ledger.opening import EventKeys
from app.ledger.sealed import Content, canonical, content_of
from app.ledger.service import LedgerKeyMissing, LedgerUnavailable, events_for, leaf_of, record
from app.vault.keystore import Keystore, Unlock
from tests.factories.house import told
from tests.factories.kept_ledger import a_keystore, a_sealer

APP = Path(__file__).resolve().parents[3] / "app"
NOW = datetime(2026, 11, 18, 9, 30, tzinfo=UTC)
ACTOR = UUID(int=1)
CASE: dict[str, Any] = {"actor": ACTOR, "role": "practitioner", "form": "screen"}


def _ledger(tmp_path: Path) -> Databases:
    db = _at(tmp_path, tmp_path / "ledger.sqlite")
    Base.metadata.create_all(db.engine("ledger"))
    return db


def _at(tmp_path: Path, file: Path) -> Databases:
    sealer = a_sealer(tmp_path, a_keystore(tmp_path, NOW))
    return Databases({"ledger": f"sqlite:///{file}"}, sealer=sealer)


def _keys(tmp_path: Path, db: Databases) -> EventKeys:
    return EventKeys(db, Keystore.open(tmp_path / "keystore", Unlock(key_file=tmp_path / "unlock")))


def _rows(db: Databases) -> list[Event]:
    with db.reading("ledger") as session:
        return list(session.scalars(select(Event)))


def test_a_receipt_names_what_was_written(tmp_path: Path) -> None:
    db, subject = _ledger(tmp_path), uuid4()
    receipt = record(db, NOW, "clinic", "case.opened", [subject], ["care"], **CASE)
    [row] = _rows(Databases({"ledger": f"sqlite:///{tmp_path}/ledger.sqlite"}))
    assert (receipt.event, receipt.subjects, receipt.purposes) == (
        row.id,
        frozenset([subject]),
        frozenset(["care"]),
    )
    assert (row.zone, row.name, row.at) == ("clinic", "case.opened", NOW)


def test_the_payload_is_canonical_and_its_leaf_salted(tmp_path: Path) -> None:
    db, one, other = _ledger(tmp_path), UUID(int=3), UUID(int=2)
    paris = NOW.astimezone(timezone(timedelta(hours=1)))
    receipt = record(db, paris, "clinic", "case.opened", [one, other, one], ["contact", "care"], **CASE)
    [row] = _rows(db)
    said = json.loads(row.payload)
    assert row.payload == (
        '{"at":"2026-11-18T09:30:00.000000+00:00","count":1,"event":"' + str(receipt.event) + '",'
        '"key":"' + said["key"] + '","name":"case.opened","schema":3,"sealed":"' + said["sealed"] + '",'
        '"unwritten":[],"writer":"' + str(db.writer.take().writer) + '","zone":"clinic"}'
    )
    assert content_of(row, _keys(tmp_path, db)) == Content(
        (str(other), str(one)),
        ("care", "contact"),
        {"actor": "00000000-0000-0000-0000-000000000001", "form": "screen", "role": "practitioner"},
    )
    assert row.leaf == leaf_of(row.salt, row.payload)
    assert leaf_of(bytes(32), row.payload) != row.leaf


def test_a_list_covers_everybody_on_it(tmp_path: Path) -> None:
    db, subjects = _ledger(tmp_path), [uuid4() for _ in range(300)]
    fields: dict[str, Any] = {"actor": ACTOR, "role": "desk", "list": "day", "form": "print", "count": 300}
    receipt = record(db, NOW, "clinic", "list.opened", subjects, ["contact"], **fields)
    assert receipt.subjects == frozenset(subjects)
    [entry] = events_for(db, subjects[150], _keys(tmp_path, db))
    assert entry.intact
    assert told(entry).fields["count"] == 300
    assert len(told(entry).subjects) == 300


def test_somebodys_events_are_found_in_order_and_an_altered_one_shows(tmp_path: Path) -> None:
    db, subject = _ledger(tmp_path), uuid4()
    for minutes in (5, 0):
        record(db, NOW + timedelta(minutes=minutes), "clinic", "case.opened", [subject], ["care"], **CASE)
    record(db, NOW, "clinic", "case.opened", [uuid4()], ["care"], **CASE)
    keys = _keys(tmp_path, db)
    first, second = events_for(db, subject, keys)
    assert (first.at, second.at) == (NOW, NOW + timedelta(minutes=5))
    with db.writing("ledger") as session:
        event = session.get_one(Event, first.id)
        event.payload = canonical(json.loads(event.payload) | {"zone": "patient"})
    altered, whole = events_for(db, subject, keys)
    assert (altered.intact, altered.content, whole.intact, whole.content) == (False, None, True, second.content)


def test_a_step_repeated_is_written_once(tmp_path: Path) -> None:
    db, once, subject = _ledger(tmp_path), uuid4(), uuid4()
    sent: dict[str, Any] = {"submission": once, "kind": "call", "digest": "0" * 64}
    for _ in range(3):
        receipt = record(db, NOW, "patient", "submission.sent", [subject], once=once, **sent)
    assert (receipt.event, receipt.subjects) == (once, frozenset())
    assert [row.id for row in _rows(db)] == [once]
    assert len(events_for(db, subject, _keys(tmp_path, db))) == 1


def test_every_event_refuses_a_missing_and_an_unknown_field() -> None:
    for name, declared in EVENTS.items():
        with pytest.raises(EventRefused, match="exactly"):
            checked(name, dict.fromkeys(declared, 1) | {"name": "marker"})
        with pytest.raises(EventRefused):
            checked(name, dict.fromkeys(list(declared)[1:], 1))


@given(value=st.text() | st.booleans() | st.integers(max_value=-1) | st.floats() | st.lists(st.integers()))
def test_no_field_of_any_event_takes_what_somebody_typed(value: Any) -> None:
    for name, declared in EVENTS.items():
        with pytest.raises(EventRefused) as caught:
            checked(name, dict.fromkeys(declared, value))
        assert "marker" not in str(caught.value)


@pytest.mark.parametrize(
    "wrong",
    [
        {"actor": str(ACTOR)},
        {"role": "Marker Dupont"},
        {"role": "practitioner\n"},
        {"form": None},
        {"actor": None},
    ],
)
def test_a_value_outside_its_set_is_refused_unrepeated(tmp_path: Path, wrong: dict[str, Any]) -> None:
    db = _ledger(tmp_path)
    with pytest.raises(EventRefused) as caught:
        record(db, NOW, "clinic", "case.opened", [uuid4()], ["care"], **(CASE | wrong))
    assert next(iter(wrong)) in str(caught.value)
    assert "Marker" not in str(caught.value)
    assert _rows(db) == []


@pytest.mark.parametrize(
    ("name", "good", "wrong"),
    [
        (
            "submission.sent",
            {"submission": ACTOR, "kind": "call", "digest": "0a" * 32},
            {"digest": "0a" * 32 + "\n"},
        ),
        ("submission.sent", {"submission": ACTOR, "kind": "call", "digest": "0a" * 32}, {"digest": "0A" * 32}),
        ("epoch.made", {"epoch": "2026-11-18", "kind": "secrets"}, {"epoch": "2026-11-18 Marker"}),
        ("epoch.made", {"epoch": "2026-W47", "kind": "intake"}, {"epoch": "2026-W4٧"}),
        ("directory.published", {"actor": None, "version": 0}, {"version": True}),
        ("directory.published", {"actor": None, "version": 2**53 - 1}, {"version": 2**53}),
        ("directory.published", {"actor": ACTOR, "version": 1}, {"version": -1}),
    ],
)
def test_digests_epochs_and_counts_have_one_form(name: str, good: dict[str, Any], wrong: dict[str, Any]) -> None:
    assert checked(name, good).fields == good
    with pytest.raises(EventRefused):
        checked(name, good | wrong)


def test_undeclared_events_purposes_and_subjects_are_refused(tmp_path: Path) -> None:
    db = _ledger(tmp_path)
    with pytest.raises(EventRefused):
        record(db, NOW, "clinic", "case.deleted", actor=ACTOR)
    with pytest.raises(EventRefused):
        record(db, NOW, "clinic", "case.opened", [uuid4()], ["marketing"], **CASE)
    with pytest.raises(EventRefused):
        record(db, NOW, "clinic", "case.opened", ["a@example.fr"], ["care"], **CASE)  # type: ignore[list-item]
    assert _rows(db) == []


def test_a_ledger_that_cannot_be_written_gives_no_receipt(tmp_path: Path) -> None:
    broken = _at(tmp_path, tmp_path / "nowhere" / "ledger.sqlite")
    empty = Databases({"ledger": f"sqlite:///{tmp_path}/empty.sqlite"}, sealer=broken.sealer)
    for db in (broken, empty):
        with pytest.raises(LedgerUnavailable) as caught:
            record(db, NOW, "clinic", "case.opened", [uuid4()], ["care"], **CASE)
        assert isinstance(caught.value, SiloUnavailable)
        assert not isinstance(caught.value, LedgerKeyMissing)
        assert caught.value.silo == "ledger"


def test_a_ledger_that_refuses_the_row_gives_no_receipt(tmp_path: Path) -> None:
    db = _ledger(tmp_path)
    with db.writing("ledger") as session:
        session.execute(text("CREATE TRIGGER shut BEFORE INSERT ON events BEGIN SELECT RAISE(ABORT, 'no'); END"))
    with pytest.raises(LedgerUnavailable):
        record(db, NOW, "clinic", "case.opened", [uuid4()], ["care"], **CASE)


def test_event_and_subjects_are_written_together_or_not_at_all(tmp_path: Path) -> None:
    db = _ledger(tmp_path)
    EventSubject.metadata.tables["event_subjects"].drop(db.engine("ledger"))
    with pytest.raises(LedgerUnavailable):
        record(db, NOW, "clinic", "case.opened", [uuid4()], ["care"], **CASE)
    assert _rows(db) == []


def test_only_the_ledger_issues_receipts() -> None:
    """Whoever else imported `issue`, or called Receipt, could open without a trace."""
    issuing = {str(path.relative_to(APP)) for path in APP.rglob("*.py") if _issues_receipts(path)}
    assert issuing == {"ledger/service.py", "vault/receipts.py"}


def _issues_receipts(path: Path) -> bool:
    nodes = list(ast.walk(ast.parse(path.read_text())))
    imports = [
        (node.module, alias.name) for node in nodes if isinstance(node, ast.ImportFrom) for alias in node.names
    ]
    whole = ("app.vault", "receipts") in imports or ("app.vault.receipts", "issue") in imports
    named = any(alias.name == "app.vault.receipts" for n in nodes if isinstance(n, ast.Import) for alias in n.names)
    called = {node.func.id for node in nodes if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
    return whole or named or "Receipt" in called
