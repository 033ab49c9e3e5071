"""axe-core finds nothing on any page, patient's or clinic's: three screens, three widths.

`make test` reads every page once on each screen and at each width; `make prove` reads them all on all.
"""

from collections.abc import Callable, Iterable, Mapping

import pytest
from playwright.sync_api import Browser

from tests.factories.axe import Scheme, a_reader, broken_rules

pytestmark = pytest.mark.browser

WIDTHS = (320, 412, 1280)
PATIENT_SCREENS: Mapping[str, tuple[Scheme, tuple[str, ...]]] = {
    "light": ("light", ()),
    "dark": ("dark", ()),
    "muted": ("light", ("sm",)),
}
"""The browser's colour scheme, and what the header's switches were pressed for."""
CLINIC_SCREENS: tuple[Scheme, ...] = ("light", "dark")
PATIENT_DIAGONAL = (("light", 320), ("dark", 412), ("muted", 1280))
CLINIC_DIAGONAL = (("dark", 320), ("light", 1280))
PLANTED = {
    "image-alt": "<img src='data:,'>",
    "label": "<input type=text name=who>",
    "color-contrast": "<p style='color:#bbb;background:#fff'>pale</p>",
    "button-name": "<button></button>",
    "target-size": "<a href='#m' style='font-size:9px'>a</a><a href='#m' style='font-size:9px'>b</a>",
    "heading-order": "<h4>four after one</h4>",
    "list": "<ul><p>no item</p></ul>",
}

Patients = Callable[..., Mapping[str, str]]


def read(chromium: Browser, pages: Mapping[str, str], width: int, scheme: Scheme) -> dict[str, list[str]]:
    """Return what axe finds, by the page's name."""
    reader = a_reader(chromium, width, scheme)
    found = {name: broken_rules(reader, html) for name, html in pages.items()}
    reader.context.close()
    return {name: rules for name, rules in found.items() if rules}


def combinations(screens: Iterable[str], diagonal: tuple[tuple[str, int], ...]) -> list[object]:
    """Return each screen at each width; those outside the diagonal are for `make prove`."""
    return [
        pytest.param(screen, width, marks=[] if (screen, width) in diagonal else pytest.mark.prove)
        for screen in screens
        for width in WIDTHS
    ]


@pytest.mark.parametrize(("screen", "width"), combinations(PATIENT_SCREENS, PATIENT_DIAGONAL))
def test_axe_finds_nothing_on_a_patient_page(
    chromium: Browser, patient_pages: Patients, screen: str, width: int
) -> None:
    scheme, look = PATIENT_SCREENS[screen]
    pages = patient_pages(*look)
    assert len(pages) >= 45
    assert read(chromium, pages, width, scheme) == {}


def test_axe_finds_nothing_on_an_english_page(chromium: Browser, patient_pages: Patients) -> None:
    english = patient_pages("le")
    assert '<html lang="en"' in english["/"]
    assert read(chromium, {name: english[name] for name in ("/", "step 1", "step 8, errors")}, 320, "dark") == {}


@pytest.mark.parametrize(("scheme", "width"), combinations(CLINIC_SCREENS, CLINIC_DIAGONAL))
def test_axe_finds_nothing_on_a_page_of_the_clinic(
    chromium: Browser, clinic_pages: Mapping[str, str], scheme: Scheme, width: int
) -> None:
    assert len(clinic_pages) >= 40
    assert read(chromium, clinic_pages, width, scheme) == {}


@pytest.mark.parametrize("rule", PLANTED)
def test_axe_sees_a_planted_fault(chromium: Browser, patient_pages: Patients, rule: str) -> None:
    spoilt = patient_pages()["/"].replace("</h1>", f"</h1>{PLANTED[rule]}")
    reader = a_reader(chromium, 320, "light")
    assert [found for found in broken_rules(reader, spoilt) if found.startswith(f"{rule}:")]
    reader.context.close()
