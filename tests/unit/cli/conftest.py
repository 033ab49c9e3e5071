"""An installation for the tests of commands that look at one."""

from pathlib import Path

import pytest

from app.cli.setup import set_up
from tests.factories.installed import copied


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An installation, to be copied."""
    return set_up({"PARAVENT_VAR": str(tmp_path_factory.mktemp("made") / "var")}).var


@pytest.fixture
def var(made: Path, tmp_path: Path) -> Path:
    """An installation that a test may break."""
    return copied(made, tmp_path / "var")
