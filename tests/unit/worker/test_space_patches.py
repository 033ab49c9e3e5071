"""What staff decide reaches the patient's space, once, in order, and never over a cancellation."""

from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import func, select

from app.db import Databases
from app.desk import agenda
from app.desk.models import DeskOutbox
from app.front.models import Space
from app.vault.door import Vault
from app.vault.withdrawals import Origin, withdraw
from app.worker.space_patches import merge_patches, merged
from tests.factories.house import House
from tests.factories.mortal import killed_everywhere
from tests.unit.worker.agenda import leave_patch, staff_change, taken_in
from tests.unit.worker.sending import change_space, space_of


def test_a_patch_is_merged_into_the_space_and_leaves_the_outbox(house: House) -> None:
    sent = taken_in(house)
    house.clock.forward(seconds=1)
    leave_patch(house, sent, state="proposed", message="Bonjour", proposals=[{"code": "1"}])

    assert merge_patches(house.db, house.vault, house.clock) == 1

    space = space_of(house, sent)
    assert (space["state"], space["message"], space["proposals"]) == ("proposed", "Bonjour", [{"code": "1"}])
    assert space["kind"] == "appointment"
    assert _waiting(house) == 0
    assert [entry.name for entry in house.events_for(sent.pseudonym)].count("space.updated") == 1


def test_patches_are_merged_in_their_order(house: House) -> None:
    sent = taken_in(house)
    for number in range(5):
        leave_patch(house, sent, message=f"{number}")
        house.clock.forward(seconds=1)

    assert merge_patches(house.db, house.vault, house.clock) == 5
    assert space_of(house, sent)["message"] == "4"


def test_nothing_undoes_a_patients_cancellation(house: House) -> None:
    sent = taken_in(house)
    leave_patch(house, sent, state="proposed", proposals=[{"code": "1"}], message="Un autre jour ?")
    change_space(house, sent, state="cancelled", proposals=[])

    assert merge_patches(house.db, house.vault, house.clock) == 1

    space = space_of(house, sent)
    assert (space["state"], space["proposals"], space["message"]) == ("cancelled", [], None)


def test_a_worker_killed_around_any_commit_merges_each_patch_once(house: House) -> None:
    sent = taken_in(house)
    merges = 0

    def patched(dying: Databases) -> None:
        nonlocal merges
        merges += 1
        house.clock.forward(seconds=1)
        leave_patch(house, sent, message=f"{merges}")
        merge_patches(dying, Vault(house.keystore, dying), house.clock)

    def restarted() -> None:
        change_space(house, sent, kind="request")  # the patient's own change, between death and restart
        merge_patches(house.db, house.vault, house.clock)
        assert space_of(house, sent)["message"] == f"{merges}"
        assert _waiting(house) == 0

    deaths = killed_everywhere(house.db, patched, restarted)

    assert deaths == 10  # before and after each of five commits: opening, its trace, ledger, front, desk
    with house.db.reading("front") as session:
        version = session.get_one(Space, sent.space_id).version
    assert version == 1 + deaths + merges  # the patient's changes and the patches, each once


def test_a_patch_seen_again_after_later_changes_is_not_merged_again(house: House) -> None:
    sent = taken_in(house)
    patch = leave_patch(house, sent, state="proposed")
    change_space(house, sent, state="booked", last_patch=str(patch))

    assert merge_patches(house.db, house.vault, house.clock) == 1
    assert space_of(house, sent)["state"] == "booked"


def test_a_patch_for_an_erased_space_is_dropped(house: House) -> None:
    sent = taken_in(house)
    leave_patch(house, sent, message="x")
    with house.db.writing("keys") as session:
        house.keystore.destroy(session, sent.pseudonym, "space")

    assert merge_patches(house.db, house.vault, house.clock) == 1
    assert _waiting(house) == 0


@pytest.mark.parametrize(
    ("origin", "hours", "told"),
    [("staff", 10, True), ("staff", 0, False), ("patient", 10, False), ("term", 10, False)],
)
def test_only_a_space_that_staff_erased_and_may_give_back_is_still_told(
    house: House, origin: Origin, hours: int, told: bool
) -> None:
    sent, now = taken_in(house), house.clock()
    leave_patch(house, sent, message="Bonjour")
    leave_patch(house, sent, state="cancelled", message="", proposals=[])
    with house.db.writing("keys") as session:
        withdraw(session, sent.pseudonym, ["space"], origin, now, now + timedelta(hours=hours))

    assert merge_patches(house.db, house.vault, house.clock) == (2 if told else 0)
    assert (space_of(house, sent)["state"] == "cancelled") is told
    assert _waiting(house) == (0 if told else 2)
    opened = [entry.name for entry in house.events_for(sent.pseudonym)].count("space.opened")
    assert opened == (2 if told else 0), "each opening has its line"


@pytest.mark.parametrize(("state", "offered"), [("arrived", 0), ("proposed", 1)])
def test_a_change_nobody_could_seal_shows_the_visit_as_it_then_stands(
    house: House, state: str, offered: int
) -> None:
    sent = taken_in(house)
    change_space(house, sent, message="Bonjour", proposals=[{"code": "1"}])
    with house.db.writing("desk") as session:
        agenda.queue_state(session, uuid4(), sent.pseudonym, house.clock())
    staff_change(house, sent, state)

    assert merge_patches(house.db, house.vault, house.clock) == 1
    space = space_of(house, sent)
    assert (space["state"], space["message"], len(space["proposals"])) == (state, "Bonjour", offered)
    assert _waiting(house) == 0


def test_a_bad_patch_keeps_later_ones_of_the_same_patient_waiting_and_no_others(house: House) -> None:
    sent, other = taken_in(house), taken_in(house)
    with house.db.writing("desk") as session:
        bad = DeskOutbox(
            id=sent.submission, kind="space_patch", pseudonym=sent.pseudonym, sealed=b"?", created_at=house.clock()
        )
        session.add(bad)
    house.clock.forward(seconds=1)
    leave_patch(house, sent, message="after")
    leave_patch(house, other, message="mine")

    assert merge_patches(house.db, house.vault, house.clock) == 1
    assert space_of(house, other)["message"] == "mine"
    assert space_of(house, sent)["message"] is None


@pytest.mark.parametrize(
    ("space", "patch", "result"),
    [
        ({"a": 1}, {"a": None}, {"a": None}),
        ({"a": {"b": 1, "c": 2}}, {"a": {"b": 3}}, {"a": {"b": 3, "c": 2}}),
        ({"a": [1, 2]}, {"a": [3]}, {"a": [3]}),
        ({"a": 1}, {"a": {"b": 1}}, {"a": {"b": 1}}),
        ({"schema": 4}, {"schema": 1, "x": 1}, {"schema": 4, "x": 1}),
        ({"state": "cancelled"}, {"state": "booked", "message": "m"}, {"state": "cancelled"}),
        ({"state": "cancelled"}, {"state": "cancelled", "message": "m"}, {"state": "cancelled", "message": "m"}),
        ({"state": "cancelled", "message": "m"}, {"state": "cancelled"}, {"state": "cancelled", "message": "m"}),
    ],
)
def test_merging(space: dict[str, object], patch: dict[str, object], result: dict[str, object]) -> None:
    assert merged(space, patch) == result


def test_the_space_of_another_is_left_alone(house: House) -> None:
    sent, other = taken_in(house), taken_in(house)
    before = space_of(house, other)
    leave_patch(house, sent, message="x")
    merge_patches(house.db, house.vault, house.clock)

    assert space_of(house, other) == before


def _waiting(house: House) -> int:
    with house.db.reading("desk") as session:
        return session.scalar(select(func.count()).select_from(DeskOutbox)) or 0
