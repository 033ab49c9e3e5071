"""Slots: only what hours, rooms, notice and occupancy allow, in local time, and what the wishes filter."""

from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import event

from app.booking.slots import find_slots
from app.db import Databases
from tests.factories.directory import (
    a_directory,
    a_practitioner,
    a_room,
    a_site,
    an_act,
    large_clinic,
    small_clinic,
    some_rules,
    weekly,
)
from tests.unit.booking.agenda import ANYTHING, MONDAY, NOW, book, clock, everything, local, search


def test_starts_are_quarter_hours_and_the_buffer_ends_within_hours(db: Databases) -> None:
    directory = small_clinic(starts=9 * 60 + 10, ends=11 * 60)
    assert clock(everything(db, directory, an_act(30, 10)), directory) == [
        "09:15",
        "09:30",
        "09:45",
        "10:00",
        "10:15",
    ]


def test_what_is_booked_is_not_offered_nor_its_buffer(db: Databases) -> None:
    directory = small_clinic(ends=11 * 60)
    person = directory.practitioners[0]
    book(db, [person.id], datetime(2026, 11, 23, 9, tzinfo=UTC), 5, uuid4())
    assert clock(everything(db, directory, an_act(30)), directory) == ["09:00", "09:15", "09:30", "10:15", "10:30"]
    assert clock(everything(db, directory, an_act(30, 15)), directory) == ["09:00", "09:15", "10:15"]


@pytest.mark.parametrize("names", [("blue", "green"), ("green", "blue")])
def test_a_taken_room_leaves_the_other_room(db: Databases, names: tuple[str, str]) -> None:
    site, person = a_site(), a_practitioner("ada")
    steps, level = a_room(names[0], site, step_free=False), a_room(names[1], site)
    directory = a_directory(weekly(person, site, ends=10 * 60), [person], [site], [steps, level])
    assert {slot.room for slot in everything(db, directory)} == {steps.id}, (
        "the level room is kept for who needs it"
    )
    book(db, [steps.id], datetime(2026, 11, 23, 8, tzinfo=UTC), 30, uuid4())
    assert [slot.room for slot in everything(db, directory)] == [level.id, level.id, steps.id]
    book(db, [level.id], datetime(2026, 11, 23, 8, tzinfo=UTC), 30, uuid4())
    assert clock(everything(db, directory), directory) == ["09:30"]


def test_a_visit_stays_in_one_room(db: Databases) -> None:
    site, person = a_site(), a_practitioner("ada")
    rooms = [a_room("blue", site), a_room("green", site)]
    directory = a_directory(weekly(person, site, ends=10 * 60), [person], [site], rooms)
    book(db, [rooms[0].id], datetime(2026, 11, 23, 8, tzinfo=UTC), 30, uuid4())
    book(db, [rooms[1].id], datetime(2026, 11, 23, 8, 30, tzinfo=UTC), 30, uuid4())
    assert [slot.room for slot in everything(db, directory, an_act(20, 10))] == [rooms[1].id, rooms[0].id]


def test_hours_of_two_periods_that_touch_are_one(db: Databases) -> None:
    directory = small_clinic()
    person, site = directory.practitioners[0], directory.sites[0]
    halves = (*weekly(person, site, 9 * 60, 10 * 60), *weekly(person, site, 10 * 60, 11 * 60))
    joined = directory.model_copy(update={"hours": halves})
    assert clock(everything(db, joined, an_act(120)), joined) == ["09:00"]


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (date(2027, 3, 28), ["01:00", "01:15", "01:30", "01:45", "03:00", "03:15", "03:30"]),
        (
            date(2026, 10, 25),
            ["01:00", "01:15", "01:30", "01:45", "02:00", "02:15", "02:30", "02:45", "03:00", "03:15", "03:30"],
        ),
    ],
)
def test_nights_when_the_clock_changes(db: Databases, day: date, expected: list[str]) -> None:
    directory = small_clinic(starts=60, ends=240)
    slots = everything(db, directory, now=datetime(day.year, day.month, day.day - 1, 3, tzinfo=UTC), from_day=day)
    assert clock(slots, directory) == expected
    assert len({slot.starts_at for slot in slots}) == len(slots)


@pytest.mark.parametrize(("day", "hour"), [(date(2026, 10, 26), 8), (date(2027, 3, 26), 8), (date(2027, 3, 29), 7)])
def test_nine_in_the_morning_is_nine_all_year(db: Databases, day: date, hour: int) -> None:
    directory = small_clinic()
    first = everything(db, directory, now=datetime(day.year, day.month, day.day - 1, 12, tzinfo=UTC), from_day=day)[
        0
    ]
    assert first.starts_at == datetime(day.year, day.month, day.day, hour, tzinfo=UTC)


def test_a_visit_over_the_skipped_hour_lasts_as_long_as_it_lasts(db: Databases) -> None:
    directory = small_clinic(starts=60, ends=240)
    now = datetime(2027, 3, 27, 3, tzinfo=UTC)
    slots = everything(db, directory, an_act(60), now=now, from_day=date(2027, 3, 28))
    assert clock(slots, directory) == ["01:00", "01:15", "01:30", "01:45", "03:00"]


def test_notice_is_given_to_the_minute(db: Databases) -> None:
    directory = small_clinic(rules=some_rules(notice_hours=24))
    first = search(db, directory, now=datetime(2026, 11, 23, 9, 1, tzinfo=UTC)).slots[0]
    assert local(first, directory) == "2026-11-24 10:15"
    first = search(db, directory, now=datetime(2026, 11, 23, 9, 0, tzinfo=UTC)).slots[0]
    assert local(first, directory) == "2026-11-24 10:00"


def test_the_agenda_ends_at_its_horizon_and_leads_back(db: Databases) -> None:
    directory = small_clinic(rules=some_rules(horizon_days=20))
    page = search(db, directory, from_day=date(2028, 1, 1))
    assert {local(slot, directory)[:10] for slot in page.slots} == {"2026-12-13"}
    assert page.next_day is None
    assert page.previous_day == date(2026, 12, 12)


def test_days_that_are_full_are_jumped_over_both_ways(db: Databases) -> None:
    directory = small_clinic()
    person = directory.practitioners[0]
    book(db, [person.id], datetime(2026, 11, 24, tzinfo=UTC), 35 * 24 * 60, uuid4())
    page = search(db, directory)
    assert {local(slot, directory)[:10] for slot in page.slots[5:]} == {"2026-12-29"}
    later = search(db, directory, from_day=date(2026, 11, 25))
    assert local(later.slots[0], directory)[:10] == "2026-12-29"
    assert later.previous_day == MONDAY
    book(db, [person.id], datetime(2026, 12, 29, tzinfo=UTC), 60 * 24 * 60, uuid4())
    end = search(db, directory, from_day=date(2026, 12, 1))
    assert (end.slots, end.next_day, end.previous_day) == ((), None, MONDAY)


def test_what_the_draft_holds_itself_is_free_to_it(db: Databases) -> None:
    directory, draft = small_clinic(ends=9 * 60 + 30), uuid4()
    slot = search(db, directory).slots[0]
    book(db, list(slot.resources), slot.starts_at, 30, draft)

    with db.reading("front") as session:
        assert find_slots(session, directory, an_act(), ANYTHING, NOW, draft=draft).slots[0] == slot
        assert find_slots(session, directory, an_act(), ANYTHING, NOW).slots[0] != slot


def test_wishes_about_people_and_places(db: Databases) -> None:
    directory = large_clinic()
    genders = {person.id: person.gender for person in directory.practitioners}
    assert {genders[slot.practitioner] for slot in everything(db, directory, gender="woman")} == {"woman"}
    assert {genders[slot.practitioner] for slot in everything(db, directory, gender="man")} == {"man"}
    hill, someone = directory.sites[1].id, directory.practitioners[2].id
    assert {slot.site for slot in everything(db, directory, site=hill)} == {hill}
    assert {slot.practitioner for slot in everything(db, directory, practitioner=someone)} == {someone}
    assert everything(db, directory, an_act(kinds=("pilot",))) == []


def test_step_free_means_the_site_and_the_room(db: Databases) -> None:
    directory = large_clinic()
    slots = everything(db, directory, step_free=True)
    assert slots
    assert all(directory.site(slot.site).step_free and directory.room(slot.room).step_free for slot in slots)


def test_a_level_room_up_a_flight_of_steps_is_not_step_free(db: Databases) -> None:
    site, person = a_site(step_free=False), a_practitioner("ada")
    directory = a_directory(weekly(person, site), [person], [site], [a_room("blue", site)])
    assert everything(db, directory)
    assert everything(db, directory, step_free=True) == []


def test_unsaid_is_neither_woman_nor_man(db: Databases) -> None:
    site, person = a_site(), a_practitioner("ada", gender="unsaid")
    directory = a_directory(weekly(person, site), [person], [site], [a_room("blue", site)])
    assert everything(db, directory)
    assert everything(db, directory, gender="woman") == everything(db, directory, gender="man") == []


@pytest.mark.parametrize(
    ("hours", "first", "last"),
    [("morning", "09:00", "11:45"), ("afternoon", "12:00", "16:45"), ("evening", "17:00", "19:30")],
)
def test_parts_of_the_day(db: Databases, hours: str, first: str, last: str) -> None:
    directory = small_clinic(ends=20 * 60)
    shown = clock(everything(db, directory, hours=hours), directory)
    assert (shown[0], shown[-1]) == (first, last)


def test_wished_weekdays(db: Databases) -> None:
    directory = small_clinic()
    slots = search(db, directory, days=frozenset({2, 4}), limit=100).slots
    assert {slot.starts_at.weekday() for slot in slots} == {2, 4}


def test_a_page_asks_once_for_a_week(db: Databases) -> None:
    directory = large_clinic()
    asked: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        asked.extend([statement] if "slot_cells" in statement else [])

    event.listen(db.engine("front"), "before_cursor_execute", note)
    search(db, directory)
    assert len(asked) == 1
    search(db, directory, from_day=MONDAY + timedelta(days=3))
    assert len(asked) == 3
    event.remove(db.engine("front"), "before_cursor_execute", note)
