"""Times to be called, and times to come by: windows of an hour on the days to come, the same number each time."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from app.booking import calendar
from app.booking.calendar import CELL_MINUTES, LocalDay
from app.booking.codes import encode, tag
from app.front.cells import cell_of, start_of
from app.front.directory import Directory, Site

WindowKind = Literal["call", "come"]

CHOICES = 9
_A_DAY = 3
_AHEAD = timedelta(hours=1)
"""Time for the clinic to learn of a request before its window begins."""
_LENGTHS = (60 // CELL_MINUTES, 30 // CELL_MINUTES)
_SEARCHED_DAYS = 60
_FIRST_DAY_OFF = 5


@dataclass(frozen=True, slots=True)
class TimeWindow:
    """A time to be called, or to come by. `code` has the width of a slot's code."""

    starts_at: datetime
    ends_at: datetime
    code: str


def call_times(
    directory: Directory, now: datetime, kind: WindowKind, site: UUID | None = None
) -> tuple[TimeWindow, ...]:
    """Return CHOICES windows at a site (the first one where none is named), three a day; fewer without hours.

    To be called: Monday to Friday, in the hours for calls. To come by: whenever somebody is there.
    """
    place = directory.site(site) if site else directory.sites[0]
    found: list[TimeWindow] = []
    for window in _windows(directory, now, kind, place):
        found.append(window)
        if len(found) == CHOICES:
            break
    return tuple(found)


def _windows(directory: Directory, now: datetime, kind: WindowKind, site: Site) -> Iterator[TimeWindow]:
    earliest = cell_of(now + _AHEAD)
    for day in calendar.days_from(calendar.date_of(now, site.timezone), _SEARCHED_DAYS):
        local = calendar.local_day(site.timezone, day)
        length, cells = _of_day(_open(directory, kind, site, local), local)
        for cell in (local.first_cell + cell for cell in cells):
            if cell > earliest:
                code = encode(tag(kind.encode(), site.id.bytes), cell)
                yield TimeWindow(start_of(cell), start_of(cell + length), code)


def _open(directory: Directory, kind: WindowKind, site: Site, day: LocalDay) -> int:
    """Return the cells of a day when the site answers, or receives, as a mask."""
    if kind == "come":
        return calendar.presence(calendar.hours_of(directory, site=site.id), [day], day.first_cell)
    if day.day.weekday() >= _FIRST_DAY_OFF:
        return 0
    rules = directory.rules
    return calendar.span(day.cell_at(rules.call_starts_minute, round_up=True), day.cell_at(rules.call_ends_minute))


def _of_day(opened: int, day: LocalDay) -> tuple[int, list[int]]:
    """Return the length and starts of a day's windows: the first, a middle and the last one that fit.

    They are chosen before the clock is looked at, so that a window shown is still there when it is chosen.
    """
    for length in _LENGTHS:
        starts: list[int] = []
        for cell in calendar.bits(calendar.runs(opened, length) & day.marks["any"]):
            if not starts or cell >= starts[-1] + length:
                starts.append(cell)
        if starts:
            places = sorted({0, len(starts) // 2, len(starts) - 1})
            return length, [starts[place] for place in places[:_A_DAY]]
    return _LENGTHS[0], []
