"""A visit called off gives back its time, though the process of staff died before it could."""

from datetime import timedelta
from uuid import uuid4

import pytest

from app.desk.models import Visit
from app.front import cells
from app.worker.called_off import BATCH, free_called_off
from tests.factories.house import House
from tests.unit.worker.agenda import book, owners, staff_change, taken_in


@pytest.mark.parametrize(
    ("state", "freed"), [("cancelled", 1), ("declined", 1), ("booked", 0), ("move_asked", 0), ("absent", 0)]
)
def test_only_what_is_called_off_is_freed_and_once(house: House, state: str, freed: int) -> None:
    sent, other = taken_in(house), taken_in(house)
    book(house, sent)
    with house.db.writing("front") as session:
        cells.take(session, (uuid4(),), 1, 2, other.submission, "appointment", None, now=house.clock())
    staff_change(house, sent, state)

    assert free_called_off(house.db, house.clock) == freed
    assert free_called_off(house.db, house.clock) == 0
    assert owners(house) == {other.submission} | (set() if freed else {sent.submission})


def test_more_than_a_page_is_freed(house: House) -> None:
    now = house.clock()
    rows = [_visit(now + timedelta(days=1)) for _ in range(BATCH + 1)]
    ends = max(row.id for row in rows), min(row.id for row in rows)
    for number, visit in enumerate(ends):
        with house.db.writing("front") as session:
            cells.take(session, (uuid4(),), number, 1, visit, "appointment", None, now=now)
    with house.db.writing("desk") as session:
        session.add_all(rows)

    assert free_called_off(house.db, house.clock) == 2
    assert owners(house) == set()


def _visit(starts_at: object) -> Visit:
    whole = {"kind": "appointment", "state": "cancelled", "minutes": 30, "buffer_minutes": 5}
    whole |= {"reachable": True, "confirmed": True}
    return Visit(id=uuid4(), pseudonym=uuid4(), starts_at=starts_at, version=2, created_at=starts_at, **whole)
