"""Sending again and again, in turn and all at once: one booking, and every answer leads to the space."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from flask import Flask
from sqlalchemy import func, select

from app.config import WordsCost
from app.front.models import Draft, Hold, SlotCell, Space, SpaceSession, Submission
from app.patient.services import PatientServices
from app.vault.models import MailboxEntry, SpaceSecret
from app.vault.words import TooManyAtOnce, WordKeys, WordsGate
from tests.factories.house import House
from tests.factories.patient import CHECK, SLOT, Patient, parcel_of

LAST = f"/r/{CHECK:02d}"


def ready_to_send(patient: Patient, slot: int = 0) -> dict[str, str]:
    """Walk to the last page and return the form that sends, filled in."""
    patient.walks_to(SLOT)
    patient.takes(patient.offered("slot")[slot])
    patient.gives()
    patient.continues()
    noted = patient.notes_the_words()
    labels = ["".join(label.itertext()) for label in patient.page.main.iter("label") if label.get("for")]
    asked = [int(label.split()[-1]) - 1 for label in labels if "mot numéro" in label]
    return patient.page.filled({"word1": noted[asked[0]], "word2": noted[asked[1]]})[1]


def rows(house: House) -> dict[str, int]:
    """Count what sending leaves."""
    with house.db.reading("front") as session:
        found = {
            model.__tablename__: session.scalar(select(func.count()).select_from(model)) or 0
            for model in (Draft, Hold, Submission, Space, SpaceSession, SlotCell)
        }
    with house.db.reading("keys") as session:
        return found | {
            model.__tablename__: session.scalar(select(func.count()).select_from(model)) or 0
            for model in (MailboxEntry, SpaceSecret)
        }


ONCE = {
    "drafts": 0,
    "holds": 0,
    "submissions": 1,
    "spaces": 1,
    "space_sessions": 2,  # the browser's, and what leads its old cookie to it for a moment
    "slot_cells": 24,
    "mailbox": 1,
    "space_secrets": 1,
}


def test_a_hundred_times_one_after_the_other(house: House, patient: Patient) -> None:
    data = ready_to_send(patient)
    parcel = parcel_of(house, patient.token)
    for _ in range(100):
        response = patient.browser.client.post(LAST, data=data)
        assert (response.status_code, response.headers["Location"]) == (303, "/e")
    assert rows(house) == ONCE
    assert patient.opens("/e").heading == "Votre rendez-vous est pris"
    with house.db.reading("front") as session:
        owners = set(session.scalars(select(SlotCell.owner)))
    assert owners == {parcel.submission}


def test_twenty_times_at_once(house: House, app: Flask, patient: Patient) -> None:
    data = ready_to_send(patient)
    cookie = patient.browser.cookie or ""

    def send(_number: int) -> tuple[int, str]:
        client = app.test_client()
        client.set_cookie("p", cookie)
        response = client.post(LAST, data=data)
        return response.status_code, response.headers.get("Location", "")

    with ThreadPoolExecutor(20) as threads:
        answers = list(threads.map(send, range(20)))
    assert set(answers) == {(303, "/e")}
    assert rows(house) == ONCE
    assert patient.opens("/e").heading == "Votre rendez-vous est pris"


def test_three_patients_whose_holds_ran_out_send_for_one_slot_at_once(house: House, app: Flask) -> None:
    rivals = [Patient(app) for _ in range(3)]
    forms = []
    for one in rivals:
        forms.append(ready_to_send(one, slot=8))
        house.clock.forward(minutes=16)  # its hold runs out, so that the next one may choose the same slot

    def send(place: int) -> str:
        client = app.test_client()
        client.set_cookie("p", rivals[place].browser.cookie or "")
        return client.post(LAST, data=forms[place]).headers["Location"]

    with ThreadPoolExecutor(3) as threads:
        led_to = sorted(threads.map(send, range(3)))
    assert led_to == ["/e", "/r/05", "/r/05"]
    assert (rows(house)["submissions"], rows(house)["slot_cells"], rows(house)["drafts"]) == (1, 24, 2)


def test_going_back_and_pressing_send_again_leads_to_the_space(patient: Patient) -> None:
    data = ready_to_send(patient)
    patient.browser.post(LAST, data)
    assert patient.opens(LAST).heading == "Il n’y a pas de réponses gardées ici"
    assert patient.browser.post(LAST, data).heading == "Votre rendez-vous est pris"


def test_an_old_send_does_not_send_the_journey_begun_since(house: House, patient: Patient) -> None:
    data = ready_to_send(patient)
    patient.browser.post(LAST, data)
    patient.asks_for("0201")
    assert patient.browser.post(LAST, data).path == "/r/02"
    assert rows(house)["submissions"] == 1
    assert rows(house)["drafts"] == 1


class CrowdedGate(WordsGate):
    """A gate before which too many stand."""

    def derive(self, normalised: str, salt: bytes, cost: WordsCost) -> WordKeys:
        raise TooManyAtOnce


def test_when_many_send_at_once_one_is_asked_to_wait_and_loses_nothing(house: House) -> None:
    app = house.patient_app()
    services: PatientServices = app.extensions["paravent"]
    patient = Patient(app)
    data = ready_to_send(patient)
    app.extensions["paravent"] = replace(services, gate=CrowdedGate())
    page = patient.browser.post(LAST, data)
    assert page.path == LAST
    assert "Attendez une minute" in page.errors["f"]
    assert patient.typed("word1") == data["word1"]
    app.extensions["paravent"] = services
    assert patient.continues().path == "/e"
