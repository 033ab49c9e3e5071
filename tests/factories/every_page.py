"""Every page of the patient zone, drawn for real: for adults and for a minor, right and wrong, in one language."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from xml.etree.ElementTree import Element

from flask import Flask

from app.config import ROOT
from app.db import SiloUnavailable
from app.profiles.loader import load_all
from tests.factories.answered import write_in_space
from tests.factories.house import House
from tests.factories.patient import CHECK, WRITE, Parcel, Patient, parcel_of

PUBLIC = ("/", "/confiance", "/delais", "/urgence", "/aide", "/navigateur", "/retour", "/bonjour")
STATES = ("booked", "requested", "proposed", "move_asked", "cancelled", "declined", "answered", "over")
ERASABLE = ("booked", "requested", "cancelled", "seen")
ADULT, MINOR = "34", "16"
MESSAGE = "Bonjour. Nous vous attendons mardi. À bientôt."


@dataclass(frozen=True, slots=True)
class Read:
    """A page that somebody reads, and whether that somebody is under 18 for sure."""

    name: str
    minor: bool
    tree: Element


def every_page(house: House, switch: str) -> Iterator[Read]:
    """Draw all pages of an installation. `switch` is what the header's button of a language sends."""
    app = house.patient_app()
    yield from _public(app, switch)
    yield from _errors(house, switch)
    for published in (one.profile for one in load_all(ROOT / "specialties").values()):
        for act in (one for one in published.acts if one.published):
            for age in (ADULT, MINOR):
                yield from _journey(_arrives(app, switch), published.code + act.code, age)
                house.clock.forward(minutes=30)  # The slots it kept are free again.
    yield from _spaces(house, app, switch)


def _arrives(app: Flask, switch: str) -> Patient:
    patient = Patient(app)
    patient.browser.post("/reglage", {"b": "ho", "v": switch})
    return patient


def _public(app: Flask, switch: str) -> Iterator[Read]:
    patient = _arrives(app, switch)
    for path in PUBLIC:
        yield Read(path, False, patient.opens(path).tree)
    patient = _arrives(app, switch)
    yield Read("/retour, wrong", False, patient.comes_back_with("un deux").tree)
    patient.asks_for("0101")
    patient.opens("/mots")
    yield Read("/mots", False, patient.page.tree)
    yield Read("/mots, kept", False, patient.continues().tree)


def _errors(house: House, switch: str) -> Iterator[Read]:
    app = house.patient_app()
    app.view_functions["public.trust"] = _raising(RuntimeError("broken"))
    app.view_functions["public.help_page"] = _raising(SiloUnavailable("front"))
    browser = _arrives(app, switch).browser
    yield Read("404", False, browser.get("/nulle-part", status=404).tree)
    yield Read("405", False, browser.post("/urgence", status=405).tree)
    yield Read("400", False, browser.post("/retour", b"a=%ff", status=400).tree)
    yield Read("413", False, browser.post("/retour", b"a" * 100_000, status=413).tree)
    yield Read("500", False, browser.get("/confiance", status=500).tree)
    yield Read("503", False, browser.get("/aide", status=503).tree)
    patient = _arrives(app, switch)
    patient.walks_to(2)
    yield Read("400, a key made up", False, patient.browser.post("/r/02", {"k": "0"}, status=400).tree)


def _raising(error: Exception) -> Any:
    def view() -> None:
        raise error

    return view


def _journey(patient: Patient, act: str, age: str) -> Iterator[Read]:
    """Go through a journey, each page as it comes first and as it comes back with a fault."""
    minor = age == MINOR

    def seen(fault: str = "") -> Read:
        path = patient.page.path
        return Read(f"{path}{fault}: {act}, {age} years", minor and path > "/r/02", patient.page.tree)

    patient.opens("/r/01")
    if act.endswith("01"):  # All acts share the first two pages: they are looked at once for each specialty.
        yield from _shown_and_mended(patient, seen)
    patient.asks_for(act)
    if act.endswith("01"):
        yield from _shown_and_mended(patient, seen)
    patient.says(age)
    yield seen()
    if not patient.page.main.findall(".//form"):
        return
    yield from _to_the_end(patient, seen)


def _shown_and_mended(patient: Patient, seen: Callable[..., Read]) -> Iterator[Read]:
    yield seen()
    patient.continues()
    yield seen(", wrong")


def _to_the_end(patient: Patient, seen: Callable[..., Read]) -> Iterator[Read]:
    patient.decides()
    yield seen()
    patient.answers()
    yield seen()
    patient.takes(WRITE if WRITE in patient.offered("slot") else None)
    yield seen()
    patient.gives("", "04", email="n" * 8)
    yield seen(", wrong")
    patient.gives("Lou")
    yield seen()
    patient.continues()
    yield seen()
    patient.continues({"word1": "non", "word2": "non"})
    yield seen(", wrong")


def _spaces(house: House, app: Flask, switch: str) -> Iterator[Read]:
    patient = _arrives(app, switch)
    patient.walks_to(CHECK)
    parcel: Parcel = parcel_of(house, patient.token)
    yield Read("/e, new", False, patient.sends().tree)
    for state in STATES:
        write_in_space(house, parcel, state=state, message=MESSAGE if state in ("answered", "declined") else None)
        yield Read(f"/e, {state}", False, patient.opens("/e").tree)
    for state in ERASABLE:
        write_in_space(house, parcel, state=state, cancel_hours=0)
        yield from _erasing(patient, state)


def _erasing(patient: Patient, state: str) -> Iterator[Read]:
    """Erase everything, and take it back."""
    for path in ("/e/donnees", "/e/effacer"):
        yield Read(f"{path}, {state}", False, patient.opens(path).tree)
    yield Read(f"/e, {state}, erasing", False, patient.presses("erase").tree)
    patient.presses("keep")
