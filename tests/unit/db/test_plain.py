"""Statements on the bare driver mean what they mean in a session, and fail as calmly."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from sqlalchemy import event, text

from app.db import Databases, SiloUnavailable
from app.front import drafts
from app.front.drafts import DraftRow
from app.front.models import Base
from tests.factories.scratch import postgres_silos

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
LATER = NOW + timedelta(hours=1, microseconds=7)


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Databases]:
    """A front silo in a file."""
    made = Databases({"front": f"sqlite:///{tmp_path}/front.sqlite"})
    Base.metadata.create_all(made.engine("front"))
    yield made
    made.dispose()


def row(draft: UUID, version: int = 1, locator: bytes | None = None) -> DraftRow:
    return DraftRow(draft, bytes([version]) * 300, version, LATER, locator, None)


def kept(db: Databases, draft: UUID) -> tuple[DraftRow | None, DraftRow | None]:
    """Return a draft as a session and as a plain connection read it."""
    with db.reading("front") as session:
        in_a_session = drafts.load(session, draft, NOW)
    with db.glancing("front") as plain:
        return in_a_session, drafts.load(plain, draft, NOW)


def begin(db: Databases, draft: UUID) -> None:
    with db.writing("front") as session:
        assert drafts.save(session, row(draft), NOW)


def both_ways_in_read_and_write_the_same(db: Databases) -> None:
    draft = uuid4()
    begin(db, draft)
    assert kept(db, draft) == (row(draft), row(draft))
    with db.noting("front") as plain:
        assert drafts.note(plain, row(draft, 2, locator=bytes(32)))
    assert kept(db, draft) == (row(draft, 2, locator=bytes(32)),) * 2


def test_both_ways_in_read_and_write_the_same(db: Databases) -> None:
    both_ways_in_read_and_write_the_same(db)


@pytest.mark.postgres
def test_on_a_server_too_both_ways_in_read_and_write_the_same() -> None:
    with postgres_silos() as db:
        Base.metadata.create_all(db.engine("front"))
        both_ways_in_read_and_write_the_same(db)


def test_a_version_is_written_over_the_one_that_was_read_or_not_at_all(db: Databases) -> None:
    draft = uuid4()
    begin(db, draft)
    with db.noting("front") as plain:
        assert not drafts.note(plain, row(draft, 3))
    assert kept(db, draft)[0] == row(draft)


def test_what_expired_or_never_was_is_not_found(db: Databases) -> None:
    draft = uuid4()
    begin(db, draft)
    with db.glancing("front") as plain:
        assert drafts.load(plain, draft, LATER) is None
        assert drafts.load(plain, uuid4(), NOW) is None


def test_a_block_that_raises_leaves_nothing(db: Databases) -> None:
    draft = uuid4()
    begin(db, draft)

    def fails() -> None:
        with db.noting("front") as plain:
            drafts.note(plain, row(draft, 2))
            raise KeyError

    with pytest.raises(KeyError):
        fails()
    assert kept(db, draft)[0] == row(draft)
    with db.writing("front") as session:  # and nothing is left locked
        assert drafts.save(session, row(draft, 2), NOW)


def test_a_silo_that_is_locked_is_unavailable_and_comes_back(db: Databases) -> None:
    draft = uuid4()
    begin(db, draft)
    event.listen(
        db.engine("front"), "connect", lambda connection, _record: connection.execute("PRAGMA busy_timeout=0")
    )
    db.dispose()
    with db.writing("front") as session:
        session.execute(text("SELECT 1"))
        with pytest.raises(SiloUnavailable) as outage, db.noting("front") as plain:
            drafts.note(plain, row(draft, 2))
        assert kept(db, draft)[1] == row(draft)
    assert outage.value.silo == "front"
    with db.noting("front") as plain:
        assert drafts.note(plain, row(draft, 2))


def test_a_silo_that_is_not_there_is_unavailable(tmp_path: Path) -> None:
    gone = Databases({"front": f"sqlite:///{tmp_path}/nowhere/front.sqlite"})
    with pytest.raises(SiloUnavailable), gone.glancing("front") as plain:
        drafts.load(plain, uuid4(), NOW)
    gone.dispose()


def test_a_statement_that_is_wrong_is_a_fault_of_ours_not_an_outage(db: Databases) -> None:
    draft = uuid4()
    begin(db, draft)
    twice = text("INSERT INTO drafts SELECT * FROM drafts")
    with pytest.raises(Exception, match="UNIQUE") as fault, db.noting("front") as plain:
        plain.execute(twice)
    assert not isinstance(fault.value, SiloUnavailable)


def test_a_statement_is_made_ready_once(db: Databases) -> None:
    question = text("SELECT 1")
    for _ in range(3):
        with db.glancing("front") as plain:
            assert plain.execute(question).first() == (1,)
            ready = plain._ready[question]
    with db.glancing("front") as plain:
        assert plain._ready[question] is ready
