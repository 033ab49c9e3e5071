"""A staffed clinic for each test."""

import pytest

from tests.factories.house import House
from tests.factories.staffed import Staffed, staffed_house


@pytest.fixture
def clinic(house: House) -> Staffed:
    """Return a clinic whose invented staff can sign in, without a patient."""
    return staffed_house(house)
