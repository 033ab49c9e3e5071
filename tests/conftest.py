"""What every test may ask for. A fixture is a place to stand; what stands there is made by `tests/factories`."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.factories.house import House


@pytest.fixture
def house(tmp_path: Path) -> "Iterator[House]":
    """A whole installation on SQLite files: silos, keystore, shipped profiles, an invented clinic."""
    from tests.factories.house import build_house  # here, so that a test of one room needs no other

    built = build_house(tmp_path)
    yield built
    built.db.dispose()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the pictures of the README and the tour be made again."""
    parser.addoption("--pictures", action="store_true", help="write screenshots to docs/pictures")
