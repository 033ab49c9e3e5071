"""Databases that a test may fill and break: SQLite files, or scratch databases on a PostgreSQL server."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError

from app.db import SILOS, Databases, Silo

SERVER = "postgresql+psycopg://postgres@127.0.0.1:5432/"


@contextmanager
def sqlite_silos(directory: Path) -> Iterator[Databases]:
    """Give six silos without a table, in files."""
    db = Databases({silo: f"sqlite:///{directory}/{silo}.sqlite" for silo in SILOS})
    yield db
    db.dispose()


@contextmanager
def postgres_silos() -> Iterator[Databases]:
    """Give six silos without a table on the server; skip when none answers."""
    with postgres_urls() as urls:
        db = Databases(urls)
        yield db
        db.dispose()


@contextmanager
def postgres_urls() -> Iterator[dict[Silo, str]]:
    """Make six databases and drop them afterwards; skip when no server answers."""
    mark = uuid4().hex[:12]
    names: dict[Silo, str] = {silo: f"scratch_{mark}_{silo}" for silo in SILOS}
    _on_server([f"CREATE DATABASE {name}" for name in names.values()])
    try:
        yield {silo: SERVER + name for silo, name in names.items()}
    finally:
        _on_server([f"DROP DATABASE {name} WITH (FORCE)" for name in names.values()])


def emptied(db: Databases) -> Databases:
    """Take everything out of databases made here on the server, and return them."""
    for silo in SILOS:
        with db.engine(silo).begin() as connection:
            connection.execute(text("DROP SCHEMA public CASCADE"))
            connection.execute(text("CREATE SCHEMA public"))
    return db


def _on_server(statements: list[str]) -> None:
    engine = create_engine(SERVER + "postgres", isolation_level="AUTOCOMMIT", connect_args={"connect_timeout": 2})
    try:
        with engine.connect() as connection:
            for statement in statements:
                connection.execute(text(statement))
    except OperationalError:
        pytest.skip("PostgreSQL is missing: no server answers as postgres@127.0.0.1:5432 without a password")
    finally:
        engine.dispose()
