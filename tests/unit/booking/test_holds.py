"""Holds: one a journey, prolonged twice, capped a day, sent once, and taken again when they ran out."""

from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest

from app.booking.holds import (
    DayTooHeld,
    NoMoreExtensions,
    claim,
    current_hold,
    extend,
    hand_over,
    hold,
    purge_expired,
    release,
)
from app.booking.slots import Slot
from app.db import Databases
from app.front import cells
from app.front.cells import SlotTaken
from app.front.directory import Directory
from tests.factories.directory import a_directory, a_practitioner, a_room, a_site, an_act, small_clinic, weekly
from tests.unit.booking.agenda import MONDAY, NOW, book, everything, keep, publish, search

QUARTER = timedelta(minutes=15)


@pytest.fixture
def clinic(db: Databases) -> Directory:
    """A published clinic: one practitioner, eight hours a day."""
    return publish(db, small_clinic())


def _slots(db: Databases, directory: Directory, minutes: int = 30, day: int = 0) -> list[Slot]:
    return everything(db, directory, an_act(minutes), from_day=MONDAY + timedelta(days=day))


def _claim(db: Databases, draft: UUID, slot: Slot, owner: UUID, now: datetime = NOW) -> None:
    with db.writing("front") as session:
        claim(session, draft, slot, owner, now)


def _owned(db: Databases, owner: UUID) -> dict[UUID, range]:
    with db.reading("front") as session:
        return cells.owned(session, owner)


def _extent(slot: Slot) -> dict[UUID, range]:
    return dict.fromkeys(slot.resources, range(slot.start_cell, slot.start_cell + slot.cells))


def test_a_slot_held_is_offered_to_nobody_else_until_it_runs_out(db: Databases, clinic: Directory) -> None:
    slot = _slots(db, clinic)[0]
    held = keep(db, uuid4(), slot)
    assert held.expires_at == NOW + QUARTER
    assert (held.practitioner, held.room, held.starts_at, held.cells) == (*slot.resources, slot.starts_at, 6)
    with pytest.raises(SlotTaken):
        keep(db, uuid4(), slot)
    assert slot not in search(db, clinic, limit=100).slots
    assert slot in search(db, clinic, now=NOW + QUARTER, limit=100).slots
    assert keep(db, uuid4(), slot, NOW + QUARTER)


def test_a_new_hold_replaces_the_former_even_where_they_overlap(db: Databases, clinic: Directory) -> None:
    draft, slots = uuid4(), _slots(db, clinic)
    for slot in (slots[0], slots[1], slots[10]):
        keep(db, draft, slot)
        assert _owned(db, draft) == _extent(slot)
    keep(db, uuid4(), slots[0])


def test_a_hold_that_fails_leaves_the_former_and_the_transaction(db: Databases, clinic: Directory) -> None:
    draft, slots = uuid4(), _slots(db, clinic)
    keep(db, draft, slots[0])
    book(db, list(slots[4].resources), slots[4].starts_at, 30, uuid4())
    with db.writing("front") as session:
        with pytest.raises(SlotTaken):
            hold(session, draft, slots[3], NOW, 15, 100)
        found = current_hold(session, draft, NOW)
        assert found
        assert found.starts_at == slots[0].starts_at
    assert _owned(db, draft) == _extent(slots[0])


def test_holding_the_same_slot_again_gives_no_more_time(db: Databases, clinic: Directory) -> None:
    draft, slot = uuid4(), _slots(db, clinic)[0]
    first = keep(db, draft, slot)
    assert keep(db, draft, slot, NOW + timedelta(minutes=5)).expires_at == first.expires_at
    assert keep(db, draft, slot, NOW + QUARTER).expires_at == NOW + 2 * QUARTER


def test_a_hold_is_prolonged_twice_and_no_more(db: Databases, clinic: Directory) -> None:
    draft, slot = uuid4(), _slots(db, clinic)[0]
    keep(db, draft, slot)
    for turn in (1, 2):
        now = NOW + turn * timedelta(minutes=10)
        with db.writing("front") as session:
            held = extend(session, draft, now, 15, 2)
            assert (held.extensions, held.expires_at) == (turn, now + QUARTER)
    with db.writing("front") as session, pytest.raises(NoMoreExtensions):
        extend(session, draft, NOW + timedelta(minutes=30), 15, 2)
    end = NOW + timedelta(minutes=35)
    assert slot not in search(db, clinic, now=end - timedelta(seconds=1), limit=100).slots
    assert slot in search(db, clinic, now=end, limit=100).slots


@pytest.mark.parametrize("held", [True, False])
def test_a_hold_that_ran_out_is_not_prolonged(db: Databases, clinic: Directory, held: bool) -> None:
    draft = uuid4()
    if held:
        keep(db, draft, _slots(db, clinic)[0])
    with db.writing("front") as session, pytest.raises(NoMoreExtensions):
        extend(session, draft, NOW + QUARTER, 15, 2)


def test_a_hold_given_back_is_free_at_once_and_giving_back_twice_is_nothing(
    db: Databases, clinic: Directory
) -> None:
    draft, slot = uuid4(), _slots(db, clinic)[0]
    keep(db, draft, slot)
    for _ in range(2):
        with db.writing("front") as session:
            release(session, draft)
            assert current_hold(session, draft, NOW) is None
    keep(db, uuid4(), slot)


def test_unsent_holds_leave_most_of_a_day_and_another_day_open(db: Databases, clinic: Directory) -> None:
    slots, draft = _slots(db, clinic), uuid4()
    spaced = slots[::2]
    for slot in spaced[:6]:
        keep(db, uuid4(), slot, share_percent=40)
    with pytest.raises(DayTooHeld):
        keep(db, draft, spaced[6], share_percent=40)
    keep(db, draft, _slots(db, clinic, day=1)[0], share_percent=40)
    with pytest.raises(DayTooHeld):
        keep(db, draft, spaced[6], share_percent=40)
    assert _owned(db, draft)
    keep(db, uuid4(), spaced[6], NOW + QUARTER, share_percent=40)


def test_one_s_own_hold_and_sent_ones_do_not_count_in_the_share(db: Databases, clinic: Directory) -> None:
    slots = _slots(db, clinic)[::2]
    drafts = [uuid4() for _ in range(6)]
    for draft, slot in zip(drafts, slots, strict=False):
        keep(db, draft, slot, share_percent=40)
    keep(db, drafts[0], slots[7], share_percent=40)
    _claim(db, drafts[1], slots[1], uuid4())
    keep(db, uuid4(), slots[8], share_percent=40)


def test_one_hold_is_always_possible_however_short_the_day(db: Databases) -> None:
    directory = publish(db, small_clinic(ends=10 * 60))
    keep(db, uuid4(), _slots(db, directory, minutes=45)[0], share_percent=5)


def test_a_hold_becomes_an_appointment_once_and_for_good(db: Databases, clinic: Directory) -> None:
    draft, owner, slot = uuid4(), uuid4(), _slots(db, clinic)[0]
    keep(db, draft, slot)
    for _ in range(3):
        _claim(db, draft, slot, owner, NOW + timedelta(minutes=1))
    assert _owned(db, owner) == _extent(slot)
    assert _owned(db, draft) == {}
    with db.writing("front") as session:
        assert current_hold(session, draft, NOW) is None
        purge_expired(session, NOW + timedelta(days=1))
    assert _owned(db, owner) == _extent(slot)
    with pytest.raises(SlotTaken):
        _claim(db, draft, slot, uuid4())


@pytest.mark.parametrize("purged", [True, False])
def test_a_hold_that_ran_out_is_taken_again_if_free(db: Databases, clinic: Directory, purged: bool) -> None:
    draft, owner, slot = uuid4(), uuid4(), _slots(db, clinic)[0]
    keep(db, draft, slot)
    later = NOW + timedelta(hours=1)
    if purged:
        with db.writing("front") as session:
            assert purge_expired(session, later) == 1
    _claim(db, draft, slot, owner, later)
    assert _owned(db, owner) == _extent(slot)


def test_a_hold_that_ran_out_and_was_taken_in_part_is_lost(db: Databases, clinic: Directory) -> None:
    draft, slots = uuid4(), _slots(db, clinic)
    keep(db, draft, slots[0])
    later = NOW + timedelta(hours=1)
    keep(db, uuid4(), slots[1], later)
    with pytest.raises(SlotTaken):
        _claim(db, draft, slots[0], uuid4(), later)


def test_claiming_another_slot_than_the_one_held_frees_that_one(db: Databases, clinic: Directory) -> None:
    draft, owner, slots = uuid4(), uuid4(), _slots(db, clinic)
    keep(db, draft, slots[0])
    _claim(db, draft, slots[1], owner)
    assert _owned(db, owner) == _extent(slots[1])
    assert _owned(db, draft) == {}


def test_a_send_repeated_after_staff_moved_the_appointment_leaves_it(db: Databases, clinic: Directory) -> None:
    draft, owner, slots = uuid4(), uuid4(), _slots(db, clinic)
    _claim(db, draft, slots[0], owner)
    with db.writing("front") as session:
        cells.move(session, owner, slots[4].resources, slots[4].start_cell, slots[4].cells, NOW)
    _claim(db, draft, slots[0], owner)
    assert _owned(db, owner) == _extent(slots[4])


def test_a_journey_under_another_id_keeps_its_hold(db: Databases, clinic: Directory) -> None:
    draft, again, owner, slot = uuid4(), uuid4(), uuid4(), _slots(db, clinic)[0]
    keep(db, draft, slot)
    with db.writing("front") as session:
        hand_over(session, draft, again)
        assert current_hold(session, draft, NOW) is None
        assert current_hold(session, again, NOW)
    _claim(db, again, slot, owner)
    assert _owned(db, owner) == _extent(slot)


def test_two_practitioners_never_hold_one_room_at_once(db: Databases) -> None:
    site, people = a_site(), [a_practitioner("ada"), a_practitioner("bea")]
    directory = a_directory([h for p in people for h in weekly(p, site)], people, [site], [a_room("blue", site)])
    publish(db, directory)
    both = _slots(db, directory)[:2]
    assert both[0].starts_at == both[1].starts_at
    keep(db, uuid4(), both[0])
    with pytest.raises(SlotTaken):
        keep(db, uuid4(), both[1])
