"""A front silo to test on: a SQLite file, or a scratch database on a PostgreSQL server if one answers."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError

from app.db import Databases
from app.front.models import Base

SERVER = "postgresql+psycopg://postgres@127.0.0.1:5432/"


@contextmanager
def on_sqlite(directory: Path) -> Iterator[Databases]:
    """Give an empty front silo in a file."""
    db = Databases({"front": f"sqlite:///{directory}/front.sqlite"})
    Base.metadata.create_all(db.engine("front"))
    yield db
    db.dispose()


@contextmanager
def on_postgres() -> Iterator[Databases]:
    """Give an empty front silo in a database of its own, dropped afterwards; skip when no server answers."""
    name = f"scratch_{uuid4().hex}"
    _command(f"CREATE DATABASE {name}")
    db = Databases({"front": SERVER + name}, connections=40)  # hundreds of threads at once, on purpose
    try:
        Base.metadata.create_all(db.engine("front"))
        yield db
    finally:
        db.dispose()
        _command(f"DROP DATABASE {name} WITH (FORCE)")


def empty(db: Databases) -> None:
    """Remove every row."""
    with db.writing("front") as session:
        for table in reversed(Base.metadata.sorted_tables):
            session.execute(table.delete())


def _command(statement: str) -> None:
    engine = create_engine(SERVER + "postgres", isolation_level="AUTOCOMMIT", connect_args={"connect_timeout": 2})
    try:
        with engine.connect() as connection:
            connection.execute(text(statement))
    except OperationalError:
        pytest.skip("no PostgreSQL server lets user postgres in without a password at 127.0.0.1:5432")
    finally:
        engine.dispose()
