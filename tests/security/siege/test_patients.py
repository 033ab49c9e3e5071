"""The patient's journey with the patient zone's own logins: stories told elsewhere on files, told here again."""

import pytest

from tests.journeys.patient.test_return import *  # noqa: F403 - every story of words
from tests.journeys.patient.test_sending_again import *  # noqa: F403 - every story of sending
from tests.journeys.patient.test_space import *  # noqa: F403 - every story of the space

pytestmark = pytest.mark.postgres
