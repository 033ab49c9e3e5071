"""Who holds a file, takes it back or comes to the visit while it is about to be destroyed is heard."""

import logging
from datetime import timedelta
from uuid import uuid4

import pytest

from app.desk import legal_holds
from app.vault.withdrawals import Origin
from app.worker.patient_actions import carry_actions
from app.worker.piles import tell_unheard
from app.worker.shredding import shred
from tests.factories.house import House
from tests.factories.mortal import Interrupted
from tests.unit.worker.agenda import staff_change, visit_of
from tests.unit.worker.sending import leave_action
from tests.unit.worker.shredded import EVERYTHING, left_of, pass_time, said, whole, withdraw, withdrawn


@pytest.mark.parametrize("hold", [True, False])
def test_who_thinks_again_while_others_are_destroyed_is_heard(house: House, hold: bool) -> None:
    sents = [whole(house) for _ in range(2)]
    for sent in sents:
        withdraw(house, sent, "patient", house.clock() - timedelta(hours=2))
    last = max(sents, key=lambda sent: sent.pseudonym)

    def thinks_again() -> None:
        if hold:
            with house.db.writing("desk") as session:
                legal_holds.place(session, last.pseudonym, "claim", uuid4(), house.clock())
        else:
            house.clock.forward(hours=-3)
            leave_action(house, last, "keep", "booked")
            house.clock.forward(hours=3)

    assert shred(Interrupted(house.db, "identity", thinks_again), house.vault, house.clock) == 1
    assert left_of(house, last) >= EVERYTHING
    carry_actions(house.db, house.vault, house.clock)
    assert bool(withdrawn(house, last)) is hold


def test_a_hold_that_came_too_late_goes_with_the_file(house: House) -> None:
    sent = whole(house)
    withdraw(house, sent, "patient")

    def place() -> None:
        with house.db.writing("desk") as session:
            legal_holds.place(session, sent.pseudonym, "claim", uuid4(), house.clock())

    assert shred(Interrupted(house.db, "care", place), house.vault, house.clock) == 1
    with house.db.reading("desk") as session:
        assert legal_holds.of(session, sent.pseudonym) is None


def test_a_taking_back_pressed_in_time_waits_for_ever_and_is_told(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    sent = whole(house)
    withdraw(house, sent, "patient", house.clock() + timedelta(hours=1))
    leave_action(house, sent, "keep", "booked")
    pass_time(house, hours=23)
    tell_unheard(house.db, house.clock)
    assert caplog.records == []
    pass_time(house, hours=2)

    assert shred(house.db, house.vault, house.clock) == 0
    tell_unheard(house.db, house.clock)
    assert [one.levelno for one in caplog.records] == [logging.ERROR]
    carry_actions(house.db, house.vault, house.clock)
    assert withdrawn(house, sent) == {}


@pytest.mark.parametrize("origin", ["patient", "staff"])
def test_a_visit_that_took_place_meanwhile_is_kept_to_its_term(house: House, origin: Origin) -> None:
    sent = whole(house)
    withdraw(house, sent, origin, house.clock() + timedelta(hours=10))
    staff_change(house, sent, "seen")
    pass_time(house, hours=10)
    for _ in range(2):
        shred(house.db, house.vault, house.clock)

    starts = visit_of(house, sent).starts_at
    assert starts is not None
    term = starts + timedelta(days=90, minutes=30)
    assert {of: row.due_at for of, row in withdrawn(house, sent).items()} == {"care": term, "contact": term}
    assert {"contacts", "cases"} <= left_of(house, sent)
    assert len(said(house, sent, "purpose.withdrawn")) == 2
    house.clock.now = term
    pass_time(house)
    shred(house.db, house.vault, house.clock)
    assert left_of(house, sent) == set()
