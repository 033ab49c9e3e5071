"""What events say is sealed under a key of their month: who can open it, who can't, and what is refused without."""

import json
import os
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import delete, func, select, text

from app.db import Databases
from app.ledger.models import Event, EventKey
from app.ledger.sealed import ContentExpired, ContentUnreadable, MonthSealer, canonical, content_of
from app.ledger.service import LedgerKeyMissing, LedgerUnavailable, Zone, events_named, record
from app.vault.hybrid import new_seed, public_of
from app.vault.months import PUBLIC_MONTHS, id_of
from tests.factories.former_events import write_former
from tests.factories.kept_ledger import ACTOR, CASE, KeptLedger, a_sealer, an_empty_ledger

EVER = datetime(2000, 1, 1, tzinfo=UTC)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[KeptLedger]:
    with an_empty_ledger(tmp_path) as made:
        yield made


def _opens(ledger: KeptLedger, db: Databases, now: datetime | None = None) -> UUID:
    subject = uuid4()
    record(db, now or ledger.clock(), "clinic", "case.opened", [subject], ["care"], **CASE)
    return subject


def _rows(ledger: KeptLedger) -> list[Event]:
    with ledger.db.reading("ledger") as session:
        return list(session.scalars(select(Event).order_by(Event.at, Event.id)))


def _key_rows(ledger: KeptLedger) -> int:
    with ledger.db.reading("ledger") as session:
        return session.scalar(select(func.count()).select_from(EventKey)) or 0


def _subjects(ledger: KeptLedger) -> set[UUID]:
    return {UUID(one) for row in _rows(ledger) for one in content_of(row, ledger.keys).subjects}


def test_a_row_tells_no_pseudonym_no_actor_and_no_purpose(ledger: KeptLedger) -> None:
    subject = _opens(ledger, ledger.db)
    [row] = _rows(ledger)
    for hidden in (str(subject), subject.hex, str(ACTOR), "practitioner", "care", "screen"):
        assert hidden not in row.payload
    assert content_of(row, ledger.keys).subjects == (str(subject),)


def test_the_length_of_what_is_sealed_does_not_count_a_few_people(ledger: KeptLedger) -> None:
    for count in (0, 1, 2):
        record(
            ledger.db, ledger.clock(), "clinic", "case.opened", [uuid4() for _ in range(count)], ["care"], **CASE
        )
    assert len({len(json.loads(row.payload)["sealed"]) for row in _rows(ledger)}) == 1


def test_a_process_leaves_one_key_a_month(ledger: KeptLedger) -> None:
    first, second = ledger.writers
    for _ in range(3):
        _opens(ledger, first)
    assert _key_rows(ledger) == 1
    _opens(ledger, second)
    assert _key_rows(ledger) == 2
    _opens(ledger, first, datetime(2026, 12, 1, tzinfo=UTC))
    assert _key_rows(ledger) == 3
    months = {json.loads(row.payload)["at"][:7] for row in _rows(ledger)}
    assert months == {"2026-11", "2026-12"}
    assert len(_subjects(ledger)) == 5


def test_a_key_whose_first_event_failed_comes_with_the_next(ledger: KeptLedger) -> None:
    with ledger.db.writing("ledger") as session:
        session.execute(text("CREATE TRIGGER shut BEFORE INSERT ON events BEGIN SELECT RAISE(ABORT, 'no'); END"))
    with pytest.raises(LedgerUnavailable):
        _opens(ledger, ledger.db)
    assert _key_rows(ledger) == 0
    with ledger.db.writing("ledger") as session:
        session.execute(text("DROP TRIGGER shut"))
    assert _subjects(ledger) | {_opens(ledger, ledger.db)} == _subjects(ledger)


def test_threads_that_begin_together_lose_nothing(ledger: KeptLedger) -> None:
    start, said = threading.Barrier(8), []

    def opens() -> None:
        start.wait()
        said.append(_opens(ledger, ledger.db))

    threads = [threading.Thread(target=opens) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert _subjects(ledger) == set(said)


def test_a_forked_process_goes_on_without_repeating_a_nonce(ledger: KeptLedger) -> None:
    _opens(ledger, ledger.db)
    ledger.db.dispose()
    child = os.fork()
    if child == 0:
        _opens(ledger, ledger.db)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    _opens(ledger, ledger.db)
    rows = _rows(ledger)
    assert len({json.loads(row.payload)["writer"] for row in rows}) == 2
    assert len({json.loads(row.payload)["sealed"][:60] for row in rows}) == len(rows) == 3
    assert len(_subjects(ledger)) == 3


@pytest.mark.parametrize("zone", ["patient", "clinic", "worker", "cli"])
def test_without_the_months_key_nothing_is_recorded_on_anybody(ledger: KeptLedger, zone: Zone) -> None:
    for path in (ledger.folder / "public").glob("ledger-*.json"):
        path.unlink()
    for db in (ledger.db, Databases({"ledger": str(ledger.db.engine("ledger").url)})):
        with pytest.raises(LedgerKeyMissing, match="check the clock.*paravent setup"):
            record(db, ledger.clock(), zone, "case.opened", [uuid4()], ["care"], **CASE)
    assert _rows(ledger) == []


def test_the_command_line_alone_may_say_in_clear_what_concerns_no_patient(ledger: KeptLedger) -> None:
    for path in (ledger.folder / "public").glob("ledger-*.json"):
        path.unlink()
    change: dict[str, Any] = {"actor": None, "second": None, "change": "sealed", "generation": 1}
    with pytest.raises(LedgerKeyMissing):
        record(ledger.db, ledger.clock(), "worker", "keys.changed", **change)
    record(ledger.db, ledger.clock(), "cli", "keys.changed", **change)
    [row] = _rows(ledger)
    assert json.loads(row.payload)["schema"] == 2
    assert content_of(row, ledger.keys).fields == change


def test_a_public_key_that_was_altered_or_signed_by_another_is_refused(ledger: KeptLedger) -> None:
    path, now = ledger.folder / "public" / "ledger-2026-11.json", ledger.clock()
    whole, stranger = path.read_bytes(), Ed25519PrivateKey.generate()
    another = PUBLIC_MONTHS.document("2026-11", public_of(new_seed()), stranger)
    next_month = (path.parent / "ledger-2026-12.json").read_bytes()
    place = whole.index(b'"public":"') + 20
    other = whole[:place] + (b"B" if whole[place : place + 1] == b"A" else b"A") + whole[place + 1 :]
    for wrong in (another, next_month, other, whole[:-40], b"[]", b"{}"):
        path.write_bytes(wrong)
        fresh = Databases(
            {"ledger": f"sqlite:///{ledger.folder}/ledger.sqlite"}, sealer=a_sealer(ledger.folder, ledger.keystore)
        )
        with pytest.raises(LedgerKeyMissing):
            _opens(ledger, fresh, now)
    path.write_bytes(whole)
    _opens(ledger, fresh, now)


def test_what_an_event_says_opens_nowhere_else(ledger: KeptLedger) -> None:
    for _ in range(2):
        _opens(ledger, ledger.db)
    one, other = _rows(ledger)
    said, theirs = json.loads(one.payload), json.loads(other.payload)
    altered: list[Any] = [
        said | {"sealed": theirs["sealed"]},
        said | {"zone": "patient"},
        said | {"at": theirs["at"][:-1] + "1"},
        said | {"key": str(uuid4())},
        said | {"sealed": said["sealed"][:64] + ("A" if said["sealed"][64] != "A" else "B") + said["sealed"][65:]},
        said | {"sealed": None},
        {"schema": 2},
        [],
    ]
    for wrong in altered:
        one.payload = json.dumps(wrong, sort_keys=True, separators=(",", ":"))
        with pytest.raises(ContentUnreadable) as caught:
            content_of(one, ledger.keys)
        assert not isinstance(caught.value, ContentExpired)
    one.payload = canonical(said)
    assert content_of(one, ledger.keys).purposes == ("care",)


def test_former_schemas_are_read(ledger: KeptLedger) -> None:
    told = {write_former(ledger.db, ledger.clock(), schema) for schema in (1, 2)}
    assert _subjects(ledger) == told


_SAID: dict[str, Any] = {"actor": str(ACTOR), "role": "practitioner", "form": "screen"}


@pytest.mark.parametrize(
    "other",
    [
        {"fields": {}},
        {"fields": _SAID | {"more": 1}},
        {"fields": _SAID | {"form": "a word somebody typed"}},
        {"fields": _SAID | {"actor": 7}},
        {"fields": _SAID | {"actor": ACTOR.hex}},
        {"fields": _SAID | {"actor": None}},
        {"subjects": ["nobody"]},
        {"subjects": [7]},
        {"purposes": ["everything"]},
        {"purposes": "care"},
        {"name": "no.such"},
    ],
)
def test_what_no_process_of_ours_records_says_nothing_and_hides_nothing(
    ledger: KeptLedger, other: dict[str, Any]
) -> None:
    """Who holds a zone's login may insert any row; who reads it takes its words for those of `record`."""
    name = other.get("name", "case.opened")
    write_former(ledger.db, ledger.clock(), 2, **({"name": name} | other))
    told = _opens(ledger, ledger.db, ledger.clock() + timedelta(seconds=1))
    wrong, *whole = events_named(ledger.db, name, EVER, ledger.keys)
    assert (wrong.content, wrong.expired, wrong.intact) == (None, False, True)
    expected = [(str(told),)] if name == "case.opened" else []
    assert [one.content.subjects for one in whole if one.content] == expected


def test_a_month_that_is_none_did_not_expire(ledger: KeptLedger) -> None:
    for month in ("2026-13", "9999-12", "nothing"):
        row = EventKey(id=id_of(month, b"envelope"), month=month, envelope=b"envelope")
        with pytest.raises(ContentUnreadable) as caught:
            ledger.keys.released(row)
        assert isinstance(caught.value, ContentExpired) is False


def test_a_ledger_put_back_from_a_copy_gets_its_keys_again_within_minutes(ledger: KeptLedger) -> None:
    now = ledger.clock()
    _opens(ledger, ledger.db, now)
    with ledger.db.writing("ledger") as session:
        session.execute(delete(EventKey))
    _opens(ledger, ledger.db, now + timedelta(minutes=9))
    assert _key_rows(ledger) == 0
    _opens(ledger, ledger.db, now + timedelta(minutes=10))
    assert len(_subjects(ledger)) == 3


def test_once_its_months_key_is_gone_an_event_says_nothing_more_and_the_chain_holds(ledger: KeptLedger) -> None:
    _opens(ledger, ledger.db)
    kept = _opens(ledger, ledger.db, datetime(2026, 12, 1, tzinfo=UTC))
    ledger.chain.turn()
    envelopes = sorted((ledger.folder / "keystore").glob("ledger-*.key"))
    assert [path.name for path in envelopes] == ["ledger-2026-11.key", "ledger-2026-12.key"]
    ledger.keystore.destroy_months(["2026-11"])
    first, second = events_named(ledger.db, "case.opened", EVER, ledger.keys)
    assert (first.content, first.expired, first.intact) == (None, True, True)
    assert second.content is not None
    assert second.content.subjects == (str(kept),)
    assert ledger.faults(ledger.anchors, opened=False) == []
    assert not (ledger.folder / "public" / "ledger-2026-11.json").exists()


def test_events_of_a_name_come_in_order_over_pages(ledger: KeptLedger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.ledger.service._PAGE", 3)
    now = ledger.clock()
    for number in range(10):  # some at the same moment
        _opens(ledger, ledger.db, now + timedelta(seconds=number // 4))
    record(ledger.db, now, "cli", "contact.opened", actor=ACTOR, role="desk")
    found = [one.id for one in events_named(ledger.db, "case.opened", EVER, ledger.keys)]
    assert found == [row.id for row in _rows(ledger) if row.name == "case.opened"]
    later = list(events_named(ledger.db, "case.opened", now + timedelta(seconds=2), ledger.keys))
    assert len(later) == 2


def test_a_sealer_draws_again_for_another_month(ledger: KeptLedger) -> None:
    sealer = MonthSealer(ledger.folder / "public", ledger.keystore.verify_key)
    now = ledger.clock()
    assert sealer.under(now) is sealer.under(now)
    assert sealer.under(now).month == "2026-11"
    assert sealer.under(now + timedelta(days=20)).month == "2026-12"
