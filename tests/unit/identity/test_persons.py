"""Persons: what staff joined is one, whoever came first, and can be taken apart."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from app.db import Databases
from app.identity import persons
from app.identity.models import Base, Join
from tests.factories.scratch import emptied, postgres_silos, sqlite_silos

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
STAFF = uuid4()
LOU, NOA, SAM, EDEN = (uuid4() for _ in range(4))


@pytest.fixture(scope="module")
def server() -> Iterator[Databases]:
    """Return silos of this module on the PostgreSQL server."""
    with postgres_silos() as made:
        yield made


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def db(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Databases]:
    """Return an empty identity silo, on either database."""
    with sqlite_silos(tmp_path) as files:
        made = files if request.param == "sqlite" else emptied(request.getfixturevalue("server"))
        Base.metadata.create_all(made.engine("identity"))
        yield made


def join(db: Databases, *pairs: tuple[UUID, UUID]) -> None:
    for one, other in pairs:
        with db.writing("identity") as session:
            persons.join(session, one, other, STAFF, NOW)


def part(db: Databases, pseudonym: UUID) -> None:
    with db.writing("identity") as session:
        persons.part(session, pseudonym)


def others(db: Databases, pseudonym: UUID) -> set[UUID]:
    with db.reading("identity") as session:
        return persons.others_of(session, pseudonym)


def test_nobody_is_joined_before_somebody_says_so(db: Databases) -> None:
    assert others(db, LOU) == set()


def test_two_are_joined_either_way_with_who_said_so_and_when(db: Databases) -> None:
    join(db, (LOU, NOA), (NOA, LOU), (LOU, NOA))
    assert (others(db, LOU), others(db, NOA)) == ({NOA}, {LOU})
    with db.reading("identity") as session:
        rows = session.scalars(select(Join)).all()
    assert {(row.pseudonym, row.by, row.at) for row in rows} == {(LOU, STAFF, NOW), (NOA, STAFF, NOW)}
    assert len({row.person for row in rows}) == 1


@pytest.mark.parametrize(
    "pairs",
    [((LOU, NOA), (NOA, SAM), (SAM, EDEN)), ((LOU, NOA), (SAM, EDEN), (EDEN, LOU))],
    ids=["one after the other", "two pairs"],
)
def test_whoever_is_joined_to_one_is_joined_to_all(db: Databases, pairs: tuple[tuple[UUID, UUID], ...]) -> None:
    join(db, *pairs)
    everybody = {LOU, NOA, SAM, EDEN}
    assert all(others(db, one) == everybody - {one} for one in everybody)


def test_joinings_at_once_end_as_one_person(db: Databases) -> None:
    barrier = threading.Barrier(3)

    def join_to_lou(other: UUID) -> None:
        barrier.wait()
        join(db, (LOU, other))

    threads = [threading.Thread(target=join_to_lou, args=[other]) for other in (NOA, SAM, EDEN)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert others(db, LOU) == {NOA, SAM, EDEN}


def test_one_that_is_parted_leaves_the_others_together(db: Databases) -> None:
    join(db, (LOU, NOA), (NOA, SAM))
    part(db, NOA)
    assert (others(db, LOU), others(db, NOA), others(db, SAM)) == ({SAM}, set(), {LOU})


def test_of_a_pair_that_is_parted_nothing_is_left(db: Databases) -> None:
    join(db, (LOU, NOA), (SAM, EDEN))
    part(db, LOU)
    part(db, LOU)
    with db.reading("identity") as session:
        assert set(session.scalars(select(Join.pseudonym))) == {SAM, EDEN}
