"""Many at once: one slot has one holder, a swap blocks nobody, and replays make one booking."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any
from uuid import uuid4

from app.booking.holds import DayTooHeld, claim
from app.db import Databases, SiloUnavailable
from app.front import cells
from app.front.cells import SlotTaken
from tests.factories.directory import an_act, small_clinic
from tests.unit.booking.agenda import NOW, everything, keep, publish

MANY = 200
TRIES = 20
"""Each waits seconds by itself before it fails."""


def _together(tasks: list[Callable[[], Any]]) -> Counter[str]:
    """Run tasks in threads that start at the same moment; return how many had each outcome.

    Who is told that the silo is too busy tries again, as somebody does who reloads the page.
    """
    start = Barrier(len(tasks))

    def run(task: Callable[[], Any]) -> str:
        start.wait()
        for _ in range(TRIES):
            try:
                task()
            except SiloUnavailable:
                continue
            except (SlotTaken, DayTooHeld) as error:
                return type(error).__name__
            return "done"
        return "SiloUnavailable"

    with ThreadPoolExecutor(len(tasks)) as pool:
        return Counter(pool.map(run, tasks))


def test_of_two_hundred_holds_of_one_slot_exactly_one_wins(db: Databases) -> None:
    slot = everything(db, publish(db, small_clinic()))[0]
    assert _together([lambda: keep(db, uuid4(), slot)] * MANY) == {"done": 1, "SlotTaken": MANY - 1}
    with db.reading("front") as session:
        assert len(cells.owners(session, slot.practitioner, range(slot.start_cell, slot.start_cell + 6), NOW)) == 1


def test_overlapping_holds_of_several_lengths_never_share_a_cell(db: Databases) -> None:
    directory = publish(db, small_clinic(ends=11 * 60))
    wanted = [slot for minutes in (15, 30, 45) for slot in everything(db, directory, an_act(minutes))] * 3
    drafts = {uuid4(): slot for slot in wanted}
    outcomes = _together([lambda d=d, s=s: keep(db, d, s, share_percent=1000) for d, s in drafts.items()])  # type: ignore[misc]  # a lambda's defaults
    assert set(outcomes) == {"done", "SlotTaken"}
    with db.reading("front") as session:
        whole = [draft for draft, slot in drafts.items() if len(cells.owned(session, draft)) == 2]
        extents = [cells.owned(session, draft)[drafts[draft].room] for draft in whole]
    assert len(whole) == outcomes["done"]
    assert sum(len(extent) for extent in extents) == len({cell for extent in extents for cell in extent})


def test_swapping_slots_back_and_forth_blocks_nobody(db: Databases) -> None:
    slots = everything(db, publish(db, small_clinic()))
    drafts = [uuid4() for _ in range(8)]

    def swap(turn: int) -> None:
        for n in range(6):
            try:
                keep(db, drafts[turn], slots[(turn * 5 + n * 3) % 12])
            except SlotTaken:
                continue

    assert _together([lambda turn=turn: swap(turn) for turn in range(8)]) == {"done": 8}  # type: ignore[misc]  # idem


def test_parallel_holds_do_not_overrun_the_share_of_a_day(db: Databases) -> None:
    slots = everything(db, publish(db, small_clinic()))[::2]
    outcomes = _together([lambda slot=slot: keep(db, uuid4(), slot, share_percent=40) for slot in slots])  # type: ignore[misc]  # idem
    assert outcomes == {"done": 6, "DayTooHeld": len(slots) - 6}


def test_a_hundred_replays_of_one_send_make_one_booking(db: Databases) -> None:
    slot = everything(db, publish(db, small_clinic()))[0]
    draft, owner = uuid4(), uuid4()
    keep(db, draft, slot)

    def send() -> None:
        with db.writing("front") as session:
            claim(session, draft, slot, owner, NOW)

    assert _together([send] * 100) == {"done": 100}
    with db.reading("front") as session:
        span = range(slot.start_cell, slot.start_cell + slot.cells)
        assert cells.owned(session, owner) == dict.fromkeys(slot.resources, span)
