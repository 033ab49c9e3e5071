"""Withdrawals: the earlier moment and the stronger will count, they are taken back in time, two agree on piles."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from app.db import Databases
from app.vault import withdrawals
from app.vault.models import Base
from app.vault.withdrawals import Origin, withdrawals_of
from tests.factories.house import MONDAY

LATER, SOON = MONDAY + timedelta(hours=10), MONDAY + timedelta(hours=1)
WHO, FIRST, SECOND = uuid4(), uuid4(), uuid4()


@pytest.fixture
def keys(tmp_path: Path) -> Iterator[Databases]:
    """A keys silo alone."""
    db = Databases({"keys": f"sqlite:///{tmp_path}/keys.sqlite"})
    Base.metadata.create_all(db.engine("keys"))
    yield db
    db.dispose()


@pytest.mark.parametrize(
    ("first", "second", "origin", "due"),
    [
        (("staff", LATER), ("staff", SOON), "staff", SOON),
        (("staff", SOON), ("staff", LATER), "staff", SOON),
        (("term", LATER), ("patient", SOON), "patient", SOON),
        (("staff", SOON), ("patient", LATER), "patient", SOON),
        (("patient", LATER), ("staff", SOON), "patient", SOON),
        (("patient", LATER), ("term", SOON), "patient", SOON),
        (("term", LATER), ("staff", LATER), "staff", LATER),
    ],
)
def test_the_earlier_moment_and_the_stronger_will_count(
    keys: Databases, first: tuple[Origin, object], second: tuple[Origin, object], origin: str, due: object
) -> None:
    for who, when in (first, second):
        with keys.writing("keys") as session:
            withdrawals.withdraw(session, WHO, ["care"], who, MONDAY, when)  # type: ignore[arg-type]

    with keys.reading("keys") as session:
        found = withdrawals_of(session, WHO)["care"]
    assert (found.origin, found.due_at) == (origin, due)


def test_what_is_not_due_can_be_taken_back_and_what_is_cannot(keys: Databases) -> None:
    with keys.writing("keys") as session:
        withdrawals.withdraw(session, WHO, ["space"], "patient", MONDAY, SOON)
        withdrawals.withdraw(session, WHO, ["care", "contact"], "patient", MONDAY, LATER)

    with keys.writing("keys") as session:
        assert withdrawals.take_back(session, WHO, SOON)
        assert withdrawals_of(session, WHO).keys() == {"space"}
        assert not withdrawals.take_back(session, WHO, SOON)


def test_what_others_asked_for_is_not_taken_back(keys: Databases) -> None:
    with keys.writing("keys") as session:
        withdrawals.withdraw(session, WHO, ["space"], "patient", MONDAY, LATER)

        assert not withdrawals.take_back(session, WHO, MONDAY, "staff")
        assert withdrawals.take_back(session, WHO, MONDAY, "staff", "patient")


def test_two_different_persons_agree(keys: Databases) -> None:
    with keys.writing("keys") as session:
        withdrawals.withdraw(session, WHO, ["care", "space"], "staff", MONDAY, SOON)
        for by, waiting in ((FIRST, 2), (FIRST, 2), (SECOND, 0), (uuid4(), 0)):
            withdrawals.agree(session, WHO, by)
            session.flush()
            assert len(withdrawals.waiting_for_two(session, SOON)) == waiting
        row = withdrawals_of(session, WHO)["care"]
        assert (row.first_by, row.second_by) == (FIRST, SECOND)


@pytest.mark.parametrize(
    ("origin", "overdue", "waits"),
    [
        ("staff", timedelta(0), True),
        ("term", timedelta(hours=23), False),
        ("term", timedelta(hours=25), True),
        ("patient", timedelta(days=9), False),
        ("staff", timedelta(hours=-1), False),
    ],
)
def test_whose_destruction_counts(keys: Databases, origin: Origin, overdue: timedelta, waits: bool) -> None:
    with keys.writing("keys") as session:
        withdrawals.withdraw(session, WHO, ["care"], origin, MONDAY, MONDAY - overdue)
        session.flush()

        assert bool(withdrawals.waiting_for_two(session, MONDAY)) is waits
        if overdue >= timedelta(0):
            assert withdrawals.needs_two(withdrawals_of(session, WHO)["care"], MONDAY) is waits


def test_pseudonyms_are_counted_once_and_forgotten_by_purpose(keys: Databases) -> None:
    with keys.writing("keys") as session:
        withdrawals.withdraw(session, WHO, ["care", "contact", "space"], "staff", MONDAY, SOON)
        assert withdrawals.count(session) == 1
        assert withdrawals.withdrawn_in_full(session, [WHO, FIRST], {"care", "contact", "space"}) == {WHO}
        withdrawals.forget(session, WHO, ["care", "space"])
        assert withdrawals_of(session, WHO).keys() == {"contact"}
        assert withdrawals.withdrawn_in_full(session, [WHO], {"care", "contact", "space"}) == set()
