"""Local days: 23, 24 and 25 hours, quarter hours that exist, once each, and opening hours as cells."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.booking import calendar
from app.booking.calendar import LocalDay, local_day
from app.front.cells import start_of
from tests.factories.directory import PARIS, a_practitioner, a_site, large_clinic, weekly

SHORT, LONG, USUAL = date(2027, 3, 28), date(2026, 10, 25), date(2026, 11, 23)


def _clock(day: LocalDay) -> list[str]:
    zone = ZoneInfo(day.timezone)
    starts = (start_of(day.first_cell + bit) for bit in calendar.bits(day.marks["any"]))
    return [f"{moment.astimezone(zone):%H:%M}" for moment in starts]


@pytest.mark.parametrize(("day", "hours"), [(SHORT, 23), (USUAL, 24), (LONG, 25)])
def test_a_day_has_as_many_cells_as_its_clock_says(day: date, hours: int) -> None:
    assert local_day(PARIS, day).cells == hours * 12
    assert start_of(local_day(PARIS, day).first_cell).astimezone(ZoneInfo(PARIS)).isoformat()[:16] == f"{day}T00:00"


def test_an_hour_that_is_skipped_starts_nothing() -> None:
    shown = _clock(local_day(PARIS, SHORT))
    assert len(shown) == 92
    assert not [text for text in shown if text.startswith("02")]
    assert shown[7:9] == ["01:45", "03:00"]


def test_an_hour_that_is_repeated_counts_once_the_first_time() -> None:
    day = local_day(PARIS, LONG)
    shown = _clock(day)
    assert len(shown) == len(set(shown)) == 96
    twice = [start_of(day.first_cell + bit) for bit in calendar.bits(day.marks["any"])][8]
    assert twice == datetime(2026, 10, 25, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize("zone", ["America/Santiago", "Asia/Beirut", "Australia/Lord_Howe", "Pacific/Apia"])
def test_days_of_a_zone_follow_one_another_whatever_it_does_at_midnight(zone: str) -> None:
    for first in (date(2011, 12, 28), date(2026, 3, 20), date(2026, 9, 1), date(2026, 4, 1)):
        for day in calendar.days_from(first, 20):
            here, after = local_day(zone, day), local_day(zone, date.fromordinal(day.toordinal() + 1))
            assert here.first_cell + here.cells == after.first_cell
            assert calendar.bits(here.marks["any"])[-1:] < [here.cells]


@pytest.mark.parametrize(
    ("day", "starts", "ends", "cells"),
    [
        (USUAL, 60, 240, 36),
        (SHORT, 60, 240, 24),
        (LONG, 60, 240, 48),
        (SHORT, 120, 180, 0),
        (SHORT, 60, 150, 12),
        (SHORT, 150, 240, 12),
        (USUAL, 62, 73, 1),
        (USUAL, 0, 1440, 288),
        (LONG, 0, 1440, 300),
    ],
)
def test_opening_hours_are_what_the_clock_makes_of_them(day: date, starts: int, ends: int, cells: int) -> None:
    hours = weekly(a_practitioner("ada"), a_site(), starts, ends)
    local = local_day(PARIS, day)
    assert calendar.presence(hours, [local], local.first_cell).bit_count() == cells


def test_hours_begin_and_end_on_their_days() -> None:
    always = weekly(a_practitioner("ada"), a_site())
    bounded = [
        hours.model_copy(update={"valid_from": date(2026, 11, 24), "valid_until": date(2026, 11, 25)})
        for hours in always
    ]
    open_days = [
        day.day
        for day in (local_day(PARIS, day) for day in calendar.days_from(USUAL, 5))
        if calendar.presence(bounded, [day], day.first_cell)
    ]
    assert open_days == [date(2026, 11, 24), date(2026, 11, 25)]


def test_opening_cells_of_two_sites_are_added() -> None:
    directory = large_clinic(people=1)
    person = directory.practitioners[0]
    mornings = weekly(person, directory.sites[1], 7 * 60, 8 * 60)
    both = directory.model_copy(update={"hours": (*directory.hours, *mornings)})
    assert calendar.opening_cells(both, person.id, USUAL) == 9 * 12


@given(st.integers(0, 2**80 - 1), st.integers(1, 30))
def test_runs_are_where_so_many_bits_follow(mask: int, n: int) -> None:
    expected = [place for place in range(80) if all(mask >> place + k & 1 for k in range(n))]
    assert calendar.bits(calendar.runs(mask, n)) == expected
