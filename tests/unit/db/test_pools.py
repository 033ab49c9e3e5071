"""One pool of connections serves a silo: enough for every thread, calm when it is empty, two ways to commit."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import event, text
from sqlalchemy.orm import Session

from app.db import Databases, SiloUnavailable
from app.plain import Plain
from tests.factories.scratch import postgres_silos

THREADS = 64


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Databases]:
    """A silo in a file, with one table."""
    made = Databases({"front": f"sqlite:///{tmp_path}/front.sqlite"})
    with made.writing("front") as session:
        session.execute(text("CREATE TABLE notes (n INTEGER)"))
    yield made
    made.dispose()


def one(asked: Session | Plain, question: str) -> object:
    found = asked.execute(text(question)).first()
    assert found
    return found[0]


def test_every_thread_of_a_process_reads_at_once(db: Databases) -> None:
    together = threading.Barrier(THREADS, timeout=20)

    def read() -> object:
        with db.reading("front") as session:
            found = one(session, "SELECT count(*) FROM notes")
            together.wait()
            return found

    with ThreadPoolExecutor(THREADS) as threads:
        found = [answer.result() for answer in [threads.submit(read) for _ in range(THREADS)]]
    assert found == [0] * THREADS


def test_without_a_connection_left_a_silo_is_out_after_seconds(db: Databases) -> None:
    began = time.monotonic()
    taken = [db.engine("front").connect() for _ in range(THREADS + 4)]
    with pytest.raises(SiloUnavailable) as outage, db.glancing("front") as connection:
        connection.execute(text("SELECT 1"))
    assert outage.value.silo == "front"
    assert 2 < time.monotonic() - began < 10
    for one_taken in taken:
        one_taken.close()
    with db.glancing("front") as connection:
        assert one(connection, "SELECT 1") == 1


def test_a_silo_locked_by_another_program_is_out_after_two_seconds(db: Databases) -> None:
    for enter in (db.reading, db.glancing):
        with enter("front") as asked:
            assert one(asked, "PRAGMA busy_timeout") == 5000


def test_only_what_is_noted_commits_without_waiting_for_the_disk(db: Databases) -> None:
    full, normal = 2, 1
    for _ in range(2):  # the same connection serves both in turn
        with db.noting("front") as connection:
            assert one(connection, "PRAGMA synchronous") == normal
        with db.writing("front") as session:
            assert one(session, "PRAGMA synchronous") == full
            session.execute(text("INSERT INTO notes VALUES (1)"))
        with db.noting("front") as connection:
            connection.execute(text("INSERT INTO notes VALUES (2)"))
    with db.glancing("front") as connection:
        assert one(connection, "SELECT count(*) FROM notes") == 4


def test_one_connection_serves_every_way_in(db: Databases) -> None:
    opened: list[object] = []
    db.dispose()
    event.listen(db.engine("front"), "connect", lambda connection, _record: opened.append(connection))
    for enter in (db.reading, db.glancing, db.writing, db.noting):
        with enter("front") as asked:
            asked.execute(text("SELECT 1"))
    assert len(opened) == 1


@pytest.mark.postgres
def test_a_server_is_asked_the_same_and_for_few_connections() -> None:
    with postgres_silos() as db:
        for _ in range(2):
            with db.noting("front") as connection:
                assert one(connection, "SHOW synchronous_commit") == "off"
            with db.writing("front") as session:
                assert one(session, "SHOW synchronous_commit") == "on"
        _opens_no_more_than_it_was_told(db.engine("front").url.render_as_string(hide_password=False))


def _opens_no_more_than_it_was_told(url: str) -> None:
    few = Databases({"front": url}, connections=1)
    taken = [few.engine("front").connect() for _ in range(1 + 4)]
    with pytest.raises(SiloUnavailable), few.glancing("front") as connection:
        connection.execute(text("SELECT 1"))
    for one_taken in taken:
        one_taken.close()
    few.dispose()
