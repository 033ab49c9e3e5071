"""The search for free starts: opening hours less what is taken, on masks, with one query for many days."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal, Protocol
from uuid import UUID

from sqlalchemy.orm import Session

from app.booking import calendar
from app.booking.calendar import CELL_MINUTES, LocalDay, PartOfDay
from app.front.cells import CELL_SECONDS, occupied, start_of
from app.front.directory import Directory, Practitioner, Room, Site

_WEEK, _LONGEST = 7, 56
"""Days looked at with one query: a week at first, then twice as many each time nothing was found."""


class Bookable(Protocol):
    """What the search must know of an act: how long, and by whom. A profile's act is one; so is a visit to move."""

    @property
    def minutes(self) -> int:
        """Minutes of the visit itself."""

    @property
    def buffer_minutes(self) -> int:
        """Minutes kept after it."""

    @property
    def practitioner_kinds(self) -> tuple[str, ...]:
        """Which kinds of practitioners may take it."""


@dataclass(frozen=True, slots=True)
class SlotFilter:
    """What the patient wishes. None, *any* and no weekday at all mean that it does not matter."""

    site: UUID | None
    practitioner: UUID | None
    gender: Literal["any", "woman", "man"]
    days: frozenset[int]
    hours: PartOfDay
    step_free: bool
    from_day: date


@dataclass(frozen=True, slots=True)
class Offer:
    """One practitioner at one site, with the rooms that suit, in the order they are used."""

    practitioner: Practitioner
    site: Site
    rooms: tuple[Room, ...]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A free start with the room it would take. `rank` is the practitioner's place in the shuffle of the day."""

    cell: int
    rank: bytes
    offer: Offer
    room: UUID


@dataclass(frozen=True, slots=True)
class Search:
    """What is looked for. Occupancy of the owner to ignore counts as free."""

    session: Session
    directory: Directory
    act: Bookable
    offers: tuple[Offer, ...]
    wishes: SlotFilter
    now: datetime
    notice_hours: int | None
    ignoring: UUID | None

    @property
    def cells(self) -> int:
        """How many cells a visit takes, buffer included."""
        return cells_of(self.act.minutes, self.act.buffer_minutes)

    @property
    def earliest(self) -> int:
        """The first cell a visit may start at, notice given."""
        hours = self.directory.rules.notice_hours if self.notice_hours is None else self.notice_hours
        return -(-int((self.now + timedelta(hours=hours)).timestamp()) // CELL_SECONDS)

    def bounds(self) -> tuple[date, date]:
        """Return the first and the last day that may be booked, by the clocks of the sites."""
        zones = {offer.site.timezone for offer in self.offers}
        first = min(calendar.date_of(start_of(self.earliest), zone) for zone in zones)
        today = max(calendar.date_of(self.now, zone) for zone in zones)
        return first, today + timedelta(days=self.directory.rules.horizon_days)

    def starts(self, offer: Offer, days: Sequence[LocalDay], base: int, taken: int) -> int:
        """Return the cells where a whole visit could start at an offer, rooms aside, as a mask from `base`."""
        hours = calendar.hours_of(self.directory, offer.practitioner.id, offer.site.id)
        here = calendar.presence(hours, days, base)
        wished = 0
        for day in days:
            if not self.wishes.days or day.day.weekday() in self.wishes.days:
                wished |= day.marks[self.wishes.hours] << day.first_cell - base
        after_notice = -1 << max(0, self.earliest - base)
        return calendar.runs(here & ~taken, self.cells) & wished & after_notice

    def allows(self, offer: Offer, cell: int) -> bool:
        """Say whether a visit could start at a cell, were everybody free."""
        day = calendar.date_of(start_of(cell), offer.site.timezone)
        first, last = self.bounds()
        if not first <= day <= last:
            return False
        local = calendar.local_day(offer.site.timezone, day)
        starts = self.starts(offer, [local], local.first_cell, taken=0)
        return bool(starts >> cell - local.first_cell & 1)


def cells_of(minutes: int, buffer_minutes: int) -> int:
    """Return how many cells a visit takes, buffer included."""
    return -(-(minutes + buffer_minutes) // CELL_MINUTES)


def offers_of(directory: Directory, act: Bookable, wishes: SlotFilter) -> tuple[Offer, ...]:
    """Return who could take an act where, as the wishes about people and places allow."""
    people = [person for person in directory.practitioners if _suits(person, act, wishes)]
    found = []
    for site in directory.sites:
        if wishes.site not in (None, site.id) or (wishes.step_free and not site.step_free):
            continue
        rooms = [r for r in directory.rooms if r.site == site.id and (r.step_free or not wishes.step_free)]
        # Rooms with steps are used first: the others stay free for who needs them.
        rooms.sort(key=lambda room: (room.step_free, room.id))
        if rooms:
            found += [Offer(person, site, tuple(rooms)) for person in people]
    return tuple(found)


def free_days(search: Search, first: date, last: date) -> Iterator[tuple[date, list[Candidate]]]:
    """Give each day that has free starts, onwards from the first, with all of them by time and then shuffled."""
    for days in _windows(first, last):
        masks = _Masks(search, days)
        for day in days:
            if candidates := masks.candidates(day):
                yield day, candidates


def last_free_day(search: Search, first: date, last: date) -> date | None:
    """Return the last day with a free start, or None."""
    length = _WEEK
    while last >= first:
        start = max(first, last - timedelta(days=length - 1))
        days = calendar.days_from(start, (last - start).days + 1)
        masks = _Masks(search, days)
        found = next((day for day in reversed(days) if masks.candidates(day)), None)
        if found:
            return found
        last, length = start - timedelta(days=1), min(2 * length, _LONGEST)
    return None


def _suits(person: Practitioner, act: Bookable, wishes: SlotFilter) -> bool:
    if wishes.practitioner not in (None, person.id) or wishes.gender not in ("any", person.gender):
        return False
    return not set(act.practitioner_kinds).isdisjoint(person.kinds)


def _windows(first: date, last: date) -> Iterator[list[date]]:
    length = _WEEK
    while first <= last:
        yield calendar.days_from(first, min(length, (last - first).days + 1))
        first, length = first + timedelta(days=length), min(2 * length, _LONGEST)


class _Masks:
    """The free starts of one window of days, for each offer and each room."""

    def __init__(self, search: Search, days: Sequence[date]) -> None:
        self._search = search
        zones = {offer.site.timezone for offer in search.offers}
        local = {zone: [calendar.local_day(zone, day) for day in days] for zone in zones}
        self._base = min(window[0].first_cell for window in local.values())
        after = max(window[-1].first_cell + window[-1].cells for window in local.values()) + search.cells
        taken = self._taken(after)
        whole = calendar.span(0, after - self._base)
        self._rooms: Mapping[UUID, int] = {
            room.id: calendar.runs(whole & ~taken.get(room.id, 0), search.cells)
            for room in {room.id: room for offer in search.offers for room in offer.rooms}.values()
        }
        self._starts = [
            search.starts(offer, local[offer.site.timezone], self._base, taken.get(offer.practitioner.id, 0))
            for offer in search.offers
        ]

    def candidates(self, day: date) -> list[Candidate]:
        """Return every free start of a day: one for a practitioner and a time."""
        found: dict[tuple[int, UUID], Candidate] = {}
        for offer, starts in zip(self._search.offers, self._starts, strict=True):
            local = calendar.local_day(offer.site.timezone, day)
            shift = local.first_cell - self._base
            rank = _rank(day, offer.practitioner.id)
            for place in calendar.bits(starts >> shift & calendar.span(0, local.cells)):
                cell, room = local.first_cell + place, self._room(offer.rooms, place + shift)
                if room is not None:
                    found.setdefault((cell, offer.practitioner.id), Candidate(cell, rank, offer, room))
        return sorted(found.values(), key=lambda candidate: (candidate.cell, candidate.rank))

    def _taken(self, after: int) -> dict[UUID, int]:
        search = self._search
        resources: Iterable[UUID] = {offer.practitioner.id for offer in search.offers} | {
            room.id for offer in search.offers for room in offer.rooms
        }
        return occupied(search.session, resources, self._base, after, search.now, search.ignoring)

    def _room(self, rooms: Sequence[Room], place: int) -> UUID | None:
        return next((room.id for room in rooms if self._rooms[room.id] >> place & 1), None)


def _rank(day: date, practitioner: UUID) -> bytes:
    """Shuffle practitioners anew each day, the same way for everybody."""
    return hashlib.sha256(day.isoformat().encode() + practitioner.bytes).digest()
