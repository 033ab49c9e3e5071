"""What staff do to the agenda: propose a slot, have it accepted, and be away."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from app.booking.holds import absence, accept_proposal, claim, current_hold, propose
from app.booking.slots import Slot
from app.db import Databases
from app.front import cells
from app.front.cells import SlotTaken
from app.front.directory import Directory
from tests.factories.directory import an_act, small_clinic
from tests.unit.booking.agenda import NOW, book, everything, keep, publish, search

UNTIL = NOW + timedelta(days=2)
DAY = (datetime(2026, 11, 23, 8, tzinfo=UTC), datetime(2026, 11, 23, 16, tzinfo=UTC))


@pytest.fixture
def slots(db: Databases) -> list[Slot]:
    """The slots of a published clinic's first day, one after the other."""
    return everything(db, publish(db, small_clinic()), an_act(20, 10))[::2]


def _propose(db: Databases, slot: Slot, until: datetime = UNTIL) -> UUID:
    proposal = uuid4()
    with db.writing("front") as session:
        propose(session, proposal, slot, NOW, until)
    return proposal


def _accept(db: Databases, owner: UUID, proposal: UUID, now: datetime = NOW) -> None:
    with db.writing("front") as session:
        accept_proposal(session, owner, proposal, now)


def _owned(db: Databases, owner: UUID) -> dict[UUID, range]:
    with db.reading("front") as session:
        return cells.owned(session, owner)


def _away(db: Databases, away: UUID, resource: UUID, now: datetime = NOW) -> set[UUID]:
    with db.writing("front") as session:
        return absence(session, away, resource, *DAY, now)


def _extent(slot: Slot) -> dict[UUID, range]:
    return dict.fromkeys(slot.resources, range(slot.start_cell, slot.start_cell + slot.cells))


def test_a_proposal_keeps_its_slot_until_it_ends(db: Databases, slots: list[Slot]) -> None:
    _propose(db, slots[0])
    with pytest.raises(SlotTaken):
        keep(db, uuid4(), slots[0])
    keep(db, uuid4(), slots[0], UNTIL)


def test_an_accepted_proposal_takes_the_place_of_the_appointment(db: Databases, slots: list[Slot]) -> None:
    owner = uuid4()
    book(db, list(slots[0].resources), slots[0].starts_at, 30, owner)
    proposal = _propose(db, slots[3])
    _accept(db, owner, proposal, UNTIL - timedelta(seconds=1))
    assert _owned(db, owner) == _extent(slots[3])
    keep(db, uuid4(), slots[0])


def test_a_proposal_that_ended_or_never_was_is_not_accepted(db: Databases, slots: list[Slot]) -> None:
    owner = uuid4()
    book(db, list(slots[0].resources), slots[0].starts_at, 30, owner)
    proposal = _propose(db, slots[3])
    for named, now in ((proposal, UNTIL), (uuid4(), NOW)):
        with pytest.raises(SlotTaken):
            _accept(db, owner, named, now)
    assert _owned(db, owner) == _extent(slots[0])


def test_a_slot_withdrawn_and_proposed_to_another_is_not_taken_by_the_first(
    db: Databases, slots: list[Slot]
) -> None:
    withdrawn = _propose(db, slots[3])
    with db.writing("front") as session:
        cells.free(session, withdrawn)
    to_another = _propose(db, slots[3])
    with pytest.raises(SlotTaken):
        _accept(db, uuid4(), withdrawn)
    assert _owned(db, to_another) == _extent(slots[3])


def test_an_absence_takes_the_day_and_names_the_appointments_to_move(db: Databases, slots: list[Slot]) -> None:
    directory, booked, away = small_clinic(), uuid4(), uuid4()
    book(db, list(slots[2].resources), slots[2].starts_at, 30, booked)
    person = slots[0].practitioner
    for _ in range(2):
        assert _away(db, away, person) == {booked}
    assert search(db, directory).slots[0].starts_at.day == 24
    with db.writing("front") as session:
        cells.free(session, booked)
    assert search(db, directory).slots[0].starts_at == slots[2].starts_at
    assert _away(db, away, person) == set()
    assert search(db, directory).slots[0].starts_at.day == 24
    with db.writing("front") as session:
        assert cells.free(session, away) == 96
    assert search(db, directory).slots[0].starts_at == slots[0].starts_at


def test_an_absence_ends_holds_and_proposals_whose_patients_then_choose_again(
    db: Databases, slots: list[Slot]
) -> None:
    draft = uuid4()
    keep(db, draft, slots[0])
    proposal = _propose(db, slots[1])
    assert _away(db, uuid4(), slots[0].practitioner) == set()
    with db.writing("front") as session:
        assert current_hold(session, draft, NOW) is None
        with pytest.raises(SlotTaken):
            claim(session, draft, slots[0], uuid4(), NOW)
        with pytest.raises(SlotTaken):
            accept_proposal(session, uuid4(), proposal, NOW)
    with db.reading("front") as session:
        assert cells.owners(session, slots[0].room, range(slots[0].start_cell, slots[0].start_cell + 99), NOW) == {}


def test_a_closed_room_closes_its_slots(db: Databases, slots: list[Slot]) -> None:
    directory: Directory = small_clinic()
    _away(db, uuid4(), slots[0].room)
    assert search(db, directory).slots[0].starts_at.day == 24
