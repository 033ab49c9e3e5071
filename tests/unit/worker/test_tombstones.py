"""What was destroyed and came back with a restored copy of a silo is destroyed again, before anything else."""

import logging
from datetime import timedelta
from typing import Any, get_args
from uuid import uuid4

import pytest

from app.db import Silo
from app.ledger.service import PURPOSES, Zone, record
from app.retention import GRACE, TOMBSTONES_KEPT
from app.vault import withdrawals
from app.worker.intake import take_in
from app.worker.loop import rounds, turn
from app.worker.shredding import DESTROYED, shred
from app.worker.tombstones import replay
from tests.factories.house import House
from tests.factories.mortal import Killed, MortalDatabases, killed_everywhere
from tests.unit.worker.reached import submit_reached
from tests.unit.worker.sending import Sent
from tests.unit.worker.shredded import (
    copy_silo,
    left_of,
    pass_time,
    restore_silo,
    visit_in,
    withdraw,
    words_of,
)

RESTORED = ["identity", "care", "desk", "keys", "front"]


def test_the_silos_are_those_tried() -> None:
    assert {*RESTORED, "ledger"} == set(get_args(Silo))


@pytest.mark.parametrize("silo", RESTORED)
def test_a_restored_copy_loses_again_what_was_destroyed(house: House, silo: Silo) -> None:
    sent, other = _sent(house), _sent(house)
    copy_silo(house, silo)
    withdraw(house, sent, "patient")
    shred(house.db, house.vault, house.clock)
    pass_time(house, days=40)
    restore_silo(house, silo)
    back = left_of(house, sent)
    assert back
    kept = left_of(house, other)

    turn(rounds(house.db, house.vault, house.clock)[:2], house.clock)

    # Only the space's secret told which row it was: what came back of it can be opened by nobody.
    assert left_of(house, sent) == back & {"spaces", "slot_cells"}
    assert left_of(house, other) == kept
    assert replay(house.db, house.keystore, house.clock()) == 0


def test_what_copies_lost_is_seen_to_in_the_first_rounds(house: House) -> None:
    first = rounds(house.db, house.vault, house.clock)[:2]

    assert {(one.kind, one.every) for one in first} == {
        ("wills", timedelta(hours=1)),
        ("tombstones", timedelta(hours=1)),
    }


def test_one_purpose_alone_comes_back_as_one(house: House) -> None:
    sent = _sent(house)
    before = left_of(house, sent)
    for silo in RESTORED:
        copy_silo(house, silo)  # type: ignore[arg-type]
    with house.db.writing("keys") as session:
        withdrawals.withdraw(session, sent.pseudonym, ["care"], "patient", house.clock(), house.clock())
    shred(house.db, house.vault, house.clock)
    for silo in RESTORED:
        restore_silo(house, silo)  # type: ignore[arg-type]
    assert left_of(house, sent) == before

    assert replay(house.db, house.keystore, house.clock()) == 1

    assert left_of(house, sent) == before - {"cases"}


def test_tombstones_outlast_the_oldest_copy_and_end(house: House) -> None:
    sent = _sent(house)
    copy_silo(house, "identity")
    withdraw(house, sent, "patient")
    shred(house.db, house.vault, house.clock)
    restore_silo(house, "identity")

    assert replay(house.db, house.keystore, house.clock() + TOMBSTONES_KEPT + timedelta(seconds=1)) == 0
    assert replay(house.db, house.keystore, house.clock() + TOMBSTONES_KEPT) == 1


def test_killed_anywhere_it_is_done_by_the_next(house: House) -> None:
    sent = _sent(house)
    for silo in RESTORED:
        copy_silo(house, silo)  # type: ignore[arg-type]
    withdraw(house, sent, "patient")
    shred(house.db, house.vault, house.clock)
    for silo in RESTORED:
        restore_silo(house, silo)  # type: ignore[arg-type]

    assert killed_everywhere(house.db, lambda db: replay(db, house.keystore, house.clock()), lambda: None) >= 10
    assert left_of(house, sent) == set()


def test_what_is_being_destroyed_is_left_to_the_shredding(house: House) -> None:
    sent = _sent(house)
    withdraw(house, sent, "patient")

    assert replay(house.db, house.keystore, house.clock()) == 0
    assert "secrets" in left_of(house, sent)


@pytest.mark.parametrize("zone", ["patient", "clinic", "worker"])
def test_nobody_s_word_destroys_but_the_worker_s(
    house: House, zone: Zone, caplog: pytest.LogCaptureFixture
) -> None:
    """Any zone's login may insert an event that calls itself the worker's."""
    sent = _sent(house)
    before = left_of(house, sent)
    for purpose in PURPOSES:
        fields: dict[str, Any] = {"origin": "patient", "purpose": purpose, "submission": sent.submission}
        record(house.db, house.clock(), zone, DESTROYED, [sent.pseudonym], **fields)

    assert replay(house.db, house.keystore, house.clock()) == 0
    assert left_of(house, sent) == before
    assert [one.levelno for one in caplog.records] == [logging.ERROR]


def test_a_file_that_was_given_back_before_anything_went_stays(house: House) -> None:
    """A worker with a wrong clock dies as it begins; the clock is put right."""
    sent = _sent(house)
    before, right = left_of(house, sent), house.clock.now
    withdraw(house, sent, "patient", house.clock() + GRACE)
    pass_time(house, days=300)
    with pytest.raises(Killed):
        shred(MortalDatabases(house.db, after=1), house.vault, house.clock)
    house.clock.now = right
    with house.db.writing("keys") as session:
        assert withdrawals.take_back(session, sent.pseudonym, house.clock(), "patient")
    house.clock.now = right + timedelta(hours=1)

    assert replay(house.db, house.keystore, house.clock()) == 0
    assert left_of(house, sent) == before


def test_what_is_destroyed_a_second_time_has_a_tombstone_of_that_day(house: House) -> None:
    """A restored keys silo brings the withdrawal back too, so that it is worked off again."""
    sent = _sent(house)
    withdraw(house, sent, "patient")
    copy_silo(house, "keys")
    shred(house.db, house.vault, house.clock)
    pass_time(house, days=30)
    restore_silo(house, "keys")
    shred(house.db, house.vault, house.clock)
    pass_time(house, days=20)
    restore_silo(house, "keys")
    with house.db.writing("keys") as session:
        withdrawals.forget(session, sent.pseudonym, PURPOSES)

    assert replay(house.db, house.keystore, house.clock()) == 1
    assert left_of(house, sent) == set()


def _sent(house: House) -> Sent:
    sent = submit_reached(house, {"email": f"{uuid4().hex}@exemple.fr"}, **visit_in(house, 3))
    take_in(house.db, house.vault, house.clock)
    words_of(house, sent)
    return sent
