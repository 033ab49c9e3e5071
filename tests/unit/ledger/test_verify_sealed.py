"""What the verifier sees of sealed events: their keys always, what they say where a bundle releases those."""

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select

from app.ledger.export import bundle
from app.ledger.models import Event
from app.ledger.sealed import MonthSealer, canonical
from app.ledger.service import events_named, leaf_of, record
from app.ledger.verify import Notes, Verifier, report
from app.vault.months import bounds
from app.writer import ContentKey
from tests.factories.former_events import write_former
from tests.factories.kept_ledger import CASE, KeptLedger, a_ledger, an_empty_ledger


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[KeptLedger]:
    """Forty events under four checkpoints, and three that wait."""
    with a_ledger(tmp_path, 40) as made:
        yield made


def _lines(ledger: KeptLedger, *, opened: bool = False) -> list[str]:
    with ledger.db.reading("ledger") as session:
        return list(bundle(session, ledger.clock(), ledger.keys if opened else None))


def _changed(lines: list[str], number: int, **values: Any) -> list[str]:
    entry = json.loads(lines[number]) | values
    return [*lines[:number], json.dumps(entry) + "\n", *lines[number + 1 :]]


def _of_kind(lines: list[str], kind: str) -> list[int]:
    return [number for number, line in enumerate(lines) if json.loads(line)["kind"] == kind]


@pytest.mark.parametrize(
    ("values", "fault"),
    [
        ({"month": "2026-10"}, "key"),
        ({"envelope": "AAAA"}, "key"),
        ({"id": str(uuid4())}, "key gone"),
        ({"key": "ab" * 32}, "sealed"),
        ({"key": "ab"}, "form"),
        ({"kind": "end"}, "key gone"),
        ({"month": "2026-13"}, "form"),
        ({"month": "\x1b[2J"}, "form"),
    ],
)
def test_each_field_of_a_key_is_looked_at(ledger: KeptLedger, values: dict[str, Any], fault: str) -> None:
    lines = _lines(ledger, opened=True)
    assert ledger.faults_of(lines) == []
    assert fault in ledger.faults_of(_changed(lines, _of_kind(lines, "event_key")[1], **values))


def test_a_sealed_bundle_says_of_nobody_and_an_opened_one_says_what_the_index_says(ledger: KeptLedger) -> None:
    concerned = [json.loads(line)["subjects"] for line in _lines(ledger) if '"kind":"event",' in line]
    assert not any(concerned)
    lines = _lines(ledger, opened=True)
    number = next(one for one in _of_kind(lines, "event") if json.loads(lines[one])["subjects"])
    assert ledger.faults_of(_changed(lines, number, subjects=[])) == ["columns"]


def test_what_an_event_says_can_not_be_exchanged_for_what_another_says(ledger: KeptLedger) -> None:
    """Closed, only the tree holds it; opened, its seal too, which is bound to the event."""
    with ledger.db.writing("ledger") as session:
        one, other = session.scalars(select(Event).where(Event.name == "case.opened").limit(2))
        one.payload = canonical(json.loads(one.payload) | {"sealed": json.loads(other.payload)["sealed"]})
        one.leaf = leaf_of(one.salt, one.payload)
    assert ledger.faults(opened=False) == ["leaf"]
    assert ledger.faults() == ["columns", "leaf", "sealed"]


def test_a_key_of_another_month_opens_nothing_and_is_a_fault(tmp_path: Path) -> None:
    """What it seals would be read after its event's month is gone, or be gone before."""
    with an_empty_ledger(tmp_path) as ledger:
        sealer, now = MonthSealer(tmp_path / "public", ledger.keystore.verify_key), ledger.clock()
        ledger.db.sealer = _Ahead(sealer.under(bounds("2026-11")[1]))
        record(ledger.db, now, "clinic", "case.opened", [uuid4()], ["care"], **CASE)
        (entry,) = events_named(ledger.db, "case.opened", now, ledger.keys)
        assert (entry.content, entry.expired, entry.intact) == (None, False, True)
        ledger.chain.turn()
        assert ledger.faults(opened=False) == ["key"]


def test_what_is_under_a_key_that_is_not_released_is_counted(tmp_path: Path) -> None:
    """Of a month whose key is gone, it expired; of one that is kept, somebody withheld it."""
    with an_empty_ledger(tmp_path) as ledger:
        ledger.write(4)
        ledger.clock.now = bounds("2026-11")[1]
        ledger.write(6)
        ledger.chain.turn()
        ledger.keystore.destroy_months(["2026-11"])
        assert "4 events under 2 closed keys, of months 2026-11\nsound\n" in _said(ledger, opened=True)
        assert "10 events under 4 closed keys, of months 2026-11, 2026-12\nsound\n" in _said(ledger, opened=False)


def _said(ledger: KeptLedger, *, opened: bool) -> str:
    found = Verifier(Notes(ledger.key), [], [])
    found.read(line.encode() for line in _lines(ledger, opened=opened))
    return report(found, 0)


class _Ahead:
    """Gives one key, whatever the month."""

    def __init__(self, key: ContentKey) -> None:
        self._key = key

    def under(self, now: datetime) -> ContentKey:
        return self._key


def test_bundles_of_former_schemas_still_verify(tmp_path: Path) -> None:
    with an_empty_ledger(tmp_path) as ledger:
        for schema in (1, 2, 1, 2):
            write_former(ledger.db, ledger.clock(), schema)
        ledger.write(3)
        ledger.chain.turn()
        assert ledger.faults(ledger.anchors) == ledger.faults(ledger.anchors, opened=False) == []
