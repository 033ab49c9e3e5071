"""A patient erases, takes back, or does not wait: what becomes of each purpose, and when."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update

from app.db import Databases
from app.desk.models import Visit
from app.ledger.genuine import seconds
from app.ledger.service import record
from app.retention import GRACE
from app.vault import withdrawals
from app.vault.errors import SecretWithdrawn
from app.vault.sealing import Context
from app.vault.withdrawals import Origin
from app.worker.erasing import LEAST_GRACE
from app.worker.patient_actions import carry_actions
from app.worker.shredding import shred
from app.worker.space_patches import merge_patches
from tests.factories.house import House
from tests.factories.mortal import killed_everywhere
from tests.unit.worker.agenda import book, leave_patch, owners, staff_change, taken_in, visit_of
from tests.unit.worker.sending import Sent, leave_action, space_of
from tests.unit.worker.shredded import ALL, left_of, pass_time, said, visit_in, withdraw, withdrawn


def test_what_is_to_come_is_cancelled_and_all_of_it_is_unopenable_at_once(house: House) -> None:
    sent = taken_in(house, **visit_in(house, 2))
    book(house, sent)
    _acts(house, sent, "erase", cancels=True)

    assert visit_of(house, sent).state == "cancelled"
    assert owners(house) == set()
    rows = withdrawn(house, sent)
    assert {of: (row.origin, row.due_at) for of, row in rows.items()} == {
        of: ("patient", house.clock() + GRACE) for of in ALL
    }
    assert {one["restricted"] for one in said(house, sent, "purpose.withdrawn")} == {"no"}
    receipt = record(house.db, house.clock(), "worker", "space.opened", [sent.pseudonym], ["space"], cause="clinic")
    with pytest.raises(SecretWithdrawn):
        house.vault.seal(b"-", receipt, Context("front.space", sent.pseudonym, "space", sent.space_id, 2))


def test_all_of_it_is_destroyed_after_the_grace_and_not_before(house: House) -> None:
    sent = taken_in(house, **visit_in(house, 2))
    _acts(house, sent, "erase", cancels=True)
    pass_time(house, seconds=GRACE.total_seconds() - 1)
    assert shred(house.db, house.vault, house.clock) == 0
    pass_time(house, seconds=1)

    assert shred(house.db, house.vault, house.clock) == 1
    assert left_of(house, sent) == set()


def test_taking_it_back_brings_all_back_but_the_visit(house: House) -> None:
    sent = taken_in(house, **visit_in(house, 2))
    _acts(house, sent, "erase", cancels=True)
    pass_time(house, hours=9)
    _acts(house, sent, "keep")

    assert withdrawn(house, sent) == {}
    assert {one["purpose"] for one in said(house, sent, "purpose.restored")} == set(ALL)
    assert visit_of(house, sent).state == "cancelled"
    pass_time(house, days=2)
    assert shred(house.db, house.vault, house.clock) == 0
    receipt = record(house.db, house.clock(), "worker", "space.opened", [sent.pseudonym], ["space"], cause="clinic")
    house.vault.seal(b"-", receipt, Context("front.space", sent.pseudonym, "space", sent.space_id, 2))


def test_the_moment_of_pressing_counts_when_the_worker_comes_late(house: House) -> None:
    sent = taken_in(house, **visit_in(house, 2))
    leave_action(house, sent, "erase", "booked", cancels=True)
    pressed = house.clock()
    pass_time(house, hours=2)
    carry_actions(house.db, house.vault, house.clock)
    assert {row.due_at for row in withdrawn(house, sent).values()} == {pressed + GRACE}

    pass_time(house, hours=7, minutes=59)
    leave_action(house, sent, "keep", "cancelled")
    pass_time(house, hours=1)
    carry_actions(house.db, house.vault, house.clock)

    assert withdrawn(house, sent) == {}


def test_who_does_not_want_to_wait_does_not(house: House) -> None:
    sent = taken_in(house, **visit_in(house, 2))
    _acts(house, sent, "erase", cancels=True)
    _acts(house, sent, "destroy")

    assert shred(house.db, house.vault, house.clock) == 1
    assert left_of(house, sent) == set()


def test_a_slow_clock_of_the_patient_zone_leaves_an_hour_to_take_it_back(house: House) -> None:
    sent = taken_in(house, **visit_in(house, 2))
    house.clock.forward(hours=-11)
    leave_action(house, sent, "erase", "booked", cancels=True)
    house.clock.forward(hours=11)
    carry_actions(house.db, house.vault, house.clock)

    assert {row.due_at for row in withdrawn(house, sent).values()} == {house.clock() + LEAST_GRACE}
    house.clock.forward(hours=-10.9)
    leave_action(house, sent, "keep", "cancelled")
    house.clock.forward(hours=10.9)
    carry_actions(house.db, house.vault, house.clock)
    assert withdrawn(house, sent) == {}


def test_a_keeping_of_what_was_not_withdrawn_is_no_line_of_the_ledger(house: House) -> None:
    sent = taken_in(house, **visit_in(house, 2))
    _acts(house, sent, "keep")

    assert said(house, sent, "purpose.restored") == []


def test_destroying_now_is_a_line_of_the_ledger(house: House) -> None:
    sent = taken_in(house, **visit_in(house, 2))
    _acts(house, sent, "erase", cancels=True)
    pass_time(house, hours=1)
    _acts(house, sent, "destroy")

    told = [(one["purpose"], one["due"]) for one in said(house, sent, "purpose.withdrawn")]
    now = seconds(house.clock())
    assert sorted(told) == sorted((of, now + more) for of in ALL for more in (0, 9 * 3600))


@pytest.mark.parametrize(
    ("origin", "state"), [("term", "cancelled"), ("staff", "cancelled"), ("patient", "booked")]
)
def test_what_others_withdrew_holds_no_cancellation_up(house: House, origin: Origin, state: str) -> None:
    """A wrong clock withdraws a file; the patient cancels in a browser that is still signed in."""
    sent = taken_in(house, **visit_in(house, 2))
    book(house, sent)
    withdraw(house, sent, origin, house.clock() + GRACE)
    _acts(house, sent, "cancel")

    assert visit_of(house, sent).state == state
    assert bool(owners(house)) is (state == "booked")


def test_a_slot_taken_in_a_space_that_others_withdrew_is_told_once_it_is_back(house: House) -> None:
    sent = taken_in(house, **visit_in(house, 2))
    staff_change(house, sent, "move_asked")
    withdraw(house, sent, "term", house.clock() + GRACE)
    slot = {
        "starts_at": (house.clock() + timedelta(days=3)).isoformat(),
        "minutes": 30,
        **{place: str(sent.practitioner) for place in ("site", "room", "practitioner")},
    }
    _acts(house, sent, "accept", seen="proposed", slot=slot)
    assert visit_of(house, sent).state == "booked"
    merge_patches(house.db, house.vault, house.clock)
    with house.db.writing("keys") as session:
        withdrawals.take_back(session, sent.pseudonym, house.clock(), "term")
    merge_patches(house.db, house.vault, house.clock)

    assert space_of(house, sent)["state"] == "booked"
    assert space_of(house, sent)["confirmed"] is True


def test_a_destroying_that_comes_before_its_erasing_is_not_lost(house: House) -> None:
    """As when the clocks of two machines differ, and rows are worked off in the order of their times."""
    sent = taken_in(house, **visit_in(house, 2))
    book(house, sent)
    leave_action(house, sent, "erase", "booked", cancels=True)
    house.clock.forward(seconds=-1)
    leave_action(house, sent, "destroy", "cancelled")
    house.clock.forward(seconds=2)

    assert carry_actions(house.db, house.vault, house.clock) == 2
    assert visit_of(house, sent).state == "cancelled"
    assert shred(house.db, house.vault, house.clock) == 1
    assert left_of(house, sent) == set()


@pytest.mark.parametrize("state", ["seen", "arrived", "booked"])
def test_what_the_law_needs_of_a_visit_that_took_place_is_kept_unopenable_to_its_term(
    house: House, state: str
) -> None:
    sent = taken_in(house, **visit_in(house, 1))
    pass_time(house, days=2)
    staff_change(house, sent, state)
    _acts(house, sent, "erase", seen=state)
    _acts(house, sent, "destroy", seen=state)
    shred(house.db, house.vault, house.clock)

    rows = withdrawn(house, sent)
    term = datetime.fromisoformat("2026-11-24T08:30:00+00:00") + timedelta(days=90)
    assert {of: row.due_at for of, row in rows.items()} == {"care": term, "contact": term}
    assert "spaces" not in left_of(house, sent)
    assert visit_of(house, sent).state == state
    told = {one["purpose"]: one["restricted"] for one in said(house, sent, "purpose.withdrawn")}
    assert told == {"care": "yes", "contact": "yes", "space": "no"}
    house.clock.now = term
    pass_time(house)
    shred(house.db, house.vault, house.clock)
    assert left_of(house, sent) == set()


@pytest.mark.parametrize("state", ["absent", "declined", "answered", "cancelled"])
def test_nothing_is_kept_of_a_visit_that_did_not_take_place(house: House, state: str) -> None:
    sent = taken_in(house, **visit_in(house, 1))
    pass_time(house, days=2)
    staff_change(house, sent, state)
    _acts(house, sent, "erase", seen=state)

    assert {row.due_at for row in withdrawn(house, sent).values()} == {house.clock() + GRACE}
    assert visit_of(house, sent).state == state


def test_the_setting_shortens_the_term(house: House) -> None:
    sent = taken_in(house, **visit_in(house, 1))
    pass_time(house, days=2)
    leave_action(house, sent, "erase", "booked")

    carry_actions(house.db, house.vault, house.clock, kept_days=30)

    ends = datetime.fromisoformat("2026-11-24T08:30:00+00:00")
    assert withdrawn(house, sent)["care"].due_at == ends + timedelta(days=30)


def test_killed_anywhere_an_erasing_ends_the_same(house: House) -> None:
    sent = taken_in(house, **visit_in(house, 2))
    book(house, sent)
    leave_action(house, sent, "erase", "booked", cancels=True)

    def carry(db: Databases) -> None:
        carry_actions(db, house.vault, house.clock)

    assert killed_everywhere(house.db, carry, lambda: None) >= 10
    assert withdrawn(house, sent).keys() == set(ALL)
    assert len(said(house, sent, "purpose.withdrawn")) == len(ALL)
    assert visit_of(house, sent).state == "cancelled"
    assert owners(house) == set()


def test_no_other_act_and_no_patch_passes_while_it_is_withdrawn(house: House) -> None:
    sent = taken_in(house, **visit_in(house, 2))
    _acts(house, sent, "erase")
    leave_patch(house, sent, state="declined", message="-", proposals=[])

    _acts(house, sent, "move")
    merge_patches(house.db, house.vault, house.clock)

    assert visit_of(house, sent).state == "booked"
    assert space_of(house, sent)["state"] == "booked"
    _acts(house, sent, "keep")
    merge_patches(house.db, house.vault, house.clock)
    assert space_of(house, sent)["state"] == "declined"


def test_an_act_that_its_space_s_secret_did_not_seal_does_nothing(house: House) -> None:
    sent, stranger = taken_in(house, **visit_in(house, 2)), Sent()
    _acts(house, sent, "erase", cancels=True)
    forged = Sent(sent.submission, sent.pseudonym, sent.practitioner, stranger.secrets)
    _acts(house, forged, "keep")

    assert withdrawn(house, sent).keys() == set(ALL)


def test_staff_s_mark_of_the_same_moment_wins_over_the_cancelling(house: House) -> None:
    sent = taken_in(house, **visit_in(house, 0.1))
    staff_change(house, sent, "arrived")
    _acts(house, sent, "erase", cancels=True)

    assert visit_of(house, sent).state == "arrived"
    assert withdrawn(house, sent)["care"].due_at > house.clock() + GRACE


def test_staff_may_not_take_back_what_a_patient_asks_for_too(house: House) -> None:
    sent = taken_in(house, **visit_in(house, 2))
    withdraw(house, sent, "staff", house.clock() + GRACE)
    with house.db.writing("desk") as session:
        session.execute(update(Visit).values(state="cancelled"))
    _acts(house, sent, "erase", seen="cancelled")

    with house.db.writing("keys") as session:
        assert not withdrawals.take_back(session, sent.pseudonym, house.clock(), "staff")


def _acts(house: House, sent: Sent, action: str, seen: str = "booked", **details: Any) -> None:
    leave_action(house, sent, action, seen, **details)
    carry_actions(house.db, house.vault, house.clock)
