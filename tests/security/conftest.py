"""What the tests of the log listen with."""

import io
import logging
from collections.abc import Iterator

import pytest

from app.log import AllowListFormatter


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """Everything every logger says, through the formatter of production."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(AllowListFormatter())
    root, level = logging.getLogger(), logging.getLogger().level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield stream
    root.setLevel(level)
    root.removeHandler(handler)
