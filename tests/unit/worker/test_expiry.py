"""The ledger's months expire: after their time and not before, one at a time, the event first and the key last."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import func, select

from app.db import SiloUnavailable
from app.ledger.models import Event, EventSubject
from app.ledger.service import record
from app.worker.epochs import turn_keys
from app.worker.expiry import expire_months
from tests.factories.house import House, told
from tests.factories.mortal import killed_everywhere
from tests.unit.worker.agenda import taken_in
from tests.unit.worker.test_epochs import WithoutLedger

MONTHS = 6


def _months(house: House) -> list[str]:
    return list(house.keystore.months.names())


def _index(house: House) -> int:
    with house.db.reading("ledger") as session:
        return session.scalar(select(func.count()).select_from(EventSubject)) or 0


def _destroyed(house: House) -> list[str]:
    said = house.contents("epoch.destroyed")
    return [one.fields["epoch"] for one in said if one.fields["kind"] == "ledger"]


def _go_on(house: House, moment: datetime) -> None:
    house.clock.now = moment
    house.keystore.ensure_epoch(moment)


def test_a_month_can_be_read_until_its_time_and_not_after(house: House) -> None:
    sent = taken_in(house)
    [entry, *_] = house.events_for(sent.pseudonym)
    _go_on(house, datetime(2027, 5, 31, 23, 59, tzinfo=UTC))
    assert expire_months(house.db, house.vault, house.clock, MONTHS) == 0
    assert told(house.events_for(sent.pseudonym)[0]) == told(entry)
    before = _index(house)
    assert before > 0

    _go_on(house, datetime(2027, 6, 1, tzinfo=UTC))
    assert expire_months(house.db, house.vault, house.clock, MONTHS) == 1

    assert _destroyed(house) == ["2026-11"]
    assert "2026-11" not in _months(house)
    assert _index(house) == 0
    gone = house.events(entry.name)[0]
    assert (gone.id, gone.content, gone.expired, gone.intact) == (entry.id, None, True, True)


def test_what_is_younger_keeps_its_key_and_its_index(house: House) -> None:
    taken_in(house)
    _go_on(house, datetime(2027, 5, 1, tzinfo=UTC))
    younger = taken_in(house)
    _go_on(house, datetime(2027, 6, 1, tzinfo=UTC))
    expire_months(house.db, house.vault, house.clock, MONTHS)
    assert {told(one).subjects for one in house.events_for(younger.pseudonym)} == {(str(younger.pseudonym),)}


def test_a_leaping_clock_takes_one_month_a_day(house: House) -> None:
    _go_on(house, datetime(2026, 12, 2, tzinfo=UTC))
    _go_on(house, datetime(2028, 1, 1, tzinfo=UTC))
    done = [expire_months(house.db, house.vault, house.clock, MONTHS) for _ in range(3)]
    assert done == [1, 0, 0]
    house.clock.now = datetime(2026, 12, 3, tzinfo=UTC)  # set right again
    assert expire_months(house.db, house.vault, house.clock, MONTHS) == 0
    assert "2026-12" in _months(house)
    house.clock.now = datetime(2028, 1, 1, 0, 1, tzinfo=UTC)  # and wrong again
    assert expire_months(house.db, house.vault, house.clock, MONTHS) == 0
    house.clock.now = datetime(2028, 1, 2, 0, 1, tzinfo=UTC)
    assert expire_months(house.db, house.vault, house.clock, MONTHS) == 1


def test_what_a_leaping_clock_took_keeps_no_later_month_past_its_time(house: House) -> None:
    _go_on(house, datetime(2026, 12, 2, tzinfo=UTC))
    _go_on(house, datetime(2028, 1, 1, tzinfo=UTC))
    assert expire_months(house.db, house.vault, house.clock, MONTHS) == 1
    _go_on(house, datetime(2027, 7, 1, tzinfo=UTC))
    assert expire_months(house.db, house.vault, house.clock, MONTHS) == 1
    assert _destroyed(house) == ["2026-12", "2026-11"]  # by the times they were said at


def test_with_the_ledger_away_no_month_goes(house: House) -> None:
    _go_on(house, datetime(2027, 6, 1, tzinfo=UTC))
    with pytest.raises(SiloUnavailable):
        expire_months(WithoutLedger(house.db), house.vault, house.clock, MONTHS)
    assert "2026-11" in _months(house)


def test_a_worker_killed_anywhere_finishes_and_says_it_once(house: House) -> None:
    taken_in(house)
    _go_on(house, datetime(2027, 6, 1, tzinfo=UTC))

    def again() -> None:
        assert _destroyed(house) in ([], ["2026-11"])

    deaths = killed_everywhere(house.db, lambda db: expire_months(db, house.vault, house.clock, MONTHS), again)
    assert deaths >= 3
    assert _destroyed(house) == ["2026-11"]
    assert "2026-11" not in _months(house)


def test_each_month_that_is_made_is_in_the_ledger(house: House) -> None:
    turn_keys(house.db, house.vault, house.clock)
    house.clock.now += timedelta(days=8)
    turn_keys(house.db, house.vault, house.clock)
    made = [one.fields["epoch"] for one in house.contents("epoch.made") if one.fields["kind"] == "ledger"]
    assert sorted(made) == ["2026-11", "2026-12", "2027-01"]


def test_many_people_leave_the_index_in_batches(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.worker.expiry._BATCH", 7)
    fields: dict[str, Any] = {"actor": uuid4(), "role": "desk", "list": "day", "form": "screen", "count": 40}
    people = [uuid4() for _ in range(40)]
    record(house.db, house.clock(), "clinic", "list.opened", people, ["contact"], **fields)
    _go_on(house, datetime(2027, 6, 1, tzinfo=UTC))
    expire_months(house.db, house.vault, house.clock, MONTHS)
    assert _index(house) == 0
    with house.db.reading("ledger") as session:
        assert session.scalar(select(func.count()).where(Event.name == "list.opened")) == 1
