"""Debian's Firefox ESR against a real server. Missing Firefox is said and skipped."""

import shutil
from collections.abc import Iterator

import pytest

from tests.factories.served import Served, serve

FIREFOX = shutil.which("firefox-esr") or shutil.which("firefox")


@pytest.fixture(scope="session")
def firefox_path() -> str:
    """Where Firefox is; the test is skipped on a machine without it."""
    if FIREFOX is None:
        pytest.skip("Firefox is not installed on this machine (Debian's package firefox-esr)")
    return FIREFOX


@pytest.fixture(scope="module")
def tls_zone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The patient zone over TLS, with an invented clinic."""
    with serve(tmp_path_factory.mktemp("tls"), tls=True, zones=("patient", "worker")) as served:
        yield served
