"""One desk silo for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from argon2 import PasswordHasher, profiles

from app.db import Databases
from app.desk.passwords import Passwords
from tests.factories.desk_silo import desk_silo


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Databases]:
    """Return an empty desk silo."""
    made = desk_silo(tmp_path)
    yield made
    made.dispose()


@pytest.fixture
def passwords() -> Passwords:
    """Return a gate that hashes cheaply."""
    return Passwords(PasswordHasher.from_parameters(profiles.CHEAPEST))
