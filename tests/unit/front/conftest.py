"""A front silo for the tests of its functions, on both kinds of database."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.db import Databases
from tests.factories.front_silo import empty, on_postgres, on_sqlite


@pytest.fixture(scope="session")
def postgres() -> Iterator[Databases]:
    """One scratch database for the run."""
    with on_postgres() as db:
        yield db


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def db(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Databases]:
    """An empty front silo, once on SQLite and once on PostgreSQL."""
    if request.param == "sqlite":
        with on_sqlite(tmp_path) as found:
            yield found
        return
    found = request.getfixturevalue("postgres")
    empty(found)
    yield found
