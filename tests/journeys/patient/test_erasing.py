"""A patient reads what is kept of them, erases it all, changes their mind, or does not wait for the end."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select

from app.front.models import SpaceSession
from app.retention import GRACE, KEPT_DAYS
from app.web.formats import day_text
from tests.browser import words
from tests.factories.answered import space_of, write_in_space
from tests.factories.house import House
from tests.factories.patient import ASK, INSTANT, Parcel, Patient
from tests.journeys.patient.agenda_of import cells_taken
from tests.journeys.patient.conftest import Arrives
from tests.journeys.patient.test_space import acts_shown, books_later, form_of, told

ERASE, KEEP, DESTROY, CLOSE = "erase", "keep", "destroy", "out"
ASKED, GONE = "Effacement demandé", "Cet espace n’existe plus"
PARIS = "Europe/Paris"


def erases(patient: Patient) -> None:
    """Follow the space's own links to the button that erases, and press it."""
    for path in ("/e/donnees", "/e/effacer"):
        assert path in [link.get("href") for link in patient.page.main.iter("a")], f"nothing leads to {path}"
        patient.opens(path)
    patient.presses(ERASE)


def starts_of(house: House, parcel: Parcel) -> datetime:
    return datetime.fromisoformat(space_of(house, parcel)[0]["starts_at"])


def test_the_page_says_until_when_and_what_will_happen(house: House, patient: Patient) -> None:
    parcel = books_later(house, patient)
    minutes = space_of(house, parcel)[0]["minutes"]
    page = patient.opens("/e/donnees")
    term = starts_of(house, parcel) + timedelta(minutes=minutes, days=KEPT_DAYS)
    assert page.heading == "Vos données"
    assert f"jusqu’au {day_text(term, PARIS, 'fr')}" in page.html
    for said in (
        "Votre rendez-vous sera annulé.",
        "la clinique ne pourra plus rien lire",
        "10 heures pour changer",
        "Les copies de secours du coffre des clés sont détruites sous 30 jours.",
    ):
        assert said in page.text
    page = patient.opens("/e/effacer")
    assert "Votre rendez-vous sera annulé." in page.text
    assert acts_shown(patient) == [ERASE]
    assert told(house, parcel) == [], "looking is not asking"


def test_a_request_without_a_time_is_kept_from_its_sending(house: House, patient: Patient) -> None:
    books_later(house, patient, ASK, pages=0)
    page = patient.opens("/e/donnees")
    assert day_text(house.clock() + timedelta(days=KEPT_DAYS), PARIS, "fr") in page.html
    assert "Votre demande sera annulée." in page.text


def test_erasing_cancels_frees_the_time_and_tells_the_clinic_once(house: House, patient: Patient) -> None:
    parcel = books_later(house, patient)
    patient.opens("/e/effacer")
    path, data = form_of(patient, ERASE)
    page = patient.browser.post(path, data)
    assert (page.path, page.heading) == ("/e", ASKED)
    patient.browser.post(path, data)
    assert cells_taken(house) == 0
    about = {"schema": 1, "submission": str(parcel.submission)}
    assert told(house, parcel) == [("erase", {**about, "action": "erase", "from": "booked", "cancels": True})]
    document, _version = space_of(house, parcel)
    assert (document["state"], document["erasing_until"]) == (
        "cancelled",
        (house.clock() + GRACE).isoformat(),
    )


def test_while_it_is_erased_nothing_else_can_be_done(house: House, patient: Patient) -> None:
    parcel = books_later(house, patient)
    erases(patient)
    assert acts_shown(patient) == [KEEP, DESTROY, CLOSE]
    _path, data = form_of(patient, KEEP)
    for act in ("erase", "cancel", "move", "take-0123456789abcdef"):
        assert "Rien n’a été fait" in patient.browser.post("/e", data | {"go": act}).text
    for path in ("/e/donnees", "/e/effacer"):
        assert patient.opens(path).heading == ASKED
    assert patient.browser.client.get("/e/papier").status_code == 303
    assert [kind for kind, _ in told(house, parcel)] == ["erase"]


def test_a_change_of_mind_brings_the_space_back_and_what_was_cancelled_stays_so(
    house: House, patient: Patient
) -> None:
    parcel = books_later(house, patient)
    erases(patient)
    house.clock.now += GRACE - timedelta(minutes=1)
    patient.comes_back_with(" ".join(patient.noted))
    assert patient.page.heading == ASKED
    assert "Ce qui est annulé le reste" in patient.page.text
    page = patient.presses(KEEP)
    assert (page.heading, "C’est fait." in page.text) == ("C’est annulé", True)
    assert [kind for kind, _ in told(house, parcel)] == ["erase", "keep"]
    assert patient.opens("/e/donnees").heading == "Vos données"


def test_after_the_grace_words_open_nothing_to_read(house: House, patient: Patient) -> None:
    parcel = books_later(house, patient)
    erases(patient)
    path, data = form_of(patient, KEEP)
    house.clock.now += GRACE
    patient.comes_back_with(" ".join(patient.noted))
    assert patient.page.heading == GONE
    assert patient.browser.post(path, data).heading == GONE
    assert [kind for kind, _ in told(house, parcel)] == ["erase"], "too late to take it back"


def test_not_to_wait_ends_it_at_once_and_leaves_no_secret_with_the_browser(house: House, patient: Patient) -> None:
    parcel = books_later(house, patient)
    erases(patient)
    page = patient.presses(DESTROY)
    assert (page.path, page.heading) == ("/e", GONE)
    assert [kind for kind, _ in told(house, parcel)] == ["erase", "destroy"]
    with house.db.reading("front") as session:
        living = select(func.count()).select_from(SpaceSession)
        assert session.scalar(living) == 1, "the token handed over when it was sent, two minutes long, and no other"
    assert patient.opens("/e").heading == "Revenir avec mes mots"
    patient.comes_back_with(" ".join(patient.noted))
    assert patient.page.heading == GONE


def test_an_old_page_erases_nothing(house: House, patient: Patient) -> None:
    parcel = books_later(house, patient)
    patient.opens("/e/effacer")
    path, data = form_of(patient, ERASE)
    write_in_space(house, parcel, message="La salle a changé.")
    page = patient.browser.post(path, data)
    assert "Rien n’a été fait" in page.text
    assert (told(house, parcel), cells_taken(house, parcel.submission)) == ([], 24)


def test_too_near_to_be_cancelled_here_it_can_be_erased_afterwards(house: House, patient: Patient) -> None:
    parcel = books_later(house, patient)
    house.clock.now = starts_of(house, parcel) - timedelta(hours=24, minutes=10)
    patient.comes_back_with(" ".join(patient.noted))
    patient.opens("/e/effacer")
    path, data = form_of(patient, ERASE)
    house.clock.forward(minutes=11)
    assert "Le délai est passé pour le faire ici. Appelez-nous" in patient.browser.post(path, data).text
    page = patient.opens("/e/donnees")
    assert "trop proche pour l’annuler ici. Appelez-nous" in page.text
    assert "/e/effacer" not in [link.get("href") for link in page.main.iter("a")]
    assert patient.opens("/e/effacer").path == "/e/donnees"
    assert (told(house, parcel), cells_taken(house, parcel.submission)) == ([], 24)
    house.clock.forward(days=2)
    patient.comes_back_with(" ".join(patient.noted))
    erases(patient)
    assert patient.page.heading == ASKED


@pytest.mark.parametrize("state", ["arrived", "seen"])
def test_of_a_visit_that_took_place_what_stays_closed_is_said_before_and_after(
    house: House, patient: Patient, state: str
) -> None:
    parcel = books_later(house, patient)
    write_in_space(house, parcel, state=state)
    patient.opens("/e")
    kept = day_text(starts_of(house, parcel) + timedelta(days=KEPT_DAYS), PARIS, "fr")
    sentence = f"nous gardons vos réponses et votre contact, fermés, jusqu’au {kept}"
    for path in ("/e/donnees", "/e/effacer"):
        assert sentence in patient.opens(path).html
        assert "sera annulé" not in patient.page.text
    page = patient.presses(ERASE)
    assert sentence in page.html
    assert [action["cancels"] for _kind, action in told(house, parcel)] == [False]
    assert space_of(house, parcel)[0]["state"] == state


def test_of_a_visit_that_did_not_take_place_nothing_is_kept(house: House, patient: Patient) -> None:
    parcel = books_later(house, patient)
    write_in_space(house, parcel, state="absent")
    patient.opens("/e")
    erases(patient)
    assert "fermés" not in patient.page.text
    assert "plus personne" in patient.page.text


def test_nobody_else_reaches_these_pages(house: House, patient: Patient, another: Arrives) -> None:
    books_later(house, patient, INSTANT)
    patient.opens("/e/effacer")
    _path, data = form_of(patient, ERASE)
    stranger = another()
    for path in ("/e/donnees", "/e/effacer"):
        assert stranger.opens(path).heading == "Revenir avec mes mots"
    assert stranger.browser.post("/e", data).heading != ASKED
    assert patient.opens("/e").heading == "Votre rendez-vous est pris"


def test_the_clinic_s_terms_are_read_before_anything_is_given(patient: Patient) -> None:
    page = patient.opens("/confiance")
    assert "/delais" in [link.get("href") for link in page.main.iter("a")]
    page = patient.opens("/delais")
    rows = {words(row[0]): words(row[1]) for row in page.main.findall(".//dl/div")}
    assert len(rows) == 13
    assert rows["Les réponses et l’acte demandé"].startswith("90 jours après le rendez-vous")
    assert rows["Le registre : qui a ouvert quoi, sans nom de patient"].startswith("365 jours")
    assert "Les comptes du personnel" not in rows
