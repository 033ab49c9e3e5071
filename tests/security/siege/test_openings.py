"""The clinic zone's own login can't take a secret out of the keystore without a trace that stays.

What it may do is call two functions. Here it tries to have a secret and no row: in one transaction, between
savepoints, rolled back, by another connection meanwhile, much later, for what was withdrawn.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import ProgrammingError

from app.vault.models import Opening, Secret, Withdrawal
from app.vault.openings import note, opened
from tests.factories.house import House
from tests.factories.zoned import Zoned
from tests.security.siege.attempts import DENIED
from tests.unit.cli.test_ledger_complete import at_present, roll_back_everything

pytestmark = pytest.mark.postgres

NOTE = text("SELECT note_openings(:event, CAST(:pseudonyms AS uuid[]), CAST(:purposes AS text[]))")
FETCH = text("SELECT * FROM opened_secrets(:event)")


@pytest.fixture
def pseudonym(house: House) -> UUID:
    """Somebody whose secret of `care` is kept."""
    who = uuid4()
    with house.db.writing("keys") as session:
        session.add(Secret(pseudonym=who, purpose="care", epoch="2026-11-22", wrapped=b"wrapped"))
    return who


@pytest.fixture
def clinic(zoned: Zoned) -> Iterator[Connection]:
    """A connection with the clinic's login in the keys silo."""
    with zoned.zones["clinic"].db.engine("keys").connect() as connection:
        yield connection


def noted(connection: Connection, event: UUID, pseudonym: UUID) -> None:
    connection.execute(NOTE, {"event": event, "pseudonyms": [pseudonym], "purposes": ["care"]})


def fetched(connection: Connection, event: UUID) -> list[Any]:
    return list(connection.execute(FETCH, {"event": event}).all())


def rows(house: House, event: UUID) -> int:
    with house.db.reading("keys") as session:
        return session.query(Opening).filter_by(event=event).count()


def test_a_secret_comes_once_its_trace_is_committed(house: House, clinic: Connection, pseudonym: UUID) -> None:
    event = uuid4()
    noted(clinic, event, pseudonym)
    clinic.commit()
    assert [tuple(row) for row in fetched(clinic, event)] == [(pseudonym, "care", False, "2026-11-22", b"wrapped")]
    assert rows(house, event) == 1
    clinic.rollback()
    assert rows(house, event) == 1


def test_one_transaction_gives_nothing(house: House, clinic: Connection, pseudonym: UUID) -> None:
    event = uuid4()
    noted(clinic, event, pseudonym)
    assert fetched(clinic, event) == []
    clinic.rollback()
    assert (rows(house, event), fetched(clinic, event)) == (0, [])


@pytest.mark.parametrize("ids_before", [0, 1, 5])
def test_savepoints_give_nothing(clinic: Connection, pseudonym: UUID, ids_before: int) -> None:
    event, others = uuid4(), [uuid4() for _ in range(ids_before)]
    for other in others:  # Each part that writes draws an id of its own, higher than the transaction's.
        with clinic.begin_nested():
            noted(clinic, other, pseudonym)
    with clinic.begin_nested():
        with clinic.begin_nested():
            noted(clinic, event, pseudonym)
            assert fetched(clinic, event) == []
        assert fetched(clinic, event) == []
    assert fetched(clinic, event) == []
    assert all(fetched(clinic, other) == [] for other in others)
    undone = clinic.begin_nested()
    again = uuid4()
    noted(clinic, again, pseudonym)
    assert fetched(clinic, again) == []
    undone.rollback()
    assert fetched(clinic, again) == []
    clinic.rollback()


def test_one_statement_gives_nothing(clinic: Connection, pseudonym: UUID) -> None:
    both = text(
        "WITH n AS MATERIALIZED (SELECT note_openings(:event, ARRAY[CAST(:who AS uuid)], ARRAY['care'])) "
        "SELECT f.* FROM n, LATERAL opened_secrets(CASE WHEN n IS NULL THEN :event ELSE :event END) AS f"
    )
    assert clinic.execute(both, {"event": uuid4(), "who": pseudonym}).all() == []
    clinic.rollback()


@pytest.mark.parametrize("level", ["READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"])
def test_a_second_connection_sees_nothing_before_the_commit(
    zoned: Zoned, clinic: Connection, pseudonym: UUID, level: Any
) -> None:
    event = uuid4()
    noted(clinic, event, pseudonym)
    engine = zoned.zones["clinic"].db.engine("keys").execution_options(isolation_level=level)
    with engine.connect() as second:
        assert fetched(second, event) == []
        clinic.rollback()
        assert fetched(second, event) == []


def test_a_trace_rolled_back_leaves_neither_row_nor_secret(
    house: House, clinic: Connection, pseudonym: UUID
) -> None:
    event = uuid4()
    noted(clinic, event, pseudonym)
    clinic.rollback()
    assert fetched(clinic, event) == []
    assert rows(house, event) == 0


def test_an_old_trace_serves_no_more_and_can_t_be_renewed(
    house: House, clinic: Connection, pseudonym: UUID
) -> None:
    event = uuid4()
    with house.db.writing("keys") as session:
        session.execute(
            text("INSERT INTO openings VALUES (:event, :who, 'care', timezone('UTC', now()) - interval '61 s')"),
            {"event": event, "who": pseudonym},
        )
    assert fetched(clinic, event) == []
    noted(clinic, event, pseudonym)
    clinic.commit()
    assert fetched(clinic, event) == []


def test_what_is_withdrawn_is_not_given(house: House, clinic: Connection, pseudonym: UUID) -> None:
    event, now = uuid4(), datetime.now(UTC)
    with house.db.writing("keys") as session:
        session.add(Withdrawal(pseudonym=pseudonym, purpose="care", origin="patient", asked_at=now, due_at=now))
    noted(clinic, event, pseudonym)
    clinic.commit()
    assert [tuple(row) for row in fetched(clinic, event)] == [(pseudonym, "care", True, None, None)]


def test_a_frozen_row_and_one_without_a_secret_are_told(house: House, clinic: Connection, zoned: Zoned) -> None:
    event, nobody = uuid4(), uuid4()
    noted(clinic, event, nobody)
    clinic.commit()
    with house.db.engine("keys").execution_options(isolation_level="AUTOCOMMIT").connect() as owner:
        owner.execute(text("VACUUM (FREEZE) openings"))
    assert [tuple(row) for row in fetched(clinic, event)] == [(nobody, "care", False, None, None)]


@pytest.mark.parametrize(
    "statement",
    [
        "TABLE secrets",
        "SELECT wrapped FROM secrets",
        "COPY secrets TO STDOUT",
        "TABLE openings",
        "DELETE FROM openings",
        "UPDATE openings SET at = now()",
        "INSERT INTO openings VALUES (gen_random_uuid(), gen_random_uuid(), 'care', now())",
        "DROP FUNCTION opened_secrets(uuid)",
        "ALTER FUNCTION opened_secrets(uuid) SECURITY INVOKER",
        "CREATE OR REPLACE FUNCTION note_openings(event uuid, pseudonyms uuid[], purposes text[]) RETURNS void "
        "LANGUAGE sql AS 'SELECT'",
    ],
)
def test_there_is_no_other_way(clinic: Connection, statement: str) -> None:
    with pytest.raises(ProgrammingError) as refused:
        clinic.exec_driver_sql(statement)
    assert getattr(refused.value.orig, "sqlstate", "") == DENIED


@pytest.mark.parametrize("zone", ["clinic", "worker"])
def test_the_vault_s_own_statements_pass(zoned: Zoned, house: House, pseudonym: UUID, zone: Any) -> None:
    event, db = uuid4(), zoned.zones[zone].db
    with db.writing("keys") as session:
        note(session, event, [(pseudonym, "care"), (pseudonym, "space")])
        assert opened(session, event) == []
    with db.reading("keys") as session:
        found = {one.purpose: one for one in opened(session, event)}
    assert (found["care"].wrapped, found["space"].wrapped) == (b"wrapped", None)
    assert rows(house, event) == 2


def test_stored_rows_rolled_back_are_named(house: House) -> None:
    roll_back_everything(at_present(house))
