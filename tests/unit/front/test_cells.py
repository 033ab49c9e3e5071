"""Cells: taken whole or not at all, given back, moved, and read as masks."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from app.db import Databases
from app.front import cells
from app.front.cells import SlotTaken

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
FIRST = cells.cell_of(NOW) + 7
WHO, ROOM = UUID(int=1), UUID(int=2)


def _taken(db: Databases, now: datetime = NOW, ignoring: UUID | None = None) -> dict[UUID, int]:
    with db.reading("front") as session:
        return cells.occupied(session, [WHO, ROOM], FIRST, FIRST + 200, now, ignoring)


def _take(
    db: Databases, owner: UUID, place: int, n: int, until: datetime | None = None, now: datetime = NOW
) -> None:
    kind: cells.Kind = "hold" if until else "appointment"
    with db.writing("front") as session:
        cells.take(session, [WHO, ROOM], FIRST + place, n, owner, kind, until, now=now)


def test_a_cell_is_five_minutes_of_unix_time() -> None:
    assert cells.cell_of(datetime(1970, 1, 1, 0, 9, 59, tzinfo=UTC)) == 1
    assert cells.start_of(cells.cell_of(NOW)) == NOW


def test_what_is_taken_is_read_as_a_mask_over_several_words(db: Databases) -> None:
    _take(db, uuid4(), 0, 2)
    _take(db, uuid4(), 55, 10)
    expected = 0b11 | (0b11_1111_1111 << 55)
    assert _taken(db) == {WHO: expected, ROOM: expected}


def test_a_range_partly_taken_is_refused_whole_and_the_transaction_goes_on(db: Databases) -> None:
    _take(db, uuid4(), 3, 3)
    other = uuid4()
    with db.writing("front") as session:
        with pytest.raises(SlotTaken):
            cells.take(session, [WHO, ROOM], FIRST, 4, other, "appointment", None, now=NOW)
        cells.take(session, [WHO, ROOM], FIRST, 3, other, "appointment", None, now=NOW)
    assert _taken(db)[WHO] == 0b111111


def test_a_shared_room_is_refused_to_another_practitioner(db: Databases) -> None:
    _take(db, uuid4(), 0, 6)
    with db.writing("front") as session, pytest.raises(SlotTaken):
        cells.take(session, [UUID(int=9), ROOM], FIRST + 5, 3, uuid4(), "hold", NOW, now=NOW)
    with db.reading("front") as session:
        assert cells.occupied(session, [UUID(int=9)], FIRST, FIRST + 20, NOW) == {}


def test_what_expired_is_free_at_that_very_moment(db: Databases) -> None:
    until = NOW + timedelta(minutes=15)
    _take(db, uuid4(), 0, 3, until)
    assert _taken(db, until - timedelta(microseconds=1)) != {}
    assert _taken(db, until) == {}
    with pytest.raises(SlotTaken):
        _take(db, uuid4(), 2, 3, now=until - timedelta(microseconds=1))
    _take(db, uuid4(), 2, 3, now=until)
    assert _taken(db, until) == {WHO: 0b11100, ROOM: 0b11100}


def test_an_owner_may_be_ignored_and_gives_back_only_its_own(db: Databases) -> None:
    mine, other = uuid4(), uuid4()
    _take(db, mine, 0, 2)
    _take(db, other, 2, 1)
    assert _taken(db, ignoring=mine) == {WHO: 0b100, ROOM: 0b100}
    with db.writing("front") as session:
        assert cells.free(session, mine) == 4
        assert cells.free(session, mine) == 0
    assert _taken(db) == {WHO: 0b100, ROOM: 0b100}


def test_an_appointment_moves_over_its_own_old_cells_but_not_over_others(db: Databases) -> None:
    mine = uuid4()
    _take(db, mine, 0, 4)
    _take(db, uuid4(), 10, 2)
    with db.writing("front") as session:
        with pytest.raises(SlotTaken):
            cells.move(session, mine, [WHO, ROOM], FIRST + 8, 4, NOW)
        assert cells.owned(session, mine)[WHO] == range(FIRST, FIRST + 4)
        cells.move(session, mine, [WHO, ROOM], FIRST + 2, 4, NOW)
        assert cells.owned(session, mine) == dict.fromkeys((WHO, ROOM), range(FIRST + 2, FIRST + 6))


def test_purging_removes_what_expired_and_nothing_else(db: Databases) -> None:
    _take(db, uuid4(), 0, 2, NOW)
    _take(db, uuid4(), 4, 2, NOW + timedelta(seconds=1))
    _take(db, uuid4(), 8, 2)
    with db.writing("front") as session:
        assert cells.purge_expired(session, NOW) == 4
    assert _taken(db)[WHO] == 0b11_0011_0000


def test_an_absence_longer_than_a_batch_takes_what_is_free_and_fills_up_later(db: Databases) -> None:
    away, booked = uuid4(), uuid4()
    _take(db, booked, 100, 6)
    _take(db, uuid4(), 300, 6, NOW)
    span = range(FIRST, FIRST + 1200)
    with db.writing("front") as session:
        cells.take_what_is_free(session, WHO, span, away, NOW)
        assert cells.owners(session, WHO, span, NOW) == {away: "absence", booked: "appointment"}
        cells.free(session, booked)
        cells.take_what_is_free(session, WHO, span, away, NOW)
        assert cells.free(session, away) == 1200
