"""With what a browser of 2016 makes of our stylesheet, every page of the journey still works and looks whole."""

from collections.abc import Callable, Iterator, Mapping

import pytest
from playwright.sync_api import Browser, Page

from tests.factories.layout import a_window, cut
from tests.factories.old_browsers import as_in_2016

pytestmark = pytest.mark.browser

Patients = Callable[..., Mapping[str, str]]
JOURNEY = (
    "/",
    *(f"step {number}" for number in range(1, 9)),
    "step 6, errors",
    "slot, by wishes",
    "slot, call us",
    "space, booked",
    "space, proposed",
    "/retour",
    "404",
)
_UNDER = """() => [...document.querySelectorAll('main .row > *, main .sw, footer a, .x')].filter(one => {
  if (!one.getClientRects().length || one.closest('details:not([open])')) return false;
  one.scrollIntoView({block: 'center'});
  const box = one.getBoundingClientRect();
  const over = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
  return box.height < 48 || !one.contains(over);
}).map(one => one.outerHTML.slice(0, 90))"""
"""What can be pressed but is too low, or lies under something, wherever one scrolls."""
_EXIT = """() => [0, 1e6].map(y => {
  scrollTo(0, y);
  const box = document.querySelector('.x').getBoundingClientRect();
  return box.top >= 0 && box.bottom <= innerHeight && box.left >= 0 && box.right <= innerWidth;
})"""
"""Whether the exit is in the window at the top of the page, and at its end."""


@pytest.fixture(params=[320, 1280])
def window(chromium: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A telephone and a large screen."""
    page = a_window(chromium, request.param, 640)
    yield page
    page.context.close()


def lost(window: Page, html: str) -> list[str]:
    """Return what is cut, too low, covered or out of the window on a page."""
    found = cut(window, html) + list(window.evaluate(_UNDER))
    return found if window.evaluate(_EXIT) == [True, True] else [*found, "the exit is out of the window"]


@pytest.mark.parametrize("look", [(), ("sm",)], ids=["normal", "discreet"])
def test_a_browser_of_2016_loses_nothing(window: Page, patient_pages: Patients, look: tuple[str, ...]) -> None:
    pages = patient_pages(*look)
    found = {name: lost(window, as_in_2016(pages[name])) for name in JOURNEY}
    assert {name: what for name, what in found.items() if what} == {}


def test_its_discreet_screen_is_grey(window: Page, patient_pages: Patients) -> None:
    colour = "getComputedStyle(document.querySelector('.btn')).backgroundColor"
    seen = []
    for look in ((), ("sm",)):
        window.set_content(as_in_2016(patient_pages(*look)["/"]))
        seen.append(window.evaluate(colour))
    assert seen == ["rgb(20, 80, 107)", "rgb(61, 61, 61)"]


def test_an_exit_that_does_not_stay_is_seen(window: Page, patient_pages: Patients) -> None:
    old = as_in_2016(patient_pages()["step 1"])
    assert lost(window, old.replace("position:fixed", "position:static"))
