"""A house of its own for each story, and patients before it."""

from collections.abc import Callable

import pytest
from flask import Flask

from tests.factories.house import House
from tests.factories.patient import Patient

Arrives = Callable[[], Patient]


@pytest.fixture
def app(house: House) -> Flask:
    """The patient zone of the house."""
    return house.patient_app()


@pytest.fixture
def patient(app: Flask) -> Patient:
    """Somebody before the patient zone."""
    return Patient(app)


@pytest.fixture
def another(app: Flask) -> Arrives:
    """Let somebody else arrive, or the same person on another device."""
    return lambda: Patient(app)
