"""The silos' engines: snapshots, commits, UTC, and a calm name for every outage."""

import os
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError, StatementError

from app.db import Databases, SiloUnavailable, insert_for
from app.ledger.models import Base, Event

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Databases]:
    """A ledger silo in a file."""
    made = Databases({"ledger": f"sqlite:///{tmp_path}/ledger.sqlite"})
    Base.metadata.create_all(made.engine("ledger"))
    yield made
    made.dispose()


def event(at: datetime = NOW, name: str = "x") -> Event:
    """Return an event that says nothing."""
    return Event(id=uuid4(), at=at, zone="cli", name=name, payload="{}", salt=bytes(32), leaf=bytes(32))


def test_what_is_written_is_committed_at_the_end(db: Databases) -> None:
    with db.writing("ledger") as session:
        session.add(row := event())
    with db.reading("ledger") as session:
        assert session.get(Event, row.id)


def test_a_block_that_raises_leaves_nothing(db: Databases) -> None:
    def fails() -> None:
        with db.writing("ledger") as session:
            session.add(event())
            session.flush()
            raise KeyError

    with pytest.raises(KeyError):
        fails()
    with db.reading("ledger") as session:
        assert session.scalars(select(Event)).all() == []


def test_reading_keeps_nothing(db: Databases) -> None:
    with db.reading("ledger") as session:
        session.add(event())
        session.flush()
    with db.reading("ledger") as session:
        assert session.scalars(select(Event)).all() == []


def test_times_are_kept_in_utc_and_come_back_aware(db: Databases) -> None:
    paris = datetime(2026, 11, 23, 9, tzinfo=timezone(timedelta(hours=1)))
    with db.writing("ledger") as session:
        session.add(row := event(at=paris))
    with db.reading("ledger") as session:
        found = session.get_one(Event, row.id)
        raw = session.execute(text("SELECT at FROM events")).scalar_one()
    assert found.at == NOW
    assert found.at.tzinfo is UTC
    assert str(raw).startswith("2026-11-23 08:00")


def test_a_naive_time_is_refused(db: Databases) -> None:
    with pytest.raises(StatementError, match="naive"), db.writing("ledger") as session:
        session.add(event(at=NOW.replace(tzinfo=None)))


def test_writing_twice_by_the_same_id_is_once(db: Databases) -> None:
    row = event()
    values = {column.name: getattr(row, column.name) for column in Event.__table__.columns}
    for _ in range(2):
        with db.writing("ledger") as session:
            session.execute(insert_for(session, Event).values(**values).on_conflict_do_nothing())
    with db.reading("ledger") as session:
        assert len(session.scalars(select(Event)).all()) == 1


def test_a_conflict_is_not_an_outage_and_shows_no_value(db: Databases) -> None:
    row = event(name="a-very-private-name")
    with db.writing("ledger") as session:
        session.add(row)
    copy = event(name="a-very-private-name")
    copy.id = row.id
    with pytest.raises(IntegrityError) as refusal, db.writing("ledger") as session:
        session.add(copy)
    assert "a-very-private-name" not in str(refusal.value)


def test_a_file_that_can_not_be_opened_is_an_outage() -> None:
    with pytest.raises(SiloUnavailable) as outage, Databases({"care": "sqlite:////nowhere/x"}).reading("care") as s:
        s.execute(text("SELECT 1"))
    assert outage.value.silo == "care"


def test_a_silo_without_its_tables_is_an_outage(tmp_path: Path) -> None:
    db = Databases({"ledger": f"sqlite:///{tmp_path}/new.sqlite"})
    with pytest.raises(SiloUnavailable), db.reading("ledger") as session:
        session.scalars(select(Event)).all()
    db.dispose()


def test_a_server_that_does_not_answer_is_an_outage() -> None:
    db = Databases({"desk": "postgresql+psycopg://nobody@127.0.0.1:1/nothing"})
    with pytest.raises(SiloUnavailable), db.reading("desk") as session:
        session.execute(text("SELECT 1"))


def test_a_full_disk_is_an_outage_and_what_was_there_stays(db: Databases) -> None:
    with db.writing("ledger") as session:
        session.add(event())
        pages = session.execute(text("PRAGMA page_count")).scalar_one()

    def fills() -> None:
        with db.writing("ledger") as session:
            session.execute(text(f"PRAGMA max_page_count = {pages}"))
            session.add_all([event(name="n" * 64) for _ in range(500)])

    with pytest.raises(SiloUnavailable):
        fills()
    with db.reading("ledger") as session:
        assert len(session.scalars(select(Event)).all()) == 1


def test_a_writer_takes_its_lock_at_once_and_readers_go_on(db: Databases, tmp_path: Path) -> None:
    with db.writing("ledger") as session:
        session.execute(select(Event.id))
        other = sqlite3.connect(tmp_path / "ledger.sqlite", timeout=0)
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("BEGIN IMMEDIATE")
        other.close()
        with db.reading("ledger") as reader:
            assert reader.scalars(select(Event)).all() == []


def test_sqlite_is_set_to_keep_and_to_erase(db: Databases) -> None:
    wanted = {"journal_mode": "wal", "synchronous": 2, "secure_delete": 1, "foreign_keys": 1, "temp_store": 2}
    with db.reading("ledger") as session:
        found = {name: session.execute(text(f"PRAGMA {name}")).scalar_one() for name in wanted}
    assert found == wanted


def test_the_process_keeps_no_connection_once_disposed(db: Databases, tmp_path: Path) -> None:
    with db.reading("ledger") as session:
        session.execute(text("SELECT 1"))
    db.dispose()
    held = {
        os.readlink(f"/proc/self/fd/{n}")
        for n in os.listdir("/proc/self/fd")
        if os.path.exists(f"/proc/self/fd/{n}")
    }
    assert not any(name.startswith(str(tmp_path)) for name in held)
