"""One house for all these stories, emptied before each; patients before it; and somebody else who arrives."""

from collections.abc import Callable, Iterator

import pytest
from flask import Flask

from app.front.models import Base as FrontBase
from app.front.models import PublishedDirectory, PublishedProfile
from app.vault.models import Base as KeysBase
from tests.factories.house import MONDAY, House, build_house
from tests.factories.patient import Patient

Arrives = Callable[[], Patient]

_PUBLISHED = {PublishedDirectory.__tablename__, PublishedProfile.__tablename__}


@pytest.fixture(scope="session")
def built_house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A house that stands for the whole run: building one takes longer than a story."""
    built = build_house(tmp_path_factory.mktemp("house"))
    yield built
    built.db.dispose()


@pytest.fixture(scope="session")
def open_app(built_house: House) -> Flask:
    """Its patient zone, whose templates are compiled once."""
    return built_house.patient_app()


@pytest.fixture
def house(built_house: House) -> House:
    """The house on Monday morning, nobody having come yet."""
    built_house.clock.now = MONDAY
    with built_house.db.writing("front") as session:
        for table in reversed(FrontBase.metadata.sorted_tables):
            if table.name not in _PUBLISHED:
                session.execute(table.delete())
    with built_house.db.writing("keys") as session:
        for table in reversed(KeysBase.metadata.sorted_tables):
            session.execute(table.delete())
    return built_house


@pytest.fixture
def app(house: House, open_app: Flask) -> Flask:
    """The patient zone of the house."""
    return open_app


@pytest.fixture
def patient(app: Flask) -> Patient:
    """Somebody before the patient zone."""
    return Patient(app)


@pytest.fixture
def another(app: Flask) -> Arrives:
    """Let somebody else arrive, or the same person on another device."""
    return lambda: Patient(app)
