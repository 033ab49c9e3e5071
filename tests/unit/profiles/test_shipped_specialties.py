"""The specialties that ship: they load, pass the lint, and let nobody but an adult alone book without a person."""

from pathlib import Path
from typing import get_args

import pytest

from app.config import ROOT
from app.discretion.lexicon import load
from app.profiles.lint import check, check_together
from app.profiles.loader import folders, load_profile
from app.profiles.models import Band, Situation

SPECIALTIES = ROOT / "specialties"
FOLDERS = folders(SPECIALTIES)
QUESTION_PAGES = 1
"""The default of PARAVENT_QUESTION_PAGES."""

each = pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)


def test_three_specialties_ship() -> None:
    assert len(FOLDERS) >= 3


@each
def test_it_loads_and_passes_the_lint(folder: Path) -> None:
    assert check(load_profile(folder), QUESTION_PAGES, load()) == []


def test_side_by_side_they_can_be_published() -> None:
    assert check_together([load_profile(folder).profile for folder in FOLDERS]) == []


@each
def test_only_an_adult_alone_books_without_a_person(folder: Path) -> None:
    publishable = load_profile(folder)

    through = {
        (band, situation)
        for act in publishable.profile.acts
        for band in get_args(Band)
        for situation in get_args(Situation)
        if publishable.paths.path(act.slug, band, situation) == "self"
    }

    assert through == {("adult", "self")}


@each
def test_its_names_are_found_by_the_lexicon(folder: Path) -> None:
    """Otherwise the lexicon would let the specialty's own name leave the page."""
    profile, lexicon = load_profile(folder).profile, load()

    assert lexicon.hits(profile.name.fr)
    assert lexicon.hits(profile.name.en)


@each
def test_it_offers_several_acts_and_ways_of_booking(folder: Path) -> None:
    acts = [act for act in load_profile(folder).profile.acts if act.published]

    assert len(acts) >= 4
    assert len({act.booking for act in acts}) >= 2


@each
def test_it_always_gives_somewhere_to_turn_to_by_telephone(folder: Path) -> None:
    resources = load_profile(folder).profile.resources

    assert any(resource.contact.replace(" ", "").isdigit() for resource in resources)


def stated(folder: str, act: str, band: str) -> list[tuple[str, tuple[str, ...]]]:
    cells = load_profile(SPECIALTIES / folder).paths.cells
    return [(c.path, c.articles) for c in cells if act in c.acts and band in c.bands and "self" in c.situations]


@pytest.mark.parametrize("act", ["psychologist_meeting", "mon_soutien_psy", "psychotherapy_start"])
@pytest.mark.parametrize("band", ["under_13", "13_14", "15", "16_17"])
def test_a_minor_alone_calls_to_see_a_psychologist(act: str, band: str) -> None:
    """CSP L.1111-5 names doctors and midwives, L.1111-5-1 nurses."""
    assert stated("psychiatry", act, band) == [("call", ("CSP L.1111-5", "CSP L.1111-5-1"))]


def test_from_fifteen_the_secret_path_of_a_doctor_waits_for_its_own_steps() -> None:
    assert stated("psychiatry", "first_psychiatrist", "13_14") == [("call", ("CSP L.1111-5", "CSP R.1111-6"))]
    assert stated("psychiatry", "first_psychiatrist", "15") == []
    paths = load_profile(SPECIALTIES / "psychiatry").paths
    assert paths.path("first_psychiatrist", "15", "self") == "call"


def test_a_young_person_is_told_that_billing_leaves_a_trace() -> None:
    note = load_profile(SPECIALTIES / "psychiatry").profile.minors_note

    assert "facturation anonyme" in note.fr
    assert "parents" in note.fr
