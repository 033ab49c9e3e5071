"""What a patient does in their space reaches the agenda once, and settles with what staff did meanwhile."""

import pytest
from sqlalchemy import func, select

from app.db import Databases
from app.front.models import FrontOutbox
from app.vault.door import Vault
from app.worker.patient_actions import carry_actions
from app.worker.space_patches import merge_patches
from tests.factories.house import House
from tests.factories.mortal import killed_everywhere
from tests.unit.worker.agenda import (
    LATER,
    book,
    leave_patch,
    owners,
    propose,
    staff_change,
    taken_in,
    visit_of,
)
from tests.unit.worker.sending import Sent, change_space, leave_action, space_of, submit


def test_a_cancellation_reaches_the_agenda_and_gives_everything_back(house: House) -> None:
    sent = taken_in(house)
    book(house, sent)
    propose(house, sent)
    leave_action(house, sent, "cancel", "booked")

    assert carry_actions(house.db, house.vault, house.clock) == 1

    assert visit_of(house, sent).state == "cancelled"
    assert owners(house) == set()
    assert _waiting(house) == 0
    (change,) = house.contents("visit.changed")
    assert change.subjects == (str(sent.pseudonym),)
    assert (change.fields["from_state"], change.fields["to_state"]) == ("booked", "cancelled")


def test_a_wish_to_move_reaches_the_agenda_and_keeps_the_time(house: House) -> None:
    sent = taken_in(house)
    book(house, sent)
    leave_action(house, sent, "move", "booked")

    carry_actions(house.db, house.vault, house.clock)

    assert visit_of(house, sent).state == "move_asked"
    assert owners(house) == {sent.submission}


def test_an_accepted_slot_becomes_the_visits_own(house: House) -> None:
    sent = taken_in(house, kind="call", state="requested")
    slot = propose(house, sent)
    staff_change(house, sent, "proposed")
    leave_action(house, sent, "accept", "proposed", slot=slot)

    carry_actions(house.db, house.vault, house.clock)

    visit = visit_of(house, sent)
    assert (visit.state, visit.kind, visit.starts_at) == ("booked", "appointment", LATER)
    assert str(visit.room_id) == slot["room"]
    assert owners(house) == set()  # what was only proposed; the accepted cells were settled by the patient zone


@pytest.mark.parametrize(
    ("kind", "seen", "staff", "result"),
    [
        ("cancel", "booked", "proposed", "cancelled"),
        ("cancel", "booked", "declined", "declined"),
        ("cancel", "booked", "arrived", "arrived"),
        ("move", "booked", "proposed", "proposed"),
        ("move", "booked", "cancelled", "cancelled"),
        ("move", "proposed", "proposed", "move_asked"),
        ("accept", "proposed", "booked", "booked"),
        ("accept", "proposed", "cancelled", "cancelled"),
        ("accept", "proposed", "seen", "seen"),
    ],
)
def test_what_staff_did_meanwhile_is_settled(house: House, kind: str, seen: str, staff: str, result: str) -> None:
    sent = taken_in(house)
    book(house, sent)
    slot = {"slot": propose(house, sent)} if kind == "accept" else {}
    staff_change(house, sent, staff)
    leave_action(house, sent, kind, seen, **slot)

    assert carry_actions(house.db, house.vault, house.clock) == 1

    assert visit_of(house, sent).state == result
    assert (sent.submission in owners(house)) == (result not in ("cancelled", "declined"))


def test_space_and_agenda_agree_after_a_race(house: House) -> None:
    """Staff propose again while the patient accepts: the acceptance stands in both places."""
    sent = taken_in(house)
    slot = propose(house, sent)
    leave_patch(house, sent, state="proposed", proposals=[{"code": "new"}])
    staff_change(house, sent, "booked")
    change_space(house, sent, state="booked", proposals=[])
    house.clock.forward(seconds=1)
    leave_action(house, sent, "accept", "proposed", slot=slot)

    carry_actions(house.db, house.vault, house.clock)
    merge_patches(house.db, house.vault, house.clock)

    assert visit_of(house, sent).state == "booked"
    assert (space_of(house, sent)["state"], space_of(house, sent)["proposals"]) == ("booked", [])


def test_an_act_before_its_submission_is_taken_in_waits_in_silence(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    sent = submit(house, Sent())
    leave_action(house, sent, "cancel", "booked")

    assert carry_actions(house.db, house.vault, house.clock) == 0
    assert _waiting(house) == 1
    assert caplog.records == []


def test_a_worker_killed_around_any_commit_carries_each_act_once(house: House) -> None:
    patients: list[Sent] = []

    def acted(dying: Databases) -> None:
        patients.append(taken_in(house))
        book(house, patients[-1])
        leave_action(house, patients[-1], "move", "booked")
        carry_actions(dying, Vault(house.keystore, dying), house.clock)

    def restarted() -> None:
        carried = visit_of(house, patients[-1]).state == "move_asked"
        if carried:
            staff_change(house, patients[-1], "booked")  # staff keep the time, between death and restart
        carry_actions(house.db, house.vault, house.clock)
        assert visit_of(house, patients[-1]).state == ("booked" if carried else "move_asked")
        assert _waiting(house) == 0

    deaths = killed_everywhere(house.db, acted, restarted)

    assert deaths == 10  # before and after each of five commits: opening, its trace, change, desk, front
    for sent in patients:
        told = [entry for entry in house.events_for(sent.pseudonym) if entry.name == "visit.changed"]
        assert len(told) == 1


@pytest.mark.parametrize(
    "told",
    [{"schema": 2}, {"action": "dance"}, {"slot": {"starts_at": "now"}}, {"from": None}],
)
def test_a_bad_act_is_kept_and_changes_nothing(house: House, told: dict[str, object]) -> None:
    sent = taken_in(house)
    leave_action(house, sent, "cancel", "booked", **told)

    assert carry_actions(house.db, house.vault, house.clock) == 0
    assert visit_of(house, sent).state == "booked"
    assert _waiting(house) == 1


def _waiting(house: House) -> int:
    with house.db.reading("front") as session:
        return session.scalar(select(func.count()).select_from(FrontOutbox)) or 0
