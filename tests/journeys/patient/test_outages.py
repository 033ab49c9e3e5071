"""A silo that is stopped, locked or full: a calm page of the same size; the draft is intact when it returns."""

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest

from app.db import Silo
from tests.factories.house import House
from tests.factories.outages import full, locked, no_room, stopped
from tests.factories.patient import CHECK, REACH, Patient, draft_of
from tests.journeys.patient.agenda_of import cells_taken, hold_of
from tests.journeys.patient.conftest import Arrives

Outage = Callable[[House, Silo], AbstractContextManager[None]]
OUTAGES: list[Outage] = [stopped, locked, no_room]
CALM = "Le service fait une pause"


@pytest.mark.parametrize("silo", ["front", "keys", "ledger"])
@pytest.mark.parametrize("outage", OUTAGES)
def test_a_sending_that_fails_is_sent_again_when_the_silo_returns(
    house: House, patient: Patient, outage: Outage, silo: Silo
) -> None:
    patient.walks_to(CHECK)
    before, noted = draft_of(house, patient.token).journey.answers, patient.notes_the_words()
    _path, data = patient.page.filled({})
    labels = ["".join(label.itertext()) for label in patient.page.main.iter("label") if label.get("for")]
    asked = [int(label.split()[-1]) - 1 for label in labels if "mot numéro" in label]
    data |= {"word1": noted[asked[0]], "word2": noted[asked[1]]}
    with outage(house, silo):
        for _ in range(2):
            page = patient.browser.post(f"/r/{CHECK:02d}", data, status=503)
            assert page.heading == CALM
            assert "n’est pas perdu" in page.text
    assert draft_of(house, patient.token).journey.answers == before
    assert hold_of(house, patient) is not None
    assert cells_taken(house, kind="appointment") == 0
    assert patient.browser.post(f"/r/{CHECK:02d}", data).heading == "Votre rendez-vous est pris"
    assert cells_taken(house, kind="appointment") == 24


@pytest.mark.parametrize("outage", OUTAGES)
def test_a_step_that_fails_may_be_answered_again(house: House, patient: Patient, outage: Outage) -> None:
    patient.walks_to(REACH)
    before = draft_of(house, patient.token)
    _path, data = patient.page.filled({"name": "Zoé" * 15, "channel": "01", "email": "é" * 1500})
    with outage(house, "front"):
        page = patient.browser.post(f"/r/{REACH:02d}", data, status=503)
        assert page.heading == CALM
    after = draft_of(house, patient.token)
    assert (after.version, after.journey.answers) == (before.version, before.journey.answers)
    assert patient.browser.post(f"/r/{REACH:02d}", data).path == "/r/07"


def test_a_disk_that_fills_up_stops_new_journeys_calmly(house: House, another: Arrives) -> None:
    answered = []
    with full(house, "front"):
        for _ in range(12):
            somebody = another()
            somebody.opens("/r/01")
            _path, data = somebody.page.filled({"act": "0101"})
            response = somebody.browser.client.post("/r/01", data=data, headers={"Accept-Encoding": "gzip"})
            answered.append((response.status_code, somebody, data))
    refused = [(somebody, data) for status, somebody, data in answered if status == 503]
    assert {status for status, _somebody, _data in answered} <= {303, 503}
    assert refused
    for somebody, data in refused:
        assert somebody.browser.post("/r/01", data).path == "/r/02"


@pytest.mark.parametrize("path", ["/r/01", "/r/06", "/mots", "/e"])
def test_pages_that_read_a_stopped_silo_are_calm_too(house: House, patient: Patient, path: str) -> None:
    patient.walks_to(REACH)
    with stopped(house, "front"):
        assert patient.browser.get(path, status=503).heading == CALM
    assert patient.browser.get(path).status == 200


@pytest.mark.parametrize("path", ["/", "/urgence", "/confiance", "/aide", "/bonjour"])
def test_pages_that_need_no_silo_are_there_while_all_are_stopped(house: House, patient: Patient, path: str) -> None:
    with stopped(house, "front"), stopped(house, "keys"), stopped(house, "ledger"):
        assert patient.browser.get(path).status == 200


def test_an_exit_works_while_the_silo_is_stopped(house: House, patient: Patient) -> None:
    patient.walks_to(REACH)
    with stopped(house, "front"):
        assert patient.browser.post("/x").path == "/bonjour"


@pytest.mark.parametrize("silo", ["front", "keys"])
def test_words_are_tried_again_when_the_silo_returns(house: House, patient: Patient, silo: Silo) -> None:
    patient.books()
    words = " ".join(patient.noted)
    patient.browser.close()
    patient.opens("/retour")
    _path, data = patient.page.filled({"words": words})
    with stopped(house, silo):
        assert patient.browser.post("/retour", data, status=503).heading == CALM
    assert patient.browser.post("/retour", data).heading == "Votre rendez-vous est pris"


def test_without_an_intake_key_nothing_is_sent_and_nothing_is_lost(house: House, patient: Patient) -> None:
    patient.walks_to(CHECK)
    aside = [file.rename(file.with_suffix(".aside")) for file in (house.root / "public").glob("intake-*.json")]
    noted = patient.notes_the_words()
    labels = ["".join(label.itertext()) for label in patient.page.main.iter("label") if label.get("for")]
    asked = [int(label.split()[-1]) - 1 for label in labels if "mot numéro" in label]
    _path, data = patient.page.filled({"word1": noted[asked[0]], "word2": noted[asked[1]]})
    try:
        page = patient.browser.post(f"/r/{CHECK:02d}", data, status=503)
    finally:
        for file in aside:
            file.rename(file.with_suffix(".json"))
    assert page.heading == CALM
    assert cells_taken(house, kind="appointment") == 0
    assert patient.browser.post(f"/r/{CHECK:02d}", data).heading == "Votre rendez-vous est pris"
