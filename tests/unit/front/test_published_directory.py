"""The directory in force: the newest version, read once, and never one that contradicts itself."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from app.db import Databases
from app.front.published_directory import DirectoryFaults, NoDirectory, current_directory, publish_directory
from tests.factories.directory import large_clinic, named, small_clinic
from tests.factories.front_silo import on_sqlite

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)


@contextmanager
def _statements(db: Databases) -> Iterator[list[str]]:
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if statement.startswith("SELECT"):
            seen.append(statement)

    event.listen(db.engine("front"), "before_cursor_execute", note)
    yield seen
    event.remove(db.engine("front"), "before_cursor_execute", note)


def _current(db: Databases) -> Any:
    with db.reading("front") as session:
        return current_directory(session)


def test_without_a_directory_it_says_so(db: Databases) -> None:
    with pytest.raises(NoDirectory):
        _current(db)


def test_the_newest_is_in_force_and_the_same_again_is_no_new_version(db: Databases) -> None:
    with db.writing("front") as session:
        assert publish_directory(session, small_clinic(), NOW) == 1
        assert publish_directory(session, large_clinic(), NOW) == 2
        assert publish_directory(session, large_clinic(), NOW) == 2
    assert _current(db) == large_clinic().model_copy(update={"version": 2})


def test_a_body_is_read_once_for_a_version(db: Databases) -> None:
    with db.writing("front") as session:
        publish_directory(session, small_clinic(), NOW)
    first = _current(db)
    with _statements(db) as seen:
        assert _current(db) is first
    assert len(seen) == 1
    assert "body" not in seen[0]


def test_two_databases_of_one_process_are_not_mixed_up(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    with on_sqlite(tmp_path / "a") as one, on_sqlite(tmp_path / "b") as other:
        for db, directory in ((one, small_clinic()), (other, large_clinic())):
            with db.writing("front") as session:
                publish_directory(session, directory, NOW)
        assert len(_current(one).practitioners) == 1
        assert len(_current(other).practitioners) == 5


def test_a_publication_rolled_back_is_forgotten(db: Databases) -> None:
    with db.reading("front") as session:
        publish_directory(session, small_clinic(), NOW)
        assert current_directory(session).version == 1
    with db.writing("front") as session:
        publish_directory(session, large_clinic(), NOW.replace(hour=10))
    assert len(_current(db).practitioners) == 5


def test_every_fault_is_named_at_once(db: Databases) -> None:
    good = small_clinic()
    hours = good.hours[0]
    broken = good.model_copy(
        update={
            "sites": (good.sites[0].model_copy(update={"timezone": "Europe/Nowhere"}),),
            "rooms": (good.rooms[0].model_copy(update={"site": named("gone")}), good.rooms[0]),
            "hours": (
                hours.model_copy(update={"practitioner": named("nobody"), "site": named("gone"), "weekday": 7}),
                hours.model_copy(update={"starts_minute": 600, "ends_minute": 600}),
                hours.model_copy(update={"valid_from": date(2026, 2, 1), "valid_until": date(2026, 1, 1)}),
            ),
            "rules": good.rules.model_copy(
                update={"notice_hours": -1, "horizon_days": 0, "call_ends_minute": good.rules.call_starts_minute}
            ),
        }
    )
    with db.writing("front") as session, pytest.raises(DirectoryFaults) as refused:
        publish_directory(session, broken, NOW)
    assert len(refused.value.faults) == 11
    with pytest.raises(NoDirectory):
        _current(db)
