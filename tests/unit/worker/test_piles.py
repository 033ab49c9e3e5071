"""More than a few files at once wait for two persons; what patients ask for, and what is on time, never does."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from app.ledger.genuine import say
from app.ledger.service import Zone, record
from app.retention import FEW_AN_HOUR, GRACE
from app.vault import withdrawals
from app.worker.piles import BEGUN
from app.worker.shredding import shred
from tests.factories.house import House
from tests.unit.worker.agenda import taken_in
from tests.unit.worker.sending import Sent
from tests.unit.worker.shredded import left_of, pass_time, withdraw


def test_a_few_go_and_more_than_a_few_wait_for_two(house: House) -> None:
    few = _files(house, FEW_AN_HOUR)
    assert shred(house.db, house.vault, house.clock) == FEW_AN_HOUR
    one = _files(house, 1)[0]
    assert shred(house.db, house.vault, house.clock) == 0, "the sixth of the hour"
    pass_time(house, hours=1, seconds=1)
    assert shred(house.db, house.vault, house.clock) == 1
    assert all(left_of(house, sent) == set() for sent in (*few, one))


def test_a_pile_does_not_go_a_few_at_a_time(house: House) -> None:
    pile = _files(house, FEW_AN_HOUR + 1)
    for _ in range(3):
        assert shred(house.db, house.vault, house.clock) == 0
        pass_time(house, hours=2)
    first, second = uuid4(), uuid4()
    _agree(house, pile, first, first)
    assert shred(house.db, house.vault, house.clock) == 0, "one person twice"
    _agree(house, pile[:2], second)
    assert shred(house.db, house.vault, house.clock) == 2
    assert shred(house.db, house.vault, house.clock) == 0, "what was agreed to counts for an hour, too"
    _agree(house, pile, second)
    assert shred(house.db, house.vault, house.clock) == len(pile) - 2


def test_patients_and_what_is_on_time_never_wait(house: House) -> None:
    _files(house, FEW_AN_HOUR + 1)
    patients = [taken_in(house) for _ in range(2)]
    for sent in patients:
        withdraw(house, sent, "patient", house.clock() - timedelta(days=3))
    on_time = [taken_in(house) for _ in range(FEW_AN_HOUR + 1)]
    for sent in on_time:
        withdraw(house, sent, "term", house.clock() - timedelta(hours=23))

    assert shred(house.db, house.vault, house.clock) == len(patients) + len(on_time)


def test_a_small_pile_long_overdue_waits_for_a_day(house: House) -> None:
    sent = taken_in(house)
    withdraw(house, sent, "term", house.clock() - timedelta(days=40))

    assert shred(house.db, house.vault, house.clock) == 0
    pass_time(house, hours=24)
    assert shred(house.db, house.vault, house.clock) == 1


def test_what_was_begun_is_finished_though_others_wait(house: House) -> None:
    begun, *others = _files(house, FEW_AN_HOUR + 1)
    say(house.db, house.keystore, house.clock(), "worker", BEGUN, begun.pseudonym, counted="yes")

    assert shred(house.db, house.vault, house.clock) == 1
    assert left_of(house, begun) == set()
    assert all(left_of(house, sent) for sent in others)


@pytest.mark.parametrize("zone", ["patient", "worker"])
def test_what_was_begun_is_not_taken_on_anybody_s_word(house: House, zone: Zone) -> None:
    pile = _files(house, FEW_AN_HOUR + 1)
    for sent in pile:
        record(house.db, house.clock(), zone, BEGUN, [sent.pseudonym], counted="yes")

    assert shred(house.db, house.vault, house.clock) == 0
    pass_time(house, hours=2)
    few = _files(house, 1)
    record(house.db, house.clock(), zone, BEGUN, [few[0].pseudonym], counted="yes")
    assert shred(house.db, house.vault, house.clock) == 0


def test_an_agreed_file_goes_though_a_fresh_pile_waits_and_the_rest_follows(house: House) -> None:
    agreed, waiting = taken_in(house), taken_in(house)
    for sent in (agreed, waiting):
        withdraw(house, sent, "term", house.clock() - timedelta(days=40))
    on_time, restricted, asked = taken_in(house), taken_in(house), taken_in(house)
    withdraw(house, on_time, "term")
    withdraw(house, restricted, "patient", asked=house.clock() - timedelta(days=30))
    withdraw(house, asked, "patient", asked=house.clock() - GRACE)
    _agree(house, [agreed], uuid4(), uuid4())

    assert shred(house.db, house.vault, house.clock) == 2
    assert left_of(house, agreed) == left_of(house, asked) == set()
    _agree(house, [waiting], uuid4(), uuid4())
    assert shred(house.db, house.vault, house.clock) == 3


def _files(house: House, number: int) -> list[Sent]:
    found = [taken_in(house) for _ in range(number)]
    for sent in found:
        withdraw(house, sent)
    return found


def _agree(house: House, files: list[Sent], *two: UUID) -> None:
    with house.db.writing("keys") as session:
        for sent in files:
            for by in two:
                withdrawals.agree(session, sent.pseudonym, by)
