"""In Chromium, JavaScript off: staff open cases behind the ledger; the desk reads no act; both share a browser."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from app.config import ROOT
from app.profiles.loader import load_all
from tests.factories.patient_in_browser import Patient
from tests.factories.served import Served
from tests.factories.staff_in_browser import Colleague

pytestmark = pytest.mark.browser

ACTS_AND_ANSWERS = [
    text
    for publishable in load_all(ROOT / "specialties").values()
    for text in (
        *(act.name.fr for act in publishable.profile.acts),
        *(choice.text.fr for question in publishable.profile.questions for choice in question.choices),
    )
    if len(text) > 12
]


def open_page(chromium: Browser, width: int = 1280) -> Page:
    """Open a page of its own context, without JavaScript."""
    size = {"width": width, "height": 800}
    return chromium.new_context(java_script_enabled=False, viewport=size, locale="fr-FR").new_page()  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def doctor(chromium: Browser, demonstration: Served) -> Iterator[Colleague]:
    """A practitioner with visits this week, signed in once: a code serves one time."""
    colleague = Colleague(open_page(chromium), demonstration)
    colleague.signs_in("ines")
    yield colleague
    colleague.page.context.close()


def openings(served: Served) -> int:
    """Return how many openings of a case the ledger holds."""
    with sqlite3.connect(f"file:{served.settings.var}/ledger.sqlite?mode=ro", uri=True) as ledger:
        found: tuple[int] = ledger.execute("SELECT count(*) FROM events WHERE name = 'case.opened'").fetchone()
    return found[0]


def test_practitioner_opens_three_cases_each_in_the_ledger(doctor: Colleague, demonstration: Served) -> None:
    listed: list[str] = []
    for path in ("/demandes", "/jour", "/semaine"):
        doctor.opens(path)
        listed += doctor.visits()
    cases = list(dict.fromkeys(listed))[:3]
    before = openings(demonstration)

    answers = [doctor.opens(path).status for path in cases]

    assert answers == [200, 200, 200]
    assert openings(demonstration) == before + 3


def test_desk_sees_neither_act_nor_answer(chromium: Browser, demonstration: Served) -> None:
    page = open_page(chromium)
    colleague = Colleague(page, demonstration)
    colleague.signs_in("accueil")
    for path in ("/demandes", "/jour", "/semaine"):
        assert colleague.opens(path).status == 200
        shown = page.content()
        assert [text for text in ACTS_AND_ANSWERS if text in shown] == []
        assert colleague.cases() == []
    page.context.close()


def test_with_the_ledger_stopped_no_case_opens(doctor: Colleague, demonstration: Served) -> None:
    doctor.opens("/semaine")
    path = doctor.visits()[0]
    held = sqlite3.connect(f"{demonstration.settings.var}/ledger.sqlite", isolation_level=None)
    held.execute("BEGIN EXCLUSIVE")

    refused = doctor.opens(path)

    assert refused.status == 503
    assert [text for text in ACTS_AND_ANSWERS if text in doctor.page.content()] == []
    held.execute("ROLLBACK")
    held.close()
    assert doctor.opens(path).status == 200


def test_patient_and_staff_in_one_browser_both_survive_the_exit(chromium: Browser, demonstration: Served) -> None:
    page = open_page(chromium)
    colleague = Colleague(page, demonstration)
    colleague.signs_in("maud")
    patient = Patient(page.context.new_page(), demonstration.patient)
    patient.books("0202")

    patient.leaves_in_a_hurry()

    assert patient.heading() == "Bonjour"
    patient.page.goto(f"{demonstration.patient}/e")
    assert patient.heading() == "Bonjour"
    assert colleague.opens("/jour").status == 200
    assert "/connexion" not in page.url
    patient.page.goto(demonstration.patient)
    patient.page.goto(f"{demonstration.patient}/retour")
    patient.page.fill("#words", " ".join(patient.words))
    patient.page.click("main .row button")
    assert patient.heading() in (
        "Votre rendez-vous est pris",
        "Votre demande est envoyée, ce n’est pas encore un rendez-vous",
    )
    page.context.close()


def test_pictures_of_the_readme(
    chromium: Browser, doctor: Colleague, demonstration: Served, pictures: Path
) -> None:
    desk = Colleague(open_page(chromium), demonstration)
    desk.signs_in("accueil2")
    desk.opens("/jour")
    desk.takes_a_picture(pictures / "desk.png")
    doctor.opens("/semaine")
    doctor.opens(doctor.visits()[0])
    doctor.takes_a_picture(pictures / "practitioner.png")

    assert (pictures / "desk.png").stat().st_size > 10_000
    assert (pictures / "practitioner.png").stat().st_size > 10_000
    desk.page.context.close()
