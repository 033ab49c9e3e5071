"""In Chromium, JavaScript off: each specialty from need to space, narrow and wide, light and dark, http and TLS."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from app.config import ROOT
from app.discretion.sizes import PAGE_BYTES
from app.profiles.loader import load_all
from tests.factories.patient_in_browser import Patient
from tests.factories.served import Served, serve

pytestmark = pytest.mark.browser

FIRST_INSTANT = {
    publishable.profile.slug: publishable.profile.code
    + next(act.code for act in publishable.profile.acts if act.published and act.booking == "instant")
    for publishable in load_all(ROOT / "specialties").values()
}
SENT = "Votre rendez-vous est pris"
CALLED = "Votre demande est envoyée : nous vous appelons"
NOT_OFFERED = "Nous ne pouvons pas le proposer ici"


def open_page(chromium: Browser, *, width: int = 320, scheme: str = "light", tls: bool = False) -> Page:
    """Open a page of its own context: no JavaScript, a French reader."""
    context = chromium.new_context(
        java_script_enabled=False,
        viewport={"width": width, "height": 800},
        color_scheme="dark" if scheme == "dark" else "light",
        locale="fr-FR",
        ignore_https_errors=tls,
    )
    return context.new_page()


@pytest.mark.parametrize(("width", "scheme"), [(320, "light"), (1280, "dark")])
@pytest.mark.parametrize("slug", sorted(FIRST_INSTANT))
def test_adult_books(
    chromium: Browser, patient_zone: Served, tmp_path: Path, slug: str, width: int, scheme: str
) -> None:
    page = open_page(chromium, width=width, scheme=scheme)
    patient = Patient(page, patient_zone.patient, shots=tmp_path)

    patient.books(FIRST_INSTANT[slug])

    assert patient.heading() == SENT
    assert page.url == f"{patient_zone.patient}/e"
    assert len(list(tmp_path.glob("*.png"))) == 9
    page.context.close()


def test_each_page_is_one_request_of_one_size_without_script(chromium: Browser, patient_zone: Served) -> None:
    page = open_page(chromium)
    patient = Patient(page, patient_zone.patient)

    patient.books(FIRST_INSTANT["psychiatry"])

    pages = [answer for answer in patient.responses if answer.status == 200]
    assert {answer.request.resource_type for answer in patient.responses} == {"document"}
    assert len(pages) == 9
    assert {int(answer.headers["content-length"]) for answer in pages} == {PAGE_BYTES}
    assert page.query_selector("script") is None
    page.context.close()


@pytest.mark.parametrize("width", [320, 1280])
def test_no_page_scrolls_sideways_and_the_exit_hides_no_target(
    chromium: Browser, patient_zone: Served, width: int
) -> None:
    page = open_page(chromium, width=width)
    patient = Patient(page, patient_zone.patient)
    for path in ("/", "/r/01", "/confiance", "/urgence", "/aide", "/retour"):
        page.goto(patient_zone.patient + path)
        assert page.locator("body").bounding_box()["width"] <= width  # type: ignore[index]
        last = page.locator("footer a").last
        last.scroll_into_view_if_needed()
        box, button = last.bounding_box(), page.locator("button.x").bounding_box()
        assert box is not None
        assert button is not None
        assert box["y"] + box["height"] <= button["y"] or box["x"] + box["width"] <= button["x"]
    assert patient.heading()
    page.context.close()


def test_minor_reaches_a_call(chromium: Browser, patient_zone: Served) -> None:
    page = open_page(chromium)
    patient = Patient(page, patient_zone.patient)

    patient.books(FIRST_INSTANT["psychiatry"], age=15)

    assert patient.heading() == CALLED
    page.context.close()


def test_minor_is_told_kindly_what_is_not_offered(chromium: Browser, patient_zone: Served) -> None:
    page = open_page(chromium)
    patient = Patient(page, patient_zone.patient)
    patient.begins()
    patient.needs(FIRST_INSTANT["aesthetics"])

    patient.is_aged(14)

    assert patient.heading() == NOT_OFFERED
    assert "0 800 235 236" in page.inner_text("main")
    page.context.close()


def test_over_tls(chromium: Browser, tmp_path: Path) -> None:
    with serve(tmp_path, tls=True) as served:
        page = open_page(chromium, tls=True)
        patient = Patient(page, served.patient)

        patient.books(FIRST_INSTANT["reproductive_health"])

        assert patient.heading() == SENT
        cookie = next(cookie for cookie in page.context.cookies() if cookie["name"].endswith("p"))
        assert cookie["name"] == "__Host-p"
        assert cookie["secure"]
        assert cookie["httpOnly"]
        assert cookie["expires"] == -1
        page.context.close()
