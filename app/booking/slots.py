"""Slots as patients see them: a few a day, spread over it, in an order that favours nobody."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from app.booking.calendar import CELL_MINUTES
from app.booking.codes import CODE_WIDTH as CODE_WIDTH
from app.booking.codes import decode, encode, tag
from app.booking.search import Bookable, Candidate, Search, cells_of, free_days, last_free_day, offers_of
from app.booking.search import SlotFilter as SlotFilter
from app.front.cells import cell_of, occupied, start_of
from app.front.directory import Directory

_APART = 30 // CELL_MINUTES
"""Cells between two times shown on a day with many."""


@dataclass(frozen=True, slots=True)
class Slot:
    """A visit that could be booked. The buffer follows it and is kept for practitioner and room alike."""

    starts_at: datetime
    minutes: int
    buffer_minutes: int
    practitioner: UUID
    room: UUID
    site: UUID

    @property
    def code(self) -> str:
        """Opaque text of CODE_WIDTH characters, which `slot_by_code` reads back."""
        return encode(_tag(self.practitioner, self.site), self.start_cell)

    @property
    def start_cell(self) -> int:
        """The first cell it takes."""
        return cell_of(self.starts_at)

    @property
    def cells(self) -> int:
        """How many cells it takes of the practitioner and of the room."""
        return cells_of(self.minutes, self.buffer_minutes)

    @property
    def resources(self) -> tuple[UUID, UUID]:
        """Whose cells it takes: the practitioner's and the room's."""
        return self.practitioner, self.room


@dataclass(frozen=True, slots=True)
class SlotPage:
    """Some slots by time, with the days to go on and back to: None only when nothing is free that way."""

    slots: tuple[Slot, ...]
    next_day: date | None
    previous_day: date | None


def find_slots(
    session: Session,
    directory: Directory,
    act: Bookable,
    wishes: SlotFilter,
    now: datetime,
    limit: int = 10,
    *,
    draft: UUID | None = None,
    notice_hours: int | None = None,
) -> SlotPage:
    """Return slots of the first days that have some, from a day on: at most `limit`, spread over each day.

    The order is by time, then by a shuffle of each day. What `draft` holds itself counts as free. Staff may pass a
    shorter notice than the clinic's rules.
    """
    offers = offers_of(directory, act, wishes)
    if not offers:
        return SlotPage((), None, None)
    search = Search(session, directory, act, offers, wishes, now, notice_hours, draft)
    first, last = search.bounds()
    start = min(max(wishes.from_day, first), last)
    chosen, next_day = _fill(free_days(search, start, last), limit, narrowed=wishes.hours != "any")
    previous = last_free_day(search, first, start - timedelta(days=1))
    return SlotPage(tuple(_slot(candidate, act) for candidate in chosen), next_day, previous)


def slot_by_code(
    session: Session,
    directory: Directory,
    act: Bookable,
    code: str,
    now: datetime,
    *,
    draft: UUID | None = None,
    step_free: bool = False,
    notice_hours: int | None = None,
) -> Slot | None:
    """Return the slot of a code, in a free room if there is one; None unless hours, act and notice allow it.

    A slot that somebody has meanwhile is returned too: holding it says so. What `draft` holds counts as free.
    """
    read = decode(code)
    if read is None:
        return None
    wishes = SlotFilter(None, None, "any", frozenset(), "any", step_free, from_day=date.min)
    of, cell = read
    offers = offers_of(directory, act, wishes)
    offer = next((offer for offer in offers if _tag(offer.practitioner.id, offer.site.id) == of), None)
    if offer is None:
        return None
    search = Search(session, directory, act, (offer,), wishes, now, notice_hours, draft)
    if not search.allows(offer, cell):
        return None
    taken = occupied(session, [room.id for room in offer.rooms], cell, cell + search.cells, now, draft)
    room = next((room.id for room in offer.rooms if room.id not in taken), offer.rooms[0].id)
    return _slot(Candidate(cell, b"", offer, room), act)


def read_code(directory: Directory, code: str) -> tuple[UUID, UUID, int] | None:
    """Return the practitioner, site and first cell that a code names, or None; whether it may be is not asked."""
    read = decode(code)
    for person in directory.practitioners if read else ():
        for site in directory.sites:
            if read and _tag(person.id, site.id) == read[0]:
                return person.id, site.id, read[1]
    return None


def _fill(
    days: Iterable[tuple[date, list[Candidate]]], limit: int, *, narrowed: bool
) -> tuple[list[Candidate], date | None]:
    """Choose slots day after day while a day's share fits; the first day that does not is where to go on.

    A day gives half a page, so that a page shows a choice of days; a whole page where a part of the day was wished.
    """
    share = limit if narrowed else -(-limit // 2)
    chosen: list[Candidate] = []
    for day, candidates in days:
        picked = _spread(candidates, share)
        if len(chosen) + len(picked) > limit:
            return chosen, day
        chosen += picked
    return chosen, None


def _spread(candidates: list[Candidate], share: int) -> list[Candidate]:
    """Choose so many of a day's candidates: times far from one another first, then people in turn."""
    by_time: dict[int, list[Candidate]] = {}
    for candidate in candidates:
        by_time.setdefault(candidate.cell, []).append(candidate)
    times = _spaced(list(by_time), share)
    wanted = min(share, sum(len(by_time[time]) for time in times))
    shown: Counter[bytes] = Counter()
    chosen: list[Candidate] = []
    while len(chosen) < wanted:
        for time in times:
            if by_time[time] and len(chosen) < wanted:
                best = min(by_time[time], key=lambda candidate: (shown[candidate.rank], candidate.rank))
                by_time[time].remove(best)
                shown[best.rank] += 1
                chosen.append(best)
    return sorted(chosen, key=lambda candidate: (candidate.cell, candidate.rank))


def _spaced(times: list[int], count: int) -> list[int]:
    """Choose times evenly, from the first to the last, half an hour apart at least where there are enough."""
    if len(times) <= count:
        return times
    apart = times[:1]
    for time in times:
        if time >= apart[-1] + _APART:
            apart.append(time)
    among = apart if len(apart) >= count else times
    if count == 1:
        return among[:1]
    return [among[place * (len(among) - 1) // (count - 1)] for place in range(count)]


def _slot(candidate: Candidate, act: Bookable) -> Slot:
    offer = candidate.offer
    starts_at = start_of(candidate.cell)
    return Slot(starts_at, act.minutes, act.buffer_minutes, offer.practitioner.id, candidate.room, offer.site.id)


def _tag(practitioner: UUID, site: UUID) -> str:
    return tag(b"visit", practitioner.bytes, site.bytes)
