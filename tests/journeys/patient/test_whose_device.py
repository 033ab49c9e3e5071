"""Whose the device is: shared until the patient says otherwise, and then forms may be filled in by the browser."""

import pytest

from app.web.cookie import parse
from tests.factories.house import House
from tests.factories.patient import REACH, Patient
from tests.page_lint import fields

TOKENS = {"name": "given-name", "phone": "tel", "email": "email"}
TYPED = {"name": "Zoé", "channel": "02", "phone": "06 39 98 00 12", "email": "zoe@example.fr"}
OWN, SHARED = "Cet appareil est à moi seul·e", "Cet appareil est partagé"


@pytest.fixture
def patient(house: House) -> Patient:
    """Return a patient at the page that asks how to reach them."""
    patient = Patient(house.patient_app())
    patient.walks_to(REACH)
    return patient


def tokens(patient: Patient) -> dict[str, str | None]:
    return {
        name: field.get("autocomplete")
        for field in fields(patient.page.main)
        if (name := field.get("name")) in TOKENS
    }


def test_a_device_counts_as_shared_until_the_patient_says_otherwise(patient: Patient) -> None:
    assert set(tokens(patient).values()) == {"off"}
    assert "Appareil partagé : le navigateur ne propose et ne garde rien" in patient.page.text


def test_one_press_beside_the_fields_turns_tokens_on_and_loses_nothing_typed(patient: Patient) -> None:
    patient.browser.submit(TYPED, OWN)
    assert patient.page.path == "/r/06"
    assert tokens(patient) == TOKENS
    shown = {
        field.get("name"): field.get("value") for field in fields(patient.page.main) if field.get("name") in TOKENS
    }
    assert shown == {name: TYPED[name] for name in TOKENS}
    assert patient.page.errors == {}
    assert "peut proposer et garder" in patient.page.text

    patient.browser.submit({}, SHARED)
    assert set(tokens(patient).values()) == {"off"}


@pytest.mark.parametrize(("code", "device"), [("do", "own"), ("ds", "shared"), ("??", "shared")])
def test_the_switch_at_the_foot_of_every_page_says_the_same(patient: Patient, code: str, device: str) -> None:
    patient.browser.post("/reglage", {"b": "06", "v": code})
    assert patient.page.path == "/r/06"
    assert parse(patient.browser.cookie).device == device
    assert tokens(patient) == (TOKENS if device == "own" else dict.fromkeys(TOKENS, "off"))


def test_help_says_what_is_kept_in_both_cases(patient: Patient) -> None:
    said = "Rien de ce que vous lisez ou écrivez ici n’est gardé sur cet appareil."
    assert said in patient.opens("/aide").text
    patient.browser.post("/reglage", {"b": "ai", "v": "do"})
    assert said not in patient.page.text
    assert "Vous avez dit que cet appareil est à vous seul·e" in patient.page.text


def test_an_exit_makes_the_device_shared_again_and_every_step_neutral(patient: Patient) -> None:
    patient.browser.post("/reglage", {"b": "06", "v": "do"})
    assert patient.browser.post("/x").path == "/bonjour"
    assert [patient.opens(f"/r/{number:02d}").path for number in range(1, 9)] == ["/bonjour"] * 8
    patient.opens("/")
    assert patient.opens("/r/01").path == "/r/01"
    assert parse(patient.browser.cookie).device == "shared"
