"""Each silo's chain: its head is what the models say, and it goes up, down and up again, with data in it."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from itertools import count
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
from alembic.script import ScriptDirectory

from app.cli import silos
from app.db import SILOS, Databases, Silo
from tests.factories.scratch import emptied, postgres_silos, sqlite_silos

_NUMBERS = count(1)
"""A row is never like one before: revisions that make no table leave what was there."""
_BOUND = {"mailbox.epoch": "2026-W01"}
"""Columns that take no other value than one of their own kind."""


@pytest.fixture(scope="module")
def server() -> Iterator[Databases]:
    """Six databases of this module on the PostgreSQL server."""
    with postgres_silos() as db:
        yield db


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Databases]:
    """Six silos without a table, on either database."""
    if request.param == "sqlite":
        with sqlite_silos(tmp_path) as db:
            yield db
    else:
        yield emptied(request.getfixturevalue("server"))


def test_the_head_of_every_chain_is_what_the_models_say(empty: Databases) -> None:
    silos.upgrade(empty)

    assert {silo: silos.differences(empty, silo) for silo in SILOS} == {silo: [] for silo in SILOS}
    assert {silo: silos.current(empty, silo) for silo in SILOS} == {silo: silos.head(silo) for silo in SILOS}


def test_a_schema_that_drifted_is_seen(empty: Databases) -> None:
    silos.upgrade(empty)
    with empty.engine("desk").begin() as connection:
        connection.execute(sa.text("DROP INDEX ix_visits_state"))
        connection.execute(sa.text("ALTER TABLE visits ADD COLUMN extra INTEGER"))

    found = " ".join(silos.differences(empty, "desk"))

    assert "ix_visits_state" in found
    assert "extra" in found


def test_upgrading_twice_changes_nothing(empty: Databases) -> None:
    silos.upgrade(empty)
    before = _shape(empty)
    silos.upgrade(empty)

    assert _shape(empty) == before


def test_each_revision_goes_down_and_up_again_with_data_in_it(empty: Databases) -> None:
    for silo in SILOS:
        for revision in _revisions(silo):
            silos.upgrade_silo(empty, silo, revision)
            before = _shape_of(empty, silo)
            _fill(empty, silo)
            silos.downgrade_silo(empty, silo, _before(silo, revision))
            silos.upgrade_silo(empty, silo, revision)
            assert _shape_of(empty, silo) == before
            _fill(empty, silo)


def test_down_to_nothing_leaves_no_table(empty: Databases) -> None:
    silos.upgrade(empty)
    for silo in SILOS:
        silos.downgrade_silo(empty, silo, "base")

    left = {silo: sa.inspect(empty.engine(silo)).get_table_names() for silo in SILOS}
    assert left == {silo: ["alembic_version"] for silo in SILOS}


def test_a_revision_that_fails_leaves_the_silo_as_it_was(empty: Databases) -> None:
    with empty.engine("front").begin() as connection:
        connection.execute(sa.text("CREATE TABLE outbox (id INTEGER)"))

    with pytest.raises(sa.exc.DBAPIError):
        silos.upgrade_silo(empty, "front")

    assert sa.inspect(empty.engine("front")).get_table_names() == ["outbox"]


@pytest.mark.postgres
def test_a_migration_gives_up_rather_than_wait_behind_a_live_table(server: Databases) -> None:
    silos.upgrade_silo(emptied(server), "ledger")
    with server.writing("ledger") as session:
        session.execute(sa.text("LOCK TABLE events IN ACCESS SHARE MODE"))
        with pytest.raises(sa.exc.OperationalError, match="lock timeout"):
            silos.downgrade_silo(server, "ledger", "base")


def _revisions(silo: Silo) -> list[str]:
    script = ScriptDirectory.from_config(silos.config_of(silo))
    return [one.revision for one in reversed(list(script.walk_revisions()))]


def _before(silo: Silo, revision: str) -> str:
    known = ["base", *_revisions(silo)]
    return known[known.index(revision) - 1]


def _shape(db: Databases) -> dict[Silo, Any]:
    return {silo: _shape_of(db, silo) for silo in SILOS}


def _shape_of(db: Databases, silo: Silo) -> dict[str, Any]:
    """Return everything that can be said of a silo's tables."""
    inspector = sa.inspect(db.engine(silo))
    return {
        table: (
            sorted(
                f"{c['name']} {c['type']!r} {c['nullable']} {c['default']}" for c in inspector.get_columns(table)
            ),
            inspector.get_pk_constraint(table),
            sorted(map(str, inspector.get_foreign_keys(table))),
            sorted(map(str, inspector.get_indexes(table))),
            sorted(map(str, inspector.get_unique_constraints(table))),
        )
        for table in inspector.get_table_names()
    }


def _fill(db: Databases, silo: Silo) -> None:
    """Write a row into every table as it really is, parents first."""
    reflected = sa.MetaData()
    reflected.reflect(db.engine(silo))
    ids: dict[str, Any] = {}
    with db.engine(silo).begin() as connection:
        for table in (table for table in reflected.sorted_tables if table.name != "alembic_version"):
            row = {column.name: _value(column, ids) for column in table.columns}
            connection.execute(table.insert().values(row))
            ids |= {f"{table.name}.{name}": value for name, value in row.items()}


def _value(column: sa.Column[Any], ids: dict[str, Any]) -> Any:
    for key in column.foreign_keys:
        return ids[key.target_fullname]
    if (bound := _BOUND.get(str(column))) is not None:
        return bound
    samples = {
        sa.Uuid: uuid4(),
        sa.CHAR: uuid4().hex,
        sa.LargeBinary: uuid4().bytes * 2,
        sa.Boolean: True,
        sa.Integer: (number := next(_NUMBERS)),
        sa.DateTime: datetime(2026, 1, 1, tzinfo=UTC).replace(tzinfo=None),
        sa.Date: date(2026, 1, 1),
        sa.String: str(number),
    }
    return next(value for kind, value in samples.items() if isinstance(column.type, kind))
