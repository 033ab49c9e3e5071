"""Codes: one width, read back to the same slot, and refused when forged or no longer possible."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.booking.call_times import call_times
from app.booking.codes import CODE_WIDTH, decode, encode, tag
from app.booking.slots import Slot, slot_by_code
from app.db import Databases
from app.front.directory import Directory
from app.profiles.models import Act
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
from tests.unit.booking.agenda import NOW, book, everything, search


def _read(
    db: Databases, directory: Directory, code: str, act: Act | None = None, now: datetime = NOW
) -> Slot | None:
    with db.reading("front") as session:
        return slot_by_code(session, directory, act or an_act(), code, now)


def test_every_slot_shown_is_read_back_the_same(db: Databases) -> None:
    directory = large_clinic()
    slots = search(db, directory, limit=200).slots
    assert len(slots) == 200
    assert [_read(db, directory, slot.code) for slot in slots] == list(slots)
    assert len({slot.code for slot in slots}) == 200


def test_slots_and_windows_have_codes_of_one_width(db: Databases) -> None:
    directory = large_clinic()
    codes = [slot.code for slot in search(db, directory).slots]
    codes += [window.code for kind in ("call", "come") for window in call_times(directory, NOW, kind)]
    assert {len(code) for code in codes} == {CODE_WIDTH}
    assert len(set(codes)) == len(codes)


@given(st.text(max_size=20))
def test_anything_typed_is_read_or_refused(text: str) -> None:
    read = decode(text)
    assert read is None or encode(*read) == text


@pytest.mark.parametrize("code", ["", "none000000000000", "٠" * 16, "0" * 16, "f" * 16, "0" * 15, "A" * 16])
def test_a_forged_code_is_refused(db: Databases, code: str) -> None:
    assert _read(db, small_clinic(), code) is None


def test_a_code_outside_what_may_be_booked_is_refused(db: Databases) -> None:
    directory = small_clinic(rules=some_rules(notice_hours=24, horizon_days=10))
    person, site = directory.practitioners[0], directory.sites[0]
    of = tag(b"visit", person.id.bytes, site.id.bytes)

    def at(*moment: int) -> Slot | None:
        return _read(db, directory, encode(of, int(datetime(*moment, tzinfo=UTC).timestamp()) // 300))  # type: ignore[misc, arg-type]  # the year comes first

    assert at(2026, 11, 24, 9, 0)
    assert not at(2026, 11, 23, 9, 0), "less than the notice"
    assert not at(2026, 11, 24, 9, 5), "no quarter hour"
    assert not at(2026, 11, 24, 6, 0), "not open"
    assert not at(2026, 11, 24, 15, 45), "too long for the day"
    assert at(2026, 12, 3, 9, 0)
    assert not at(2026, 12, 4, 9, 0), "past the horizon"
    assert not at(2020, 11, 24, 9, 0), "long ago"


def test_a_code_for_another_kind_of_practitioner_is_refused(db: Databases) -> None:
    directory = small_clinic()
    code = search(db, directory).slots[0].code
    assert _read(db, directory, code, an_act(kinds=("pilot",))) is None
    assert _read(db, directory.model_copy(update={"practitioners": ()}), code) is None


def test_notice_may_be_shortened_for_staff(db: Databases) -> None:
    directory = small_clinic(rules=some_rules(notice_hours=24))
    code = everything(db, small_clinic())[0].code
    with db.reading("front") as session:
        assert slot_by_code(session, directory, an_act(), code, NOW) is None
        assert slot_by_code(session, directory, an_act(), code, NOW, notice_hours=0)


def test_a_slot_taken_meanwhile_is_still_read_so_that_holding_it_says_so(db: Databases) -> None:
    directory = small_clinic()
    slot = search(db, directory).slots[0]
    book(db, list(slot.resources), slot.starts_at, 30, uuid4())
    assert _read(db, directory, slot.code) == slot


def test_a_code_is_read_in_a_room_that_is_free(db: Databases) -> None:
    site, person = a_site(), a_practitioner("ada")
    rooms = [a_room("blue", site), a_room("green", site)]
    directory = a_directory(weekly(person, site), [person], [site], rooms)
    slot = search(db, directory).slots[0]
    draft = uuid4()
    book(db, [slot.room], slot.starts_at, 5, draft)
    found = _read(db, directory, slot.code)
    assert found
    assert {found.room, slot.room} == {room.id for room in rooms}
    with db.reading("front") as session:
        assert slot_by_code(session, directory, an_act(), slot.code, NOW, draft=draft) == slot


def test_a_room_for_who_needs_no_steps_is_chosen_again(db: Databases) -> None:
    directory = large_clinic()
    slot = next(s for s in search(db, directory, limit=300).slots if not directory.room(s.room).step_free)
    on_quay = search(db, directory, step_free=True, limit=300).slots
    with db.reading("front") as session:
        for wanted in on_quay[:5]:
            found = slot_by_code(session, directory, an_act(), wanted.code, NOW, step_free=True)
            assert found == wanted
        if not directory.site(slot.site).step_free:
            assert slot_by_code(session, directory, an_act(), slot.code, NOW, step_free=True) is None


def test_a_code_outlives_the_night_but_not_its_notice(db: Databases) -> None:
    directory = small_clinic(rules=some_rules(notice_hours=2))
    slot = search(db, directory).slots[0]
    assert _read(db, directory, slot.code, now=slot.starts_at - timedelta(hours=2))
    assert _read(db, directory, slot.code, now=slot.starts_at - timedelta(hours=2) + timedelta(seconds=1)) is None
