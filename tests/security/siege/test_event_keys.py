"""What events say, on PostgreSQL with each zone's own login: all seal, nobody but the worker reads or forgets."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID, uuid4

import pytest
from sqlalchemy import delete, func, select, update
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.orm import Session

from app.db import Databases
from app.ledger.models import EventKey, EventSubject
from app.ledger.sealed import MonthSealer
from app.ledger.service import Zone, record
from app.vault.months import bounds
from app.worker.expiry import expire_months
from tests.factories.house import MONDAY, told
from tests.factories.kept_ledger import CASE
from tests.factories.zoned import Zoned

TRIES: dict[str, Callable[[Session], object]] = {
    "reading keys": lambda session: session.execute(select(EventKey)),
    "counting keys": lambda session: session.execute(select(func.count()).select_from(EventKey)),
    "changing a key": lambda session: session.execute(update(EventKey).values(month="2026-12")),
    "removing a key": lambda session: session.execute(delete(EventKey)),
    "reading whom": lambda session: session.execute(select(EventSubject.event)),
    "forgetting whom": lambda session: session.execute(delete(EventSubject)),
}
ALSO_DENIED_TO_THE_WORKER = ("changing a key", "removing a key")


ZONES: tuple[Zone, ...] = ("patient", "clinic", "worker")


@pytest.fixture
def now(zoned: Zoned) -> datetime:
    """Monday morning, nobody having come yet."""
    zoned.empty()
    zoned.owner.clock.now = MONDAY
    return MONDAY


def test_each_zone_seals_and_the_worker_reads(zoned: Zoned, now: datetime) -> None:
    subjects = {uuid4() for _ in ZONES}
    for zone, subject in zip(ZONES, subjects, strict=True):
        house = zoned.zones[zone]  # type: ignore[index]  # no command line here
        record(house.db, now, zone, "case.opened", [subject], ["care"], **CASE)
    said = zoned.zones["worker"].contents("case.opened")
    assert {UUID(one.subjects[0]) for one in said} == subjects
    assert [told(one).subjects for one in zoned.owner.events_for(next(iter(subjects)))] == [
        (str(next(iter(subjects))),)
    ]


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("wish", TRIES)
def test_nobody_takes_back_what_seals(zoned: Zoned, zone: Zone, wish: str) -> None:
    tried = _denied(zoned.zones[zone].db, TRIES[wish])  # type: ignore[index]  # no command line here
    assert tried == (zone != "worker" or wish in ALSO_DENIED_TO_THE_WORKER)


def test_the_workers_login_is_enough_to_let_a_month_expire(zoned: Zoned, now: datetime) -> None:
    worker = zoned.zones["worker"]
    record(worker.db, now, "worker", "case.opened", [uuid4()], ["care"], **CASE)
    zoned.owner.clock.now = bounds("2027-05")[1]
    worker.keystore.ensure_epoch(worker.clock())
    try:
        assert expire_months(worker.db, worker.vault, worker.clock, 6) == 1
        assert [one.expired for one in worker.events("case.opened")] == [True]
        with worker.db.reading("ledger") as session:
            assert session.scalar(select(func.count(EventSubject.event))) == 0
    finally:
        zoned.owner.clock.now = MONDAY
        worker.keystore.ensure_epoch(MONDAY)  # with another key: who is asked next draws anew
        for house in (zoned.owner, *zoned.zones.values()):
            house.db.sealer = MonthSealer(house.root / "public", house.keystore.verify_key)


def _denied(db: Databases, wish: Callable[[Session], object]) -> bool:
    with db.reading("ledger") as session:
        try:
            wish(session)
        except ProgrammingError as refusal:
            return "permission denied" in str(refusal)
    return False
