"""A page in the colours of the reader's system, without movement, and on paper."""

from collections.abc import Callable, Iterator, Mapping

import pytest
from playwright.sync_api import Browser, Page

from tests.factories.layout import a_window

pytestmark = pytest.mark.browser

Patients = Callable[..., Mapping[str, str]]
PAGES = ("/", "step 1", "step 6, errors", "space, booked")
_EDGELESS = """() => [
  ...document.querySelectorAll('button:not(.vh,.sw),.btn,.opt:not(.no),.in,.card,.err')
].filter(one => {
  const style = getComputedStyle(one);
  return parseFloat(style.borderTopWidth) < 1 || style.borderTopStyle === 'none'
    || style.borderTopColor === getComputedStyle(document.body).backgroundColor;
}).map(one => one.outerHTML.slice(0, 80))"""
"""What has no edge of its own, once the system has taken the colours away."""
_LINKS_UNMARKED = """() => [...document.querySelectorAll('main a:not(.btn),.sw,footer a')]
  .filter(one => getComputedStyle(one).textDecorationLine !== 'underline').map(one => one.outerHTML.slice(0, 80))"""
_MOVING = """() => [...document.querySelectorAll('button,.btn,.opt')]
  .filter(one => /[1-9]/.test(getComputedStyle(one).transitionDuration)).length"""
_FOCUS = "() => getComputedStyle(document.activeElement).outlineStyle"


@pytest.fixture
def window(chromium: Browser) -> Iterator[Page]:
    """A telephone."""
    page = a_window(chromium, 412)
    yield page
    page.context.close()


@pytest.mark.parametrize("name", PAGES)
def test_everything_keeps_an_edge_in_the_colours_of_the_system(
    window: Page, patient_pages: Patients, name: str
) -> None:
    window.emulate_media(forced_colors="active")
    window.set_content(patient_pages()[name])
    assert window.evaluate("matchMedia('(forced-colors:active)').matches")
    assert window.evaluate(_EDGELESS) == []
    assert window.evaluate(_LINKS_UNMARKED) == []
    window.keyboard.press("Tab")
    assert window.evaluate(_FOCUS) != "none"


def test_a_button_without_an_edge_is_seen(window: Page, patient_pages: Patients) -> None:
    window.emulate_media(forced_colors="active")
    window.set_content(
        patient_pages()["/"].replace("</head>", "<style>.btn{border:0}a{text-decoration:none}</style></head>")
    )
    assert window.evaluate(_EDGELESS)
    assert window.evaluate(_LINKS_UNMARKED)


def test_nothing_moves_for_who_asked_so(window: Page, patient_pages: Patients) -> None:
    window.emulate_media(reduced_motion="no-preference")
    window.set_content(patient_pages()["step 1"])
    assert window.evaluate(_MOVING), "somebody else sees a colour change softly"
    window.emulate_media(reduced_motion="reduce")
    assert window.evaluate(_MOVING) == 0


@pytest.mark.parametrize("name", PAGES)
def test_paper_holds_what_was_asked_for_and_nothing_around_it(
    window: Page, patient_pages: Patients, name: str
) -> None:
    window.set_content(patient_pages()[name])
    around = (".brand", ".x", ".strip", ".trust", "footer")
    assert all(window.is_visible(part) for part in around)
    window.emulate_media(media="print")
    assert [part for part in around if window.is_visible(part)] == []
    assert window.is_visible("h1")
    assert "Mon espace" not in window.inner_text("body")
