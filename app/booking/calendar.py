"""Local days as cells: what a site's clock makes of opening hours, on days of 23, 24 and 25 hours.

A mask is an integer whose bit n is the n-th cell (five minutes) after a base cell. Local times follow RFC 9557's
IANA zones through zoneinfo. An hour that the clock skips reads as the first moment after it and starts nothing;
one that the clock repeats counts once, the first time.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from app.front.cells import CELL_SECONDS, cell_of
from app.front.directory import Directory, Hours

PartOfDay = Literal["any", "morning", "afternoon", "evening"]

CELL_MINUTES = CELL_SECONDS // 60
MARK_MINUTES = 15
"""Visits start on the quarter hours of the local clock."""
NOON, EVENING = 12 * 60, 17 * 60

_DAY_MINUTES = 24 * 60
_USUAL_CELLS = _DAY_MINUTES // CELL_MINUTES


@dataclass(frozen=True, slots=True)
class LocalDay:
    """A day of a zone: its first cell, its number of cells, and its quarter hours as masks from its first cell."""

    day: date
    timezone: str
    first_cell: int
    cells: int
    marks: Mapping[PartOfDay, int]

    def cell_at(self, minute: int, *, round_up: bool = False) -> int:
        """Return the cell of a minute of the local clock (0 to 1440), counted from the day's first one."""
        if self.cells == _USUAL_CELLS:
            return (minute + round_up * (CELL_MINUTES - 1)) // CELL_MINUTES
        moment, _ = _moment_at(self.timezone, self.day, minute)
        spare = timedelta(seconds=(CELL_SECONDS - 1) * round_up)
        return cell_of(moment + spare) - self.first_cell


@lru_cache(maxsize=4096)
def local_day(timezone: str, day: date) -> LocalDay:
    """Return a day of an IANA zone."""
    first = cell_of(_moment_at(timezone, day, 0)[0])
    after = cell_of(_moment_at(timezone, day, _DAY_MINUTES)[0])
    if after - first == _USUAL_CELLS:
        return LocalDay(day, timezone, first, _USUAL_CELLS, _USUAL_MARKS)
    moments = [(minute, *_moment_at(timezone, day, minute)) for minute in _MARKS]
    shown = {minute: cell_of(moment) - first for minute, moment, exists in moments if exists}
    return LocalDay(day, timezone, first, after - first, _marks(shown))


def _marks(cells: Mapping[int, int]) -> dict[PartOfDay, int]:
    """Return the masks of a day's quarter hours, given the cell of each."""
    marks: dict[PartOfDay, int] = {"any": 0, "morning": 0, "afternoon": 0, "evening": 0}
    for minute, cell in cells.items():
        part: PartOfDay = "morning" if minute < NOON else "afternoon" if minute < EVENING else "evening"
        marks[part] |= 1 << cell
        marks["any"] |= 1 << cell
    return marks


_MARKS = range(0, _DAY_MINUTES, MARK_MINUTES)
_USUAL_MARKS = _marks({minute: minute // CELL_MINUTES for minute in _MARKS})


def date_of(moment: datetime, timezone: str) -> date:
    """Return the date that a site's clock shows at a moment."""
    return moment.astimezone(ZoneInfo(timezone)).date()


def days_from(first: date, count: int) -> list[date]:
    """Return so many days in a row."""
    return [first + timedelta(days=n) for n in range(count)]


def presence(hours: Iterable[Hours], days: Iterable[LocalDay], base: int) -> int:
    """Return the cells of these opening hours on these days, as a mask from a base cell."""
    mask = 0
    weekly = list(hours)
    for day in days:
        for opening in weekly:
            if _in_force(opening, day.day):
                first = day.cell_at(opening.starts_minute, round_up=True)
                after = day.cell_at(opening.ends_minute)
                mask |= span(first, after) << day.first_cell - base
    return mask


def hours_of(directory: Directory, practitioner: UUID | None = None, site: UUID | None = None) -> list[Hours]:
    """Return the opening hours of a practitioner, of a site, or of one at the other."""
    return [
        hours
        for hours in directory.hours
        if (practitioner is None or hours.practitioner == practitioner) and (site is None or hours.site == site)
    ]


def opening_cells(directory: Directory, practitioner: UUID, day: date) -> int:
    """Return how many cells a practitioner is present on a local day, all sites together."""
    here = [local_day(site.timezone, day) for site in directory.sites]
    base = min(local.first_cell for local in here)
    mask = 0
    for site, local in zip(directory.sites, here, strict=True):
        mask |= presence(hours_of(directory, practitioner, site.id), [local], base)
    return mask.bit_count()


def span(first: int, after: int) -> int:
    """Return a mask with the bits from `first` up to `after`, itself excluded."""
    return ((1 << after - first) - 1) << first if after > first else 0


def runs(mask: int, n: int) -> int:
    """Return the bits of a mask where `n` bits in a row begin."""
    have = 1
    while have < n and mask:
        step = min(have, n - have)
        mask &= mask >> step
        have += step
    return mask


def bits(mask: int) -> list[int]:
    """Return the places of a mask's bits, lowest first."""
    found = []
    while mask:
        lowest = mask & -mask
        found.append(lowest.bit_length() - 1)
        mask ^= lowest
    return found


def _in_force(hours: Hours, day: date) -> bool:
    if hours.weekday != day.weekday() or (hours.valid_from and day < hours.valid_from):
        return False
    return hours.valid_until is None or day <= hours.valid_until


def _moment_at(timezone: str, day: date, minute: int) -> tuple[datetime, bool]:
    """Return the moment of a local minute and whether the clock shows it; the next one that it shows if not."""
    zone = ZoneInfo(timezone)
    wall = datetime.combine(day, time()) + timedelta(minutes=minute)
    exists = _back(wall, zone) == wall
    while _back(wall, zone) != wall:
        wall += timedelta(minutes=1)
    return wall.replace(tzinfo=zone).astimezone(UTC), exists


def _back(wall: datetime, zone: ZoneInfo) -> datetime:
    """Return what the clock shows at the moment that a local time is taken for."""
    return wall.replace(tzinfo=zone).astimezone(UTC).astimezone(zone).replace(tzinfo=None)
