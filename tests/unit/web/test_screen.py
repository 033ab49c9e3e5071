"""What a person sees, in a real browser: nothing overlaps, nothing overflows, the exit blanks the page."""

import threading
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page, sync_playwright
from werkzeug.serving import make_server

from tests.unit.web.conftest import MakeApp

pytestmark = pytest.mark.browser

PATHS = ("/", "/confiance", "/delais", "/urgence", "/aide", "/navigateur", "/bonjour")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"]
TARGETS = "a[href]:not(.skip), button, input:not([type=hidden]), summary"
COVERED = """targets => [...document.querySelectorAll(targets)].filter(e => {
    e.scrollIntoView({block: 'nearest'});
    const r = e.getClientRects()[0], over = document.elementFromPoint(r.x + r.width / 2, r.y + r.height / 2);
    return !(e === over || e.contains(over) || over?.contains(e) && !over.matches('.strip, .x'));
}).map(e => e.outerHTML.slice(0, 80))"""
SMALL = """() => [...document.querySelectorAll('button, .btn, .brand, header a')].filter(e =>
    e.getBoundingClientRect().height < 48 || e.getBoundingClientRect().width < 48).map(e => e.outerHTML)"""


@pytest.fixture(scope="module")
def chromium() -> Iterator[Chromium]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def address(make_app: MakeApp) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, make_app(tls=False), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("width", [320, 390, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_overflows_is_covered_or_too_small(
    chromium: Chromium, address: str, width: int, scheme: str
) -> None:
    context = chromium.new_context(viewport={"width": width, "height": 700})
    page = context.new_page()
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    for path in PATHS:
        page.goto(address + path)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
        assert page.evaluate(COVERED, TARGETS) == [], path
        assert page.evaluate(SMALL) == [], path
    context.close()


def test_the_exit_blanks_the_page_before_the_server_answers(chromium: Chromium, address: str) -> None:
    context = chromium.new_context(java_script_enabled=False, viewport={"width": 390, "height": 700})
    page = context.new_page()
    page.goto(f"{address}/aide")
    page.route("**/x", lambda route: route.fulfill(status=204))  # no answer to show: the page stays
    box = page.get_by_role("button", name="Quitter vite").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 10, box["y"] + 10)
    page.mouse.down()
    assert not _readable(page), "the press itself"
    page.mouse.up()
    assert page.url == f"{address}/aide"
    assert not _readable(page), "the wait after it"
    context.close()


def test_tabbing_over_the_exit_blanks_nothing(chromium: Chromium, address: str) -> None:
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{address}/aide")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    assert page.locator("button.x:focus").count() == 1
    assert _readable(page)
    context.close()


def test_the_exit_leads_to_a_page_that_says_nothing(chromium: Chromium, address: str) -> None:
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{address}/aide")
    page.get_by_role("button", name="Quitter vite").click()
    assert page.url == f"{address}/bonjour"
    assert page.locator("main").inner_text().split() == ["Bonjour", "Mardi", "24", "novembre"]
    context.close()


@pytest.mark.parametrize(("scheme", "ground"), [("light", "rgb(243, 243, 242)"), ("dark", "rgb(17, 22, 28)")])
def test_the_discreet_screen_has_no_colour(chromium: Chromium, address: str, scheme: str, ground: str) -> None:
    context = chromium.new_context()
    page = context.new_page()
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    page.goto(address)
    page.get_by_role("button", name="Écran discret").click()
    switch = page.get_by_role("button", name="Écran normal")
    assert switch.evaluate("e => getComputedStyle(e).backgroundColor") == "rgba(0, 0, 0, 0)"
    style = "getComputedStyle(document.documentElement)"
    assert page.evaluate(f"{style}.backgroundColor") == ground
    assert page.evaluate(f"{style}.filter") == ("grayscale(1)" if scheme == "dark" else "none")
    context.close()


def _readable(page: Page) -> bool:
    return page.locator("h1").is_visible() or page.locator("header").is_visible()
