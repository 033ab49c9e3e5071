"""The path of every act × age × situation: under 18 it never leads to a slot, and asks no consent."""

from collections.abc import Iterator
from itertools import product

import pytest

from app.booking.catalogue import Catalogue
from app.booking.draft import Journey
from app.booking.journey import place
from app.booking.outlook import END, Outlook, look, steps
from app.booking.steps import WRITE_TO_US
from app.config import ROOT
from app.patient.slot_page import slot_page
from app.profiles.loader import load_all
from app.profiles.models import Situation, band_of
from app.vault.tokens import new_token
from tests.factories.house import House, build_house
from tests.factories.walk import NO_WISH, UNASKED, a_funnel, first_slot, send_step, walk

AGES = (10, 13, 15, 16, 17)
WHOM, STANDING = ("01", "02", "03"), ("01", "02", "03")
ACTS = [
    profile.profile.code + act.code
    for profile in load_all(ROOT / "specialties").values()
    for act in profile.profile.acts
    if act.published
]


def declared(whom: str, standing: str) -> Situation:
    """Say what two choices mean, in other words than the code's."""
    if whom == "02":
        return "child"
    if "03" in (whom, standing):
        return "assisted"
    return "emancipated" if standing == "02" else "self"


def outlook_of(catalogue: Catalogue, act: str, age: int, situation: Situation) -> Outlook:
    version = next(v for v, one in catalogue.profiles().items() if one.profile.code == act[:2])
    journey = Journey("fr", [], [], {})
    journey.answers = {
        "need": {"version": str(version), "act": act[2:], "basis": ""},
        "situation": {"age": age, "situation": situation, "basis": ""},
    }
    return look(journey, catalogue)


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Catalogue]:
    """What a house publishes."""
    built = build_house(tmp_path_factory.mktemp("house"))
    yield a_funnel(built).catalogue
    built.db.dispose()


@pytest.mark.parametrize("act", ACTS)
def test_a_minor_is_let_through_no_path_that_books(catalogue: Catalogue, act: str) -> None:
    for age, whom, standing in product(AGES, WHOM, STANDING):
        found = outlook_of(catalogue, act, age, declared(whom, standing))
        stated = found.publishable
        assert stated is not None
        assert found.path == stated.paths.path(found.chosen_act.slug, band_of(age), declared(whom, standing))
        assert found.path in ("call", "no"), f"{act} at {age}, {whom} {standing}"
        assert found.minor
        assert not found.asked_consents
        assert (steps(found, 1)[-1] == END) == (found.path == "no")


@pytest.mark.parametrize("act", ACTS)
def test_an_adult_books_alone_for_themselves_only(catalogue: Catalogue, act: str) -> None:
    for age, whom, standing in product((18, 34, 130), WHOM, STANDING):
        situation = declared(whom, standing)
        found = outlook_of(catalogue, act, age, situation)
        assert (found.path == "self") == (situation == "self"), f"{act} at {age}, {whom} {standing}: {found.path}"
        assert found.asked_consents == (found.path == "self")


@pytest.mark.parametrize("act", ACTS)
def test_what_two_choices_mean_is_read_at_the_step(house: House, act: str) -> None:
    funnel, token = a_funnel(house), new_token()
    send_step(funnel, token, 1, {"act": act})
    for age, whom, standing in product((16, 34), WHOM, STANDING):
        shown = send_step(funnel, token, 2, {"whom": whom, "standing": standing, "age": str(age)})
        here = place(funnel, token, "fr", shown)
        expected = outlook_of(funnel.catalogue, act, age, declared(whom, standing))
        assert here.outlook.situation == declared(whom, standing)
        assert here.outlook.path == expected.path
        assert (here.step == "end") == (expected.path == "no")


@pytest.mark.parametrize("act", ["0101", "0201", "0306"])
@pytest.mark.parametrize("age", AGES)
def test_no_slot_can_be_had_on_the_path_that_calls(house: House, act: str, age: int) -> None:
    funnel, token = a_funnel(house), new_token()
    send_step(funnel, token, 1, {"act": act})
    adult = outlook_of(funnel.catalogue, act, 34, "self")
    here = place(
        funnel, token, "fr", send_step(funnel, token, 2, {"whom": "01", "standing": "01", "age": str(age)})
    )
    if here.step == END:
        return
    assert here.step == "who"
    assert send_step(funnel, token, 3, {"decision": "01"}) == 3, "a minor's agreement was taken"
    assert send_step(funnel, token, 3, {"decision": "00"}) == 4
    asked = here.outlook.profile.questions_for(here.outlook.chosen_act, 1)
    send_step(funnel, token, 4, UNASKED | {name: "99" for name, _ in zip(UNASKED, asked, strict=False)})
    at_slot = place(funnel, token, "fr", 5)
    page = slot_page(funnel, at_slot)
    assert page["form"] == "call"
    assert len(page["calls"]) == len(page["comes"]) == 4
    for code in (first_slot(funnel, adult, at_slot.draft) if act != "0306" else "0" * 16, "none".ljust(16, "0")):
        assert send_step(funnel, token, 5, NO_WISH | {"slot": code}) == 5, "a slot was given to a minor"
    assert place(funnel, token, "fr", 5).held is None
    assert send_step(funnel, token, 5, NO_WISH | {"slot": WRITE_TO_US}) == 6


def test_a_minor_who_was_an_adult_a_page_ago_loses_slot_consent_and_hold(house: House) -> None:
    funnel, token = a_funnel(house), new_token()
    assert walk(funnel, token).held is not None
    assert send_step(funnel, token, 2, {"whom": "01", "standing": "01", "age": "17"}) == 3
    here = place(funnel, token, "fr", 3)
    assert here.held is None
    assert not {"slot", "who", "fees", "reach"} & here.draft.journey.answers.keys()
