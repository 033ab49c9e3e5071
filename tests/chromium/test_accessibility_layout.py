"""Zoomed, enlarged and spaced out, no page loses anything; and every target is large enough for a thumb."""

from collections.abc import Callable, Mapping

import pytest
from playwright.sync_api import Browser

from tests.factories.layout import LARGER_TEXT, WIDER_TEXT, a_window, cut, too_small

pytestmark = pytest.mark.browser

Patients = Callable[..., Mapping[str, str]]

ZOOMED = 320
"""The width, in CSS pixels, of a window of 1280 pixels zoomed to 400 %."""
THUMB, POINTER = 48, 24
"""The least target of a patient's page, and of the clinic's (WCAG 2.2, 2.5.8)."""


@pytest.mark.parametrize(
    ("width", "css"),
    [(ZOOMED, ""), (ZOOMED, WIDER_TEXT), (640, LARGER_TEXT), (1280, LARGER_TEXT)],
    ids=["zoom 400 %", "spaced out", "larger text, narrow", "larger text, wide"],
)
def test_no_patient_page_loses_anything(chromium: Browser, patient_pages: Patients, width: int, css: str) -> None:
    window = a_window(chromium, width)
    found = {name: cut(window, html, css) for name, html in {**patient_pages(), **english(patient_pages)}.items()}
    window.context.close()
    assert {name: what for name, what in found.items() if what} == {}


def english(patient_pages: Patients) -> dict[str, str]:
    """Return the English pages under names of their own."""
    return {f"{name} in English": html for name, html in patient_pages("le").items()}


@pytest.mark.parametrize(("width", "css"), [(ZOOMED, ""), (640, "")])
def test_no_page_of_the_clinic_loses_anything(
    chromium: Browser, clinic_pages: Mapping[str, str], width: int, css: str
) -> None:
    window = a_window(chromium, width)
    found = {name: cut(window, html, css) for name, html in clinic_pages.items()}
    window.context.close()
    assert {name: what for name, what in found.items() if what} == {}


@pytest.mark.parametrize("width", [320, 412, 1280])
def test_every_target_of_a_patient_page_suits_a_thumb(
    chromium: Browser, patient_pages: Patients, width: int
) -> None:
    window = a_window(chromium, width)
    found = {name: too_small(window, html, THUMB) for name, html in patient_pages().items()}
    window.context.close()
    assert {name: what for name, what in found.items() if what} == {}


@pytest.mark.parametrize("width", [320, 1280])
def test_every_target_of_the_clinic_suits_a_pointer(
    chromium: Browser, clinic_pages: Mapping[str, str], width: int
) -> None:
    window = a_window(chromium, width)
    found = {name: too_small(window, html, POINTER) for name, html in clinic_pages.items()}
    window.context.close()
    assert {name: what for name, what in found.items() if what} == {}


def test_what_is_too_wide_cut_or_too_small_is_seen(chromium: Browser, patient_pages: Patients) -> None:
    home = patient_pages()["/"]
    window = a_window(chromium, ZOOMED)
    assert cut(window, home.replace("</h1>", "</h1><div style='width:400px'>wide</div>"))
    assert cut(
        window, home.replace("</h1>", "</h1><button style='height:10px;min-height:0;padding:0'>low</button>")
    )
    small = too_small(
        window, home.replace("</h1>", "</h1><button style='min-height:1rem;padding:0'>a</button>"), THUMB
    )
    assert len(small) == 1
    window.context.close()
