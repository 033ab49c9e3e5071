"""Silos that stop, are locked, or are full, for a while. SQLite itself says so each time; nothing is faked."""

import resource
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import event

from app.db import SILOS, Silo
from tests.factories.house import House


@contextmanager
def stopped(house: House, silo: Silo) -> Iterator[None]:
    """Take a silo's files away, and put a directory where its database was."""
    house.db.engine(silo).dispose()
    aside = house.root / f"{silo}-aside"
    aside.mkdir()
    for file in house.root.glob(f"{silo}.sqlite*"):
        file.rename(aside / file.name)
    place = house.root / f"{silo}.sqlite"
    place.mkdir()
    try:
        yield
    finally:
        house.db.engine(silo).dispose()
        place.rmdir()
        for file in aside.iterdir():
            file.rename(house.root / file.name)
        shutil.rmtree(aside)


@contextmanager
def locked(house: House, silo: Silo) -> Iterator[None]:
    """Let another program hold the silo's write lock, longer than a request waits."""
    with _each_connection(house, silo, "PRAGMA busy_timeout=20"):
        other = sqlite3.connect(_file(house, silo), isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            other.rollback()
            other.close()


@contextmanager
def full(house: House, silo: Silo) -> Iterator[None]:
    """Fill the silo's file up to a page limit, as a disk without room would (PRAGMA max_page_count)."""
    filler = sqlite3.connect(_file(house, silo), isolation_level=None)
    (pages,) = filler.execute("PRAGMA page_count").fetchone()
    limit = f"PRAGMA max_page_count={pages + 2}"
    filler.execute("CREATE TABLE IF NOT EXISTS filler (junk BLOB)")
    filler.execute(limit)
    for size in (4000, 1000, 100):
        _insert_until_full(filler, size)
    try:
        with _each_connection(house, silo, limit):
            yield
    finally:
        filler.execute("DROP TABLE filler")
        filler.close()


@contextmanager
def no_room(house: House, silo: Silo) -> Iterator[None]:
    """Let the silo's log of writes grow no further (RLIMIT_FSIZE): not one page more can be written to it."""
    for engine in (house.db.engine(one) for one in SILOS):
        engine.dispose()  # their logs of writes are emptied: only this silo's reaches the limit
    filler = sqlite3.connect(_file(house, silo), isolation_level=None)
    filler.execute("CREATE TABLE filler (junk BLOB)")
    filler.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    filler.execute("INSERT INTO filler VALUES (randomblob(400000))")
    _soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    log_file = house.root / f"{silo}.sqlite-wal"
    resource.setrlimit(resource.RLIMIT_FSIZE, (log_file.stat().st_size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (_soft, hard))
        filler.execute("DROP TABLE filler")
        filler.close()


def _insert_until_full(filler: sqlite3.Connection, size: int) -> None:
    while True:
        try:
            filler.execute("INSERT INTO filler VALUES (randomblob(?))", (size,))
        except sqlite3.OperationalError:
            return


@contextmanager
def _each_connection(house: House, silo: Silo, pragma: str) -> Iterator[None]:
    """Give every connection opened meanwhile one more setting."""
    engine = house.db.engine(silo)

    def say(connection: Any, _record: Any) -> None:
        connection.execute(pragma)

    engine.dispose()
    event.listen(engine, "connect", say)
    try:
        yield
    finally:
        event.remove(engine, "connect", say)
        engine.dispose()


def _file(house: House, silo: Silo) -> Path:
    return house.root / f"{silo}.sqlite"
