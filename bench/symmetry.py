"""Is it as easy to refuse as to accept? Both choices measured in Chromium, on three screens and at two widths.

Measured: that both are of one kind, their areas, the contrast of their words, how many presses each takes, and
whether one is taken beforehand. JavaScript runs for the measuring alone.
"""

import gzip
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from playwright.sync_api import Browser, Page, sync_playwright

from app.web.stylesheet import stylesheet
from bench.answers import acts
from bench.figures import Figure, Section
from bench.installation import an_installation
from bench.processes import require
from bench.servers import paravent_serve
from bench.weight import walk
from bench.wire import Answer

TITLE = "to accept and to refuse: the optional consent, measured on the page that asks it"
MOST_AREA, MOST_CONTRAST = 2.0, 0.0
"""The most that two choices may differ in: in per cent of area, in contrast."""
ACCEPT, REFUSE = 'input[name="decision"][value="01"]', 'input[name="decision"][value="02"]'
_WIDTHS = (320, 1280)
_WHO = 2
"""The place, among a journey's pages, of the one that asks."""
_MEASURE = """selector => {
  const pressed = document.querySelector(selector), one = pressed.closest('label') || pressed;
  const light = colour => {
    const [r, g, b] = colour.match(/[\\d.]+/g).map(Number).map(c => c / 255)
      .map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  let behind = one;
  while (/rgba\\(.*, 0\\)/.test(getComputedStyle(behind).backgroundColor)) behind = behind.parentElement;
  const colours = [getComputedStyle(one).color, getComputedStyle(behind).backgroundColor];
  const two = colours.map(light).sort((a, b) => b - a);
  const box = one.getBoundingClientRect();
  const presses = 1 + (one.closest('details:not([open])') ? 1 : 0);
  return [pressed.tagName + '.' + one.className, box.width * box.height, (two[0] + 0.05) / (two[1] + 0.05), presses,
    pressed.checked === true];
}"""

Scheme = Literal["light", "dark"]


class AnswerMissing(Exception):
    """The page asked for nothing to accept or refuse."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One choice as it is drawn: its kind, area, contrast, its presses, and if it is taken already."""

    kind: str
    area: float
    contrast: float
    presses: int
    taken: bool


@dataclass(frozen=True, slots=True)
class Pair:
    """Two choices that ought to be alike."""

    accept: Choice
    refuse: Choice

    @property
    def area_percent(self) -> float:
        """How much larger the larger one is."""
        areas = sorted((self.accept.area, self.refuse.area))
        return 100 * (areas[1] / areas[0] - 1)

    @property
    def contrast(self) -> float:
        """How far apart the contrasts of their words are."""
        return abs(self.accept.contrast - self.refuse.contrast)

    @property
    def alike(self) -> bool:
        """Whether neither is easier, larger or louder, and none is taken beforehand."""
        same = self.accept.kind == self.refuse.kind and self.accept.presses == self.refuse.presses
        free = not self.accept.taken and not self.refuse.taken
        return same and free and self.area_percent <= MOST_AREA and self.contrast <= MOST_CONTRAST


def compare(page: Page, html: str, accept: str, refuse: str) -> Pair:
    """Measure two choices of a page by their selectors. Raises AnswerMissing."""
    page.set_content(html)
    if page.query_selector(accept) is None or page.query_selector(refuse) is None:
        raise AnswerMissing(accept)
    first, second = (Choice(*page.evaluate(_MEASURE, selector)) for selector in (accept, refuse))
    return Pair(first, second)


def measure() -> Section:
    """Walk a journey of each profile, and measure the page that asks. Raises ProgramMissing."""
    chromium = require("chromium", "chromium")
    with (
        an_installation({"GRID_MS": "0", "WORDS_GRID_MS": "0"}) as installation,
        paravent_serve(installation.folder, installation.environ()) as port,
    ):
        funnel = installation.funnel()
        asked = {profile: _page_of(walk(port, funnel, act), _WHO) for profile, act in acts(funnel).items()}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        figures = [figure for profile, html in asked.items() for figure in _figures(browser, profile, html)]
        browser.close()
    return Section(TITLE, tuple(figures))


def _page_of(answers: list[Answer], place: int) -> str:
    bodies = [answer.body for answer in answers if answer.body]
    return gzip.decompress(bodies[place]).decode()


def _figures(browser: Browser, profile: str, html: str) -> Iterator[Figure]:
    screens: tuple[tuple[str, Scheme, str], ...] = (
        ("light", "light", html),
        ("dark", "dark", html),
        ("muted", "light", html.replace(stylesheet(), stylesheet(muted=True))),
    )
    for name, scheme, shown in screens:
        for width in _WIDTHS:
            window = browser.new_context(
                viewport={"width": width, "height": 800}, color_scheme=scheme, reduced_motion="reduce"
            )
            yield _figure(f"{profile}, {name}, {width} px", window.new_page(), shown)
            window.close()


def _figure(name: str, page: Page, html: str) -> Figure:
    try:
        pair = compare(page, html, ACCEPT, REFUSE)
    except AnswerMissing:
        return Figure(name, None, note="nothing optional is asked here")
    note = (
        f"{pair.accept.kind} and {pair.refuse.kind}; {pair.accept.area:.0f} and {pair.refuse.area:.0f} px²; "
        f"contrast {pair.accept.contrast:.1f} and {pair.refuse.contrast:.1f}; "
        f"presses {pair.accept.presses} and {pair.refuse.presses}; "
        f"{'one is taken beforehand' if pair.accept.taken or pair.refuse.taken else 'none taken beforehand'}"
    )
    return Figure(name, pair.area_percent if pair.alike else 100.0, "%", at_most=MOST_AREA, note=note)
