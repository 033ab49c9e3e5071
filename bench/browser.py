"""A journey in headless Chromium on a slow line: seconds from each click to the next page's button in sight.

The line is Chromium's own emulation, which delays each request once: no name look-up, no handshake, no slow
start. JavaScript is off, each run has a new profile, and the server is the production one with its time grid.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import mean, median

from playwright.sync_api import CDPSession, Locator, Page, ViewportSize, sync_playwright

from app.booking.journey import Funnel
from app.web.cookie import parse
from bench.answers import acts, form_at
from bench.figures import Figure, Section
from bench.installation import an_installation
from bench.processes import require
from bench.servers import paravent_serve

TITLE = "eight steps in Chromium, JavaScript off, time grid on: seconds from click to the next page usable"
BAR_SECONDS = 1.15
PEER = "1.16 s SecureDrop"
STEPS = 8
RUNS = 3
_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
]
_VIEWPORT: ViewportSize = {"width": 390, "height": 844}
_WAIT_MS = 30_000
_CONFIRMED = "body:not(:has(#f)) h1"
"""The heading of a page that is no step of the funnel."""
_NEVER_TYPED = ("k", "go")


@dataclass(frozen=True, slots=True)
class Line:
    """A slow connection, as Chromium emulates it."""

    latency_ms: int
    down_kb: int
    up_kb: int

    def __str__(self) -> str:
        """Name it as the peers' figures do."""
        return f"{self.latency_ms} ms, {self.down_kb} KB/s"


SLOW, MIDDLING = Line(400, 50, 25), Line(150, 200, 100)


@dataclass(frozen=True, slots=True)
class Timing:
    """One journey: the first page's seconds, each step's seconds, and how many requests the browser made."""

    opening: float
    steps: tuple[float, ...]
    requests: int


def measure(runs: int = RUNS) -> Section:
    """Measure both lines. Raises ProgramMissing."""
    chromium = require("chromium", "chromium")
    with an_installation() as installation:
        funnel = installation.funnel()
        act = next(iter(acts(funnel).values()))
        with paravent_serve(installation.folder, installation.environ()) as port:
            address = f"http://127.0.0.1:{port}"
            slow = [_journey(chromium, address, funnel, act, SLOW) for _ in range(runs)]
            middling = [_journey(chromium, address, funnel, act, MIDDLING) for _ in range(runs)]
    return Section(TITLE, (*_figures(SLOW, slow), *_figures(MIDDLING, middling)))


def _figures(line: Line, timings: list[Timing]) -> Iterator[Figure]:
    per_step = [median(timing.steps[step] for timing in timings) for step in range(STEPS)]
    bar, peer = (BAR_SECONDS, PEER) if line is SLOW else (None, "")
    spread = sorted(mean(timing.steps) for timing in timings)
    note = f"runs {spread[0]:.2f} to {spread[-1]:.2f}; {timings[0].requests} requests in a journey"
    yield Figure(f"{line}: a step, mean of eight", mean(per_step), "s", at_most=bar, peer=peer, note=note)
    yield Figure(f"{line}: first page", median(timing.opening for timing in timings), "s")
    for number, seconds in enumerate(per_step, 1):
        yield Figure(f"{line}: step {number}", seconds, "s")


def _journey(chromium: str, address: str, funnel: Funnel, act: str, line: Line) -> Timing:
    with _page(chromium) as (page, network):
        requests: list[str] = []
        page.on("request", lambda request: requests.append(request.method))
        network.send("Network.enable")
        network.send("Network.emulateNetworkConditions", _conditions(line))
        opening = _seconds(lambda: page.goto(f"{address}/r/01", wait_until="commit"), _button(page, 1))
        steps = []
        for number in range(1, STEPS + 1):
            _fill(page, form_at(funnel, _token(page), number, act))
            following = page.locator(_CONFIRMED) if number == STEPS else _button(page, number + 1)
            steps.append(_seconds(_click(page, _button(page, number)), following))
            page.wait_for_load_state()
        return Timing(opening, tuple(steps), len(requests))


@contextmanager
def _page(chromium: str) -> Iterator[tuple[Page, CDPSession]]:
    """Open a browser with a new profile, and its network."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=_ARGUMENTS)
        try:
            context = browser.new_context(java_script_enabled=False, viewport=_VIEWPORT)
            page = context.new_page()
            page.set_default_timeout(_WAIT_MS)
            yield page, context.new_cdp_session(page)
        finally:
            browser.close()


def _seconds(act: Callable[[], object], awaited: Locator) -> float:
    started = time.perf_counter()
    act()
    awaited.wait_for(state="visible")
    return time.perf_counter() - started


def _click(page: Page, button: Locator) -> Callable[[], None]:
    """Bring a button into view, and return the bare click on it: the aim is not timed."""
    button.scroll_into_view_if_needed()
    box = button.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    return lambda: page.mouse.click(x, y)


def _button(page: Page, number: int) -> Locator:
    """Return the visible button that answers a page."""
    return page.locator(f'form[action="/r/{number:02d}"] .row button[name="go"][value="01"]')


def _fill(page: Page, form: dict[str, str]) -> None:
    """Choose and type what a patient would. What the page folds away is opened first."""
    for name, value in form.items():
        fields = page.locator(f'#f [name="{name}"]')
        if name in _NEVER_TYPED or not value or fields.count() == 0:
            continue
        kind = fields.first.get_attribute("type")
        if kind == "radio":
            page.locator(f'#f [name="{name}"][value="{value}"]').check(force=True)
        elif kind in ("text", "tel", "email"):
            fields.first.fill(value)


def _token(page: Page) -> bytes:
    cookie = next(one for one in page.context.cookies() if one["name"] == "p")
    token = parse(cookie["value"]).token
    assert token is not None
    return token


def _conditions(line: Line) -> dict[str, object]:
    return {
        "offline": False,
        "latency": line.latency_ms,
        "downloadThroughput": line.down_kb * 1000,
        "uploadThroughput": line.up_kb * 1000,
    }
