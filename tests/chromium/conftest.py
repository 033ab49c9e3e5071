"""A real Chromium, JavaScript off, against real servers. Missing Chromium is said and skipped."""

import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Playwright, sync_playwright

from tests.factories.clinic_gallery import clinic_gallery
from tests.factories.gallery import patient_gallery
from tests.factories.house import build_house
from tests.factories.served import Served, serve
from tests.factories.staffed import open_clinic, staff

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


@pytest.fixture(scope="session")
def driver() -> Iterator[Playwright]:
    """What drives browsers, started once."""
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="module")
def chromium(driver: Playwright, chromium_path: str) -> Iterator[Browser]:
    """A headless browser; each test opens contexts of its own in it."""
    browser = driver.chromium.launch(executable_path=chromium_path, args=ARGUMENTS)
    yield browser
    browser.close()


@pytest.fixture
def keeping(driver: Playwright, chromium_path: str) -> Callable[..., BrowserContext]:
    """Open a browser that keeps its profile in a folder, as a person's does. It may reopen its last tabs."""

    def opened(profile: Path, *, scripts: bool = False, reopening: bool = False) -> BrowserContext:
        return driver.chromium.launch_persistent_context(
            str(profile),
            executable_path=chromium_path,
            args=[*ARGUMENTS, *(["--restore-last-session"] if reopening else [])],
            ignore_default_args=["--no-startup-window"] if reopening else None,
            java_script_enabled=scripts,
            ignore_https_errors=True,
            locale="fr-FR",
        )

    return opened


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
def patient_pages(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Mapping[str, str]]:
    """Return every patient page's HTML, in the look that the header's switches were pressed for; drawn once."""
    drawn: dict[tuple[str, ...], Mapping[str, str]] = {}

    def in_look(*look: str) -> Mapping[str, str]:
        if look not in drawn:
            house = build_house(tmp_path_factory.mktemp("gallery"))
            drawn[look] = patient_gallery(house, look)
            house.db.dispose()
        return drawn[look]

    return in_look


@pytest.fixture(scope="session")
def clinic_pages(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """Return the HTML of every page of the clinic, drawn once."""
    house = build_house(tmp_path_factory.mktemp("clinic"))
    staff(house)
    pages = clinic_gallery(open_clinic(house))
    house.db.dispose()
    return pages


@pytest.fixture(scope="session")
def pictures(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where screenshots go: to `docs/pictures` with --pictures, else nowhere that stays."""
    if request.config.getoption("--pictures"):
        PICTURES.mkdir(exist_ok=True)
        return PICTURES
    return tmp_path_factory.mktemp("pictures")
