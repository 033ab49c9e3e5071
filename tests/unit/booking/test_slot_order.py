"""The order of slots favours nobody, a page shows a choice, and going on never loops or skips a free day."""

from collections import Counter
from datetime import date, timedelta

from app.booking.slots import SlotPage
from app.db import Databases
from app.front.directory import Directory
from tests.factories.directory import (
    a_directory,
    a_practitioner,
    a_room,
    a_site,
    large_clinic,
    named,
    small_clinic,
    some_rules,
    weekly,
)
from tests.unit.booking.agenda import MONDAY, everything, local, search


def _crowd(count: int = 6, hours: tuple[int, int] = (540, 1020)) -> Directory:
    """Return practitioners who are all there at the same times, each with a room."""
    site = a_site()
    people = [a_practitioner(f"{chr(97 + n)} person") for n in range(count)]
    rooms = [a_room(f"room {n}", site) for n in range(count)]
    return a_directory([h for p in people for h in weekly(p, site, *hours)], people, [site], rooms)


def _days(page: SlotPage, directory: Directory) -> list[str]:
    return list(dict.fromkeys(local(slot, directory)[:10] for slot in page.slots))


def test_slots_are_by_time_and_the_same_for_everybody(db: Databases) -> None:
    directory = _crowd()
    page = search(db, directory)
    assert [slot.starts_at for slot in page.slots] == sorted(slot.starts_at for slot in page.slots)
    assert page == search(db, directory)
    assert len({(slot.starts_at, slot.practitioner) for slot in page.slots}) == len(page.slots) == 10


def test_whoever_comes_first_changes_with_the_day_and_follows_no_name(db: Databases) -> None:
    directory = _crowd()
    firsts, orders = Counter[str](), set()
    for n in range(55):
        slots = everything(db, directory, from_day=MONDAY + timedelta(days=n))
        at_nine = [directory.practitioner(slot.practitioner).name for slot in slots[:6]]
        assert len(set(at_nine)) == 6
        firsts[at_nine[0]] += 1
        orders.add(tuple(at_nine))
    assert len(firsts) == 6
    assert max(firsts.values()) < 25
    assert len(orders) > 30


def test_the_order_of_the_directory_changes_nothing(db: Databases) -> None:
    directory = _crowd()
    turned = directory.model_copy(update={"practitioners": tuple(reversed(directory.practitioners))})
    assert everything(db, directory) == everything(db, turned)


def test_a_page_shows_several_days_and_people_and_times_apart(db: Databases) -> None:
    directory = _crowd()
    page = search(db, directory)
    assert len(_days(page, directory)) == 2
    assert len({slot.practitioner for slot in page.slots[:5]}) == 5
    first_day = [slot.starts_at for slot in page.slots[:5]]
    assert all(
        later - earlier >= timedelta(minutes=30) for earlier, later in zip(first_day, first_day[1:], strict=False)
    )
    assert len({moment.hour for moment in first_day}) == 5


def test_a_wished_part_of_the_day_is_shown_finer(db: Databases) -> None:
    directory = small_clinic()
    page = search(db, directory, hours="afternoon")
    assert len(_days(page, directory)) == 1
    assert len(page.slots) == 10
    assert page.next_day == MONDAY + timedelta(days=1)


def test_few_times_are_filled_up_with_more_people(db: Databases) -> None:
    directory = _crowd(hours=(540, 570))
    page = search(db, directory)
    assert [local(slot, directory)[11:] for slot in page.slots] == ["09:00"] * 10
    assert len({slot.practitioner for slot in page.slots[:5]}) == 5


def test_each_page_goes_on_where_the_last_ended_until_the_horizon(db: Databases) -> None:
    directory = small_clinic(rules=some_rules(horizon_days=30))
    day: date | None = MONDAY
    seen: list[str] = []
    while day:
        page = search(db, directory, from_day=day)
        assert page.previous_day == (None if day == MONDAY else day - timedelta(days=1))
        seen += _days(page, directory)
        day = page.next_day
    assert seen == [f"{MONDAY + timedelta(days=n)}" for n in range(31)]


def test_a_day_that_does_not_fit_waits_whole_for_the_next_page(db: Databases) -> None:
    directory = small_clinic(starts=540, ends=600)
    page = search(db, directory)
    assert len(page.slots) == 9
    assert page.next_day == MONDAY + timedelta(days=3)


def test_one_slot_a_page_still_goes_on(db: Databases) -> None:
    directory = large_clinic()
    page = search(db, directory, limit=1)
    assert len(page.slots) == 1
    assert page.next_day == MONDAY + timedelta(days=1)


def test_without_anybody_to_offer_it_says_nothing_is_free(db: Databases) -> None:
    assert search(db, small_clinic(), practitioner=named("nobody")) == SlotPage((), None, None)


def test_somebody_at_two_sites_at_once_is_offered_once(db: Databases) -> None:
    person, sites = a_practitioner("ada"), [a_site("quay"), a_site("hill")]
    hours = [h for site in sites for h in weekly(person, site)]
    directory = a_directory(hours, [person], sites, [a_room("a", sites[0]), a_room("b", sites[1])])
    slots = everything(db, directory)
    assert len({slot.starts_at for slot in slots}) == len(slots) == 31
