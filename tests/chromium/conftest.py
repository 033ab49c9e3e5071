"""A real Chromium, JavaScript off, against real servers. Missing Chromium is said and skipped."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.factories.served import Served, serve

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PICTURES = Path(__file__).resolve().parents[2] / "docs" / "pictures"


@pytest.fixture(scope="session")
def chromium_path() -> str:
    """Where Chromium is; the test is skipped on a machine without it."""
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed on this machine (Debian's package chromium)")
    return CHROMIUM


@pytest.fixture(scope="module")
def chromium(chromium_path: str) -> Iterator[Browser]:
    """A headless browser; each test opens contexts of its own in it."""
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium_path, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def patient_zone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The patient zone over http, with an invented clinic."""
    with serve(tmp_path_factory.mktemp("served"), zones=("patient", "worker")) as served:
        yield served


@pytest.fixture(scope="module")
def demonstration(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The three processes over http, with the demonstration clinic."""
    with serve(tmp_path_factory.mktemp("demo"), demo=True, zones=("patient", "clinic", "worker")) as served:
        yield served


@pytest.fixture(scope="session")
def pictures(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where screenshots go: to `docs/pictures` with --pictures, else nowhere that stays."""
    if request.config.getoption("--pictures"):
        PICTURES.mkdir(exist_ok=True)
        return PICTURES
    return tmp_path_factory.mktemp("pictures")
