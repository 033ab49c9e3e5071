"""Whatever the order of holds, sends, moves, proposals, absences and expiry, nobody is ever booked twice.

A plain model (a dictionary of cells) is run beside the database: each act must succeed exactly when the model says
that it can, and afterwards each appointment must have all its cells and nobody else's.
"""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from uuid import UUID

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from app.booking.holds import absence, accept_proposal, claim, current_hold, hold, propose, purge_expired, release
from app.booking.slots import Slot
from app.db import Databases
from app.front import cells
from app.front.cells import SlotTaken
from app.front.models import Base
from tests.factories.directory import a_directory, a_practitioner, a_room, a_site, weekly
from tests.unit.booking.agenda import NOW, publish

FIRST = NOW + timedelta(hours=3)
SITE = a_site()
PEOPLE = [a_practitioner("ada"), a_practitioner("bea")]
ROOMS = [a_room("blue", SITE), a_room("green", SITE)]
RESOURCES = [*(person.id for person in PEOPLE), *(room.id for room in ROOMS)]
OWNERS = [UUID(int=n) for n in range(1, 6)]
"""Each is a journey, what it sends, and a proposal: told apart by their high bits."""
_SENT, _PROPOSED, _AWAY = 1 << 64, 2 << 64, 3 << 64

slots = st.builds(
    lambda place, length, buffer, who, room: Slot(
        FIRST + timedelta(minutes=5 * place), 5 * length, 5 * buffer, who.id, room.id, SITE.id
    ),
    st.integers(0, 9),
    st.integers(1, 5),
    st.integers(0, 2),
    st.sampled_from(PEOPLE),
    st.sampled_from(ROOMS),
)
owners = st.sampled_from(OWNERS)


def _as(owner: UUID, kind: int) -> UUID:
    return UUID(int=owner.int | kind)


def _cells(slot: Slot) -> list[tuple[UUID, int]]:
    span = range(slot.start_cell, slot.start_cell + slot.cells)
    return [(resource, cell) for resource in slot.resources for cell in span]


class Agenda(RuleBasedStateMachine):
    """Random acts on one morning of two practitioners who share two rooms."""

    @initialize()
    def open(self) -> None:
        self.db = Databases({"front": "sqlite://"})
        Base.metadata.create_all(self.db.engine("front"))
        publish(self.db, a_directory([h for p in PEOPLE for h in weekly(p, SITE)], PEOPLE, [SITE], ROOMS))
        self.now = NOW
        self.taken: dict[tuple[UUID, int], tuple[UUID, datetime | None]] = {}
        self.held: dict[UUID, Slot] = {}
        self.booked: dict[UUID, Slot] = {}

    def teardown(self) -> None:
        self.db.dispose()

    def _is_free(self, slot: Slot, *mine: UUID) -> bool:
        there = (self.taken.get(cell) for cell in _cells(slot))
        return all(not got or got[0] in mine or (got[1] and got[1] <= self.now) for got in there)

    def _give_back(self, *gone: UUID) -> None:
        self.taken = {cell: got for cell, got in self.taken.items() if got[0] not in gone}

    def _give(self, slot: Slot, owner: UUID, until: datetime | None = None) -> None:
        self.taken |= dict.fromkeys(_cells(slot), (owner, until))

    def _try(self, act: Callable[..., object], *arguments: object) -> bool:
        try:
            with self.db.writing("front") as session:
                act(session, *arguments)
        except SlotTaken:
            return False
        return True

    @rule(draft=owners, slot=slots)
    def hold(self, draft: UUID, slot: Slot) -> None:
        had = self.held.get(draft)
        alive = had and any(got[0] == draft and got[1] and got[1] > self.now for got in self.taken.values())
        same = alive and had and _cells(had) == _cells(slot)
        expected = same or self._is_free(slot, draft)
        assert self._try(hold, draft, slot, self.now, 15, 10_000) == expected
        if expected and not same:
            self._give_back(draft)
            self._give(slot, draft, self.now + timedelta(minutes=15))
            self.held[draft] = slot

    @rule(draft=owners)
    def release(self, draft: UUID) -> None:
        assert self._try(release, draft)
        self._give_back(draft)

    @rule(draft=owners, other=slots, keep=st.booleans())
    def send(self, draft: UUID, other: Slot, keep: bool) -> None:
        slot = self.held.get(draft, other) if keep else other
        sent = _as(draft, _SENT)
        again = sent in self.booked
        expected = again or self._is_free(slot, draft)
        assert self._try(claim, draft, slot, sent, self.now) == expected
        if expected and not again:
            self._give_back(draft)
            self._give(slot, sent)
            self.booked[sent] = slot

    @rule(owner=owners)
    def cancel(self, owner: UUID) -> None:
        sent = _as(owner, _SENT)
        assert self._try(cells.free, sent)
        self._give_back(sent)
        self.booked.pop(sent, None)

    @rule(owner=owners, slot=slots)
    def move(self, owner: UUID, slot: Slot) -> None:
        sent = _as(owner, _SENT)
        if sent in self.booked:
            expected = self._is_free(slot, sent)
            arguments = (sent, slot.resources, slot.start_cell, slot.cells, self.now)
            assert self._try(cells.move, *arguments) == expected
            if expected:
                self._give_back(sent)
                self._give(slot, sent)
                self.booked[sent] = slot

    @rule(owner=owners, slot=slots, minutes=st.integers(1, 40))
    def propose(self, owner: UUID, slot: Slot, minutes: int) -> None:
        proposal, until = _as(owner, _PROPOSED), self.now + timedelta(minutes=minutes)
        self._try(cells.free, proposal)
        self._give_back(proposal)
        expected = self._is_free(slot)
        assert self._try(propose, proposal, slot, self.now, until) == expected
        if expected:
            self._give(slot, proposal, until)
            self.held[proposal] = slot

    @rule(owner=owners)
    def accept(self, owner: UUID) -> None:
        proposal, sent = _as(owner, _PROPOSED), _as(owner, _SENT)
        slot = self.held.get(proposal)
        if slot is None:
            return
        got = self.taken.get((slot.practitioner, slot.start_cell))
        expected = bool(got and got[0] == proposal and got[1] and got[1] > self.now)
        assert self._try(accept_proposal, sent, proposal, self.now) == expected
        if expected:
            self._give_back(proposal, sent)
            self._give(slot, sent)
            self.booked[sent] = slot

    @rule(owner=owners, resource=st.sampled_from(RESOURCES), place=st.integers(0, 9), length=st.integers(1, 6))
    def be_away(self, owner: UUID, resource: UUID, place: int, length: int) -> None:
        away, start = _as(owner, _AWAY), FIRST + timedelta(minutes=5 * place)
        first = cells.cell_of(start)
        span = [(resource, cell) for cell in range(first, first + length)]
        there = {self.taken[cell][0] for cell in span if cell in self.taken}
        assert self._try(absence, away, resource, start, start + timedelta(minutes=5 * length), self.now)
        self._give_back(*(one for one in there if one.int >> 64 in (0, 2)))
        self.taken |= {cell: (away, None) for cell in span if cell not in self.taken}

    @rule(minutes=st.integers(1, 20), purge=st.booleans())
    def wait(self, minutes: int, purge: bool) -> None:
        self.now += timedelta(minutes=minutes)
        self._drop_expired(self.taken)
        if purge:
            assert self._try(purge_expired, self.now)

    def _drop_expired(self, among: Iterable[tuple[UUID, int]]) -> None:
        gone = [cell for cell in among if (until := self.taken[cell][1]) and until <= self.now]
        for cell in gone:
            del self.taken[cell]

    @invariant()
    def the_database_says_what_the_model_says(self) -> None:
        first, after = cells.cell_of(FIRST), cells.cell_of(FIRST) + 40
        with self.db.reading("front") as session:
            found = cells.occupied(session, RESOURCES, first, after, self.now)
            alive = {draft for draft in OWNERS if current_hold(session, draft, self.now)}
        expected: dict[UUID, int] = {}
        for resource, cell in self.taken:
            expected[resource] = expected.get(resource, 0) | 1 << cell - first
        assert found == expected
        assert alive == {got[0] for got in self.taken.values()} & set(OWNERS)

    @invariant()
    def every_appointment_has_all_its_cells_to_itself(self) -> None:
        with self.db.reading("front") as session:
            for owner, slot in self.booked.items():
                span = range(slot.start_cell, slot.start_cell + slot.cells)
                assert cells.owned(session, owner) == dict.fromkeys(slot.resources, span)
                for resource in slot.resources:
                    assert cells.owners(session, resource, span, self.now) == {owner: "appointment"}


TestNoDoubleBooking = Agenda.TestCase
TestNoDoubleBooking.settings = settings(max_examples=80, stateful_step_count=25, deadline=None)
