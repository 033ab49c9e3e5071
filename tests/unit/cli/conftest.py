"""An installation for the tests of commands that look at one, and a room for those of custody."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from app.cli.setup import set_up
from tests.factories.installed import copied
from tests.unit.cli.custody import Room, after_ceremony, make_room

if TYPE_CHECKING:
    from tests.factories.house import House
    from tests.unit.cli.copies import Copied


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


@pytest.fixture
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A private folder for copies of a keystore, outside everything."""
    made = tmp_path_factory.mktemp("copies")
    made.chmod(0o700)
    return made


@pytest.fixture(name="copied")
def copied_house(house: "House", folder: Path) -> "Copied":
    """A house on SQLite with that folder."""
    from tests.unit.cli.copies import Copied  # here, so that a test of a room needs no house
    from tests.unit.cli.custody import People

    return Copied(house, folder, People())
