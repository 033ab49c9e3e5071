"""What a patient erases in their space, seen from the clinic, the worker's own rounds between the two."""

from datetime import timedelta
from itertools import repeat

import pytest
from sqlalchemy import select

from app.desk.models import Visit
from app.retention import GRACE, KEPT_DAYS
from app.web.formats import moment_text
from app.worker.loop import Round, rounds, turn
from tests.factories.patient import LATER, SLOT, Patient
from tests.factories.staffed import StaffBrowserOf, Staffed

NAME = "Marquevoltz"
TURNS = 3
BUTTONS = {"annuler": "Annuler et prévenir", "proposer": "Proposer ce créneau"}


@pytest.fixture
def worker(clinic: Staffed) -> tuple[Round, ...]:
    """Everything the worker of this clinic does."""
    return rounds(clinic.house.db, clinic.house.vault, clinic.house.clock)


def works(clinic: Staffed, worker: tuple[Round, ...]) -> None:
    """Let some seconds of work go by."""
    for todo in repeat(worker, TURNS):
        clinic.house.clock.forward(seconds=61)
        turn(todo, clinic.house.clock)


def books(clinic: Staffed, worker: tuple[Round, ...]) -> tuple[Patient, Visit]:
    """Let somebody book some days ahead, and the worker take it in."""
    patient = Patient(clinic.house.patient_app())
    patient.walks_to(SLOT)
    for _ in range(2):
        patient.presses(LATER)
    patient.takes()
    patient.gives(NAME)
    patient.continues()
    patient.sends()
    works(clinic, worker)
    with clinic.house.db.reading("desk") as session:
        return patient, session.scalars(select(Visit)).one()


def looks(clinic: Staffed, visit: Visit) -> StaffBrowserOf:
    practitioner = clinic.sign_in(clinic.login_of(visit))
    practitioner.get(f"/visite/{visit.id}")
    return practitioner


def comes_back(patient: Patient) -> None:
    patient.comes_back_with(" ".join(patient.noted))


def test_erased_kept_again_and_then_destroyed(clinic: Staffed, worker: tuple[Round, ...]) -> None:
    patient, visit = books(clinic, worker)
    assert NAME in looks(clinic, visit).shown.text
    comes_back(patient)
    patient.opens("/e/effacer")
    patient.presses("erase")
    until = moment_text(clinic.house.clock() + GRACE, "Europe/Paris", "fr")
    works(clinic, worker)
    practitioner = looks(clinic, visit)
    assert NAME not in practitioner.shown.html
    assert "Demandé par la personne. Le dossier ne s’ouvre plus." in practitioner.shown.text
    assert f"détruit le {until}" in practitioner.shown.html
    practitioner.get(f"/dossier/{visit.id}", status=410)
    assert "Annuler l’effacement" not in clinic.sign_in("direction").get(f"/conservation/{visit.id}").text
    comes_back(patient)
    patient.presses("keep")
    works(clinic, worker)
    practitioner = looks(clinic, visit)
    assert (NAME in practitioner.shown.text, clinic.visit(visit.id).state) == (True, "cancelled")
    patient.opens("/e/effacer")
    patient.presses("erase")
    clinic.house.clock.forward(seconds=5)
    patient.presses("destroy")
    assert patient.page.heading == "Cet espace n’existe plus"
    works(clinic, worker)
    practitioner.get(f"/visite/{visit.id}", status=404)
    clinic.sign_in("direction").get(f"/conservation/{visit.id}", status=404)
    comes_back(patient)
    assert patient.page.errors, "words that open nothing"


def test_what_staff_do_meanwhile_reaches_who_takes_it_back_and_words_that_nobody_would_read_are_refused(
    clinic: Staffed, worker: tuple[Round, ...]
) -> None:
    patient, visit = books(clinic, worker)
    assert visit.starts_at is not None
    clinic.house.clock.now = visit.starts_at + timedelta(minutes=visit.minutes + 1)
    clinic.house.keystore.ensure_epoch(clinic.house.clock())
    comes_back(patient)
    patient.opens("/e/effacer")
    patient.presses("erase")
    works(clinic, worker)
    desk, words = clinic.sign_in("accueil"), "Nous vous avons attendu."
    for path in ("annuler", "proposer"):
        desk.get(f"/visite/{visit.id}/{path}")
        first = {"slot": _first_slot(desk)} if path == "proposer" else {}
        desk.submit({"message": words} | first, button=BUTTONS[path], status=422)
        assert "ne peut plus rien lire" in desk.shown.text
        assert words in desk.shown.html, "nothing typed is lost"
    assert clinic.visit(visit.id).version == visit.version
    assert len(clinic.events("visit.changed")) == 0
    desk.get(f"/visite/{visit.id}")
    desk.submit(button="Absent·e")
    works(clinic, worker)

    comes_back(patient)
    patient.presses("keep")
    works(clinic, worker)
    comes_back(patient)
    assert patient.page.heading == "Ce rendez-vous est passé"


def _first_slot(desk: StaffBrowserOf) -> str:
    return next(one.get("value") or "" for one in desk.shown.main.iter("input") if one.get("name") == "slot")


def test_after_the_grace_all_is_gone_by_itself(clinic: Staffed, worker: tuple[Round, ...]) -> None:
    patient, visit = books(clinic, worker)
    comes_back(patient)
    patient.opens("/e/effacer")
    patient.presses("erase")
    works(clinic, worker)
    clinic.house.clock.now += GRACE
    works(clinic, worker)
    clinic.sign_in(clinic.login_of(visit)).get(f"/visite/{visit.id}", status=404)


def test_of_a_visit_that_took_place_the_page_says_what_the_worker_does(
    clinic: Staffed, worker: tuple[Round, ...]
) -> None:
    patient, visit = books(clinic, worker)
    desk = clinic.sign_in("accueil")
    desk.get(f"/visite/{visit.id}")
    desk.submit(button="Arrivé·e")
    works(clinic, worker)
    comes_back(patient)
    assert visit.starts_at is not None
    kept = visit.starts_at + timedelta(minutes=visit.minutes, days=KEPT_DAYS)
    assert "nous gardons vos réponses et votre contact, fermés" in patient.opens("/e/effacer").text
    patient.presses("erase")
    works(clinic, worker)
    clinic.house.clock.now += GRACE
    works(clinic, worker)
    page = looks(clinic, visit).shown
    assert NAME not in page.html
    assert moment_text(kept, "Europe/Paris", "fr") in page.html
    comes_back(patient)
    assert patient.page.errors or patient.page.heading == "Cet espace n’existe plus"
