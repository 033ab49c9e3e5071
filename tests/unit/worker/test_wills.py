"""What was withdrawn or held and is lost with an older copy of keys or desk is withdrawn and held again."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from app.desk import legal_holds
from app.ledger.genuine import say, seconds
from app.ledger.service import PURPOSES, Zone, record
from app.retention import GRACE, KEPT_DAYS, TOMBSTONES_KEPT
from app.worker.patient_actions import carry_actions
from app.worker.shredding import shred
from app.worker.terms import end_terms
from app.worker.wills import renew
from tests.factories.house import House
from tests.factories.mortal import killed_everywhere
from tests.unit.worker.agenda import staff_change, taken_in
from tests.unit.worker.sending import Sent, leave_action
from tests.unit.worker.shredded import (
    ALL,
    copy_silo,
    left_of,
    pass_time,
    restore_silo,
    said,
    visit_in,
    withdraw,
    withdrawn,
)

_ACTOR: dict[str, Any] = {"actor": uuid4(), "role": "administrator"}


def test_a_keys_silo_from_before_an_erasing_loses_no_will(house: House) -> None:
    sent = taken_in(house, **visit_in(house, 9))
    copy_silo(house, "keys")
    _acts(house, sent, "erase")
    asked = withdrawn(house, sent)
    pass_time(house, hours=9)
    restore_silo(house, "keys")
    assert withdrawn(house, sent) == {}

    assert _renew(house) == len(ALL)
    assert _renew(house) == 0

    rows = withdrawn(house, sent)
    assert {of: (row.origin, row.due_at) for of, row in rows.items()} == {
        of: (row.origin, row.due_at.replace(microsecond=0)) for of, row in asked.items()
    }
    pass_time(house, hours=1)
    assert shred(house.db, house.vault, house.clock) == 1
    assert left_of(house, sent) == set()


def test_what_is_not_waited_for_is_due_as_it_was(house: House) -> None:
    sent = taken_in(house, **visit_in(house, 9))
    copy_silo(house, "keys")
    _acts(house, sent, "erase")
    _acts(house, sent, "destroy")
    restore_silo(house, "keys")

    assert _renew(house) == len(ALL)
    assert shred(house.db, house.vault, house.clock) == 1


def test_what_was_taken_back_or_given_back_or_destroyed_is_not_withdrawn_again(house: House) -> None:
    kept, gone, early = (taken_in(house, **visit_in(house, days)) for days in (9, 9, 2))
    copy_silo(house, "keys")
    for sent in (kept, gone):
        _acts(house, sent, "erase")
    pass_time(house, hours=1)
    _acts(house, kept, "keep", "cancelled")
    _acts(house, gone, "destroy", "cancelled")
    shred(house.db, house.vault, house.clock)
    right = house.clock.now
    pass_time(house, days=93)
    end_terms(house.db, house.vault, house.clock, KEPT_DAYS)
    assert withdrawn(house, early).keys() == set(ALL)
    house.clock.now = right + timedelta(minutes=1)
    end_terms(house.db, house.vault, house.clock, KEPT_DAYS)
    restore_silo(house, "keys")
    house.clock.now = right + timedelta(minutes=2)

    assert _renew(house) == 0


def test_what_is_erased_taken_back_and_erased_again_within_an_hour_is_withdrawn_again(house: House) -> None:
    sent = taken_in(house, **visit_in(house, 9))
    copy_silo(house, "keys")
    for action in ("erase", "keep", "erase"):
        _acts(house, sent, action)
        house.clock.forward(minutes=2)
    restore_silo(house, "keys")

    assert _renew(house) == len(ALL)


def test_what_the_law_keeps_is_closed_again_until_its_term(house: House) -> None:
    """Also what was put off once the visit had taken place."""
    sents = [taken_in(house, **visit_in(house, 0.1)) for _ in range(2)]
    copy_silo(house, "keys")
    staff_change(house, sents[0], "seen")
    for sent in sents:
        _acts(house, sent, "erase")
    staff_change(house, sents[1], "seen")
    pass_time(house, hours=10)
    shred(house.db, house.vault, house.clock)
    before = [withdrawn(house, sent) for sent in sents]
    restore_silo(house, "keys")

    assert _renew(house) == 2 * len(sents)
    for sent, rows in zip(sents, before, strict=True):
        assert {of: row.due_at for of, row in withdrawn(house, sent).items()} == {
            of: row.due_at for of, row in rows.items() if of != "space"
        }


def test_a_desk_silo_from_before_a_hold_loses_no_hold(house: House) -> None:
    held, lifted, gone = (taken_in(house, **visit_in(house, 9)) for _ in range(3))
    withdraw(house, gone, "patient")
    shred(house.db, house.vault, house.clock)
    for sent in (held, lifted, gone):
        _tells(house, sent, "hold.placed")
    house.clock.forward(minutes=1)
    _tells(house, lifted, "hold.lifted")
    withdraw(house, held, "patient", house.clock())

    assert _renew(house) == 1
    assert _renew(house) == 0

    assert shred(house.db, house.vault, house.clock) == 0
    with house.db.reading("desk") as session:
        hold = legal_holds.of(session, held.pseudonym)
        assert legal_holds.held(session).keys() == {held.pseudonym}
    assert hold is not None
    assert (hold.reason, hold.by) == ("claim", _ACTOR["actor"])


def test_it_looks_back_as_far_as_any_copy_could_be_from(house: House) -> None:
    sent = taken_in(house, **visit_in(house, 9))
    _tells(house, sent, "hold.placed")

    assert renew(house.db, house.keystore, house.clock() + TOMBSTONES_KEPT + timedelta(seconds=1)) == 0
    assert renew(house.db, house.keystore, house.clock() + TOMBSTONES_KEPT) == 1


@pytest.mark.parametrize("zone", ["patient", "clinic", "worker", "cli"])
def test_nobody_s_word_withdraws_or_holds_without_the_keystore(house: House, zone: Zone) -> None:
    sent = taken_in(house, **visit_in(house, 9))
    about = [sent.pseudonym]
    due = seconds(house.clock() + GRACE)
    for purpose in PURPOSES:
        fields = {**_ACTOR, "origin": "staff", "purpose": purpose, "restricted": "no", "due": due}
        record(house.db, house.clock(), zone, "purpose.withdrawn", about, **fields)
    record(house.db, house.clock(), zone, "hold.placed", about, **_ACTOR, reason="claim")

    assert _renew(house) == 0


def test_nobody_s_word_gives_back_or_lifts_without_the_keystore(house: House) -> None:
    sent = taken_in(house, **visit_in(house, 9))
    copy_silo(house, "keys")
    _acts(house, sent, "erase")
    _tells(house, sent, "hold.placed")
    house.clock.forward(minutes=1)
    for purpose in ALL:
        fields: dict[str, Any] = {"actor": None, "role": "patient", "purpose": purpose, "due": 0}
        record(house.db, house.clock(), "worker", "purpose.restored", [sent.pseudonym], **fields)
    record(house.db, house.clock(), "clinic", "hold.lifted", [sent.pseudonym], **_ACTOR, reason="claim")
    restore_silo(house, "keys")

    assert _renew(house) == len(ALL) + 1


def test_killed_anywhere_it_is_done_by_the_next(house: House) -> None:
    sent = taken_in(house, **visit_in(house, 9))
    copy_silo(house, "keys")
    _acts(house, sent, "erase")
    _tells(house, sent, "hold.placed")
    restore_silo(house, "keys")

    assert killed_everywhere(house.db, lambda db: renew(db, house.keystore, house.clock()), lambda: None) >= 2
    assert withdrawn(house, sent).keys() == set(ALL)
    assert len(said(house, sent, "purpose.withdrawn")) == len(ALL)


def _renew(house: House) -> int:
    return renew(house.db, house.keystore, house.clock())


def _acts(house: House, sent: Sent, action: str, seen: str = "booked") -> None:
    leave_action(house, sent, action, seen)
    carry_actions(house.db, house.vault, house.clock)


def _tells(house: House, sent: Sent, name: str) -> None:
    """Write what an administrator's act writes before it is done."""
    say(house.db, house.keystore, house.clock(), "clinic", name, sent.pseudonym, **_ACTOR, reason="claim")
