"""An installation for the tests of commands that look at one, and a room for those of custody."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.cli.setup import set_up
from tests.factories.installed import copied
from tests.unit.cli.custody import Room, after_ceremony, make_room


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An installation, to be copied."""
    return set_up({"PARAVENT_VAR": str(tmp_path_factory.mktemp("made") / "var")}).var


@pytest.fixture
def var(made: Path, tmp_path: Path) -> Path:
    """An installation that a test may break."""
    return copied(made, tmp_path / "var")


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    """A room with an installation that has no custodians yet."""
    made = make_room(tmp_path)
    yield made
    made.table.db.dispose()


@pytest.fixture
def kept(room: Room) -> Room:
    """The same, after a ceremony of 3 of 5."""
    return after_ceremony(room)
