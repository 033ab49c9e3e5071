"""A language that reads from right to left, tried: nothing scrolls sideways, all is mirrored, numbers are not."""

import threading
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page
from werkzeug.serving import make_server

from app.web.languages import SOURCE
from tests.factories.house import build_house
from tests.factories.mirrored import MIRRORED, add_mirrored_language, forget_mirrored_language
from tests.factories.patient_in_browser import Patient

WIDTHS = (320, 1280)
PUBLIC = ("/", "/confiance", "/delais", "/urgence", "/aide", "/navigateur", "/retour")


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where the patient zone answers, a language that reads from right to left on its list."""
    folder = tmp_path_factory.mktemp("mirrored")
    with pytest.MonkeyPatch.context() as patch:
        add_mirrored_language(patch, folder / "translations")
        house = build_house(folder)
        server = make_server("localhost", 0, house.patient_app(), threaded=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://localhost:{server.port}"
        server.shutdown()
        thread.join()
        house.db.dispose()
    forget_mirrored_language()


@pytest.fixture(params=WIDTHS)
def page(request: pytest.FixtureRequest, chromium: Browser, address: str) -> Iterator[Page]:
    """A page of a screen of this width, the language chosen in the header's menu."""
    context = chromium.new_context(
        java_script_enabled=True, viewport={"width": request.param, "height": 740}, locale="fr-FR"
    )
    opened = context.new_page()
    opened.goto(f"{address}/")
    assert opened.get_attribute("html", "dir") is None
    opened.click("header summary")
    opened.click(f'button[value="l{MIRRORED.letter}"]')
    yield opened
    context.close()


def assert_mirrored(page: Page) -> None:
    """Check what is true of every page in this language."""
    assert page.get_attribute("html", "dir") == "rtl"
    assert page.get_attribute("html", "lang") == MIRRORED.code
    wide = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    assert wide[0] <= wide[1], f"{page.url} scrolls sideways: {wide}"
    assert "مرحبا" in page.inner_text("main")


def left_and_right(page: Page, selector: str) -> tuple[float, float]:
    """Return the room left and right of an element."""
    box = page.locator(selector).first.bounding_box()
    assert box is not None
    width: int = page.evaluate("document.documentElement.clientWidth")
    return box["x"], width - box["x"] - box["width"]


def test_public_pages_are_mirrored_and_never_scroll_sideways(page: Page, address: str) -> None:
    for path in PUBLIC:
        page.goto(f"{address}{path}")
        assert_mirrored(page)
        left, right = left_and_right(page, "button.x")
        assert left < right, "the quick exit is on the side where lines end"
        left, right = left_and_right(page, ".brand")
        assert right < left, "the name is on the side where lines begin"


def test_a_journey_is_mirrored_and_numbers_are_not(page: Page, address: str) -> None:
    patient = Patient(page, address)
    patient.begins()
    assert_mirrored(page)
    left, right = left_and_right(page, ".opt input")
    assert right < left, "a choice's button stands before its words"
    patient.needs("0101")
    assert_mirrored(page)
    assert page.eval_on_selector("#age", "one => getComputedStyle(one).direction") == "ltr"
    page.click('main .row button[name=go][value="01"]')
    assert_mirrored(page)
    side = page.eval_on_selector(".bad", "one => getComputedStyle(one).borderRightWidth")
    assert side == "4px", "a fault is marked where lines begin"
    patient.is_aged(34)
    patient.refuses_extras()
    patient.would_rather_speak()
    assert_mirrored(page)
    patient.takes_the_first_slot()
    assert_mirrored(page)
    for field in ("#phone", "#email"):
        assert page.eval_on_selector(field, "one => getComputedStyle(one).direction") == "ltr"
    patient.is_called("Zoé", "06 39 98 00 12")
    assert_mirrored(page)
    patient.reads_the_fees()
    assert_mirrored(page)


def test_the_menu_leads_back_to_the_source_language(page: Page, address: str) -> None:
    page.click("header summary")
    page.click(f'button[value="l{SOURCE.letter}"]')
    assert page.get_attribute("html", "lang") == SOURCE.code
    assert page.get_attribute("html", "dir") is None
