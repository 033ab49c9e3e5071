"""The blank form is the whole journey of one profile, behind a cover that does not name it."""

import re
from functools import cache

import pytest

from app.config import ROOT
from app.discretion.lexicon import load
from app.documents.blank_form import BYTES, blank_form
from app.profiles.loader import load_all
from app.profiles.models import PublishableProfile
from tests.unit.documents.invented_profile import HINT, invented_profile
from tests.unit.documents.reading import opened, structure_roles, text_of

CLINIC = "Clinique des Tilleuls"
RATHER_NOT_TEXT = "Je préfère en parler sur place"


INVENTED = invented_profile()
SHIPPED = tuple(load_all(ROOT / "specialties").values())


@cache
def form(publishable: PublishableProfile = INVENTED, language: str = "fr") -> bytes:
    """Return a form, made once for all tests: it takes about half a second."""
    return blank_form(publishable, language, CLINIC)


def test_the_eight_steps_are_there_in_order() -> None:
    steps = re.findall(r"Étape (\d) sur 8", text_of(form()))
    assert steps == list("12345678")


def test_every_published_act_is_offered_and_no_other() -> None:
    text = text_of(form())
    for act in INVENTED.profile.acts:
        assert (act.name.fr in text) is act.published
    assert "58,50 €" in text
    assert "Rien à payer" in text
    assert text.count("Pour les adultes seulement.") == 1


def test_every_question_has_its_choices_and_the_way_out() -> None:
    profile = INVENTED.profile
    text = text_of(form())
    for question in profile.questions:
        assert question.text.fr in text
        for choice in question.choices:
            assert choice.text.fr in text
    assert HINT in text
    assert text.count(RATHER_NOT_TEXT) == len(profile.questions) + 1  # one more for the act
    assert "Seulement pour : Jardinage numéro 1." in text


def test_questions_come_in_the_order_of_their_pages() -> None:
    numbers = re.findall(r"Question numéro (\d)", text_of(form()))
    assert numbers == ["1", "3", "2"]


def test_only_what_is_optional_is_asked() -> None:
    text = text_of(form())
    assert text.count("vous choisissez") == 1
    assert "But reminder – vous choisissez" in text
    assert "Si c’est non : Rien ne change pour vous." in text


def test_fees_say_every_trace() -> None:
    act = INVENTED.profile.acts[0]
    text = text_of(form())
    for said in (act.reimbursement, act.traces.bank, act.traces.insurance, act.traces.mutuelle):
        assert said.fr in text


def test_the_cover_names_no_act_and_no_specialty() -> None:
    profile = INVENTED.profile
    cover = text_of(form(), last=1)
    assert CLINIC in cover
    assert "3114" in cover
    betraying = [profile.name.fr, profile.introduction.fr, *(act.name.fr for act in profile.acts)]
    assert [words for words in betraying if words in cover] == []


def test_no_page_header_names_the_specialty() -> None:
    paper = form()
    with opened(paper) as pdf:
        pages = len(pdf.pages)
    for page in range(1, pages + 1):
        assert text_of(paper, first=page, last=page).endswith(f"Document {page}")


def test_tables_have_headings_for_those_who_listen() -> None:
    assert {"/Table", "/TH", "/TD", "/H2", "/H3", "/L", "/LI"} <= structure_roles(form())


def test_english_comes_from_the_profile_too() -> None:
    profile = INVENTED.profile
    assert profile.introduction.en in text_of(form(language="en"))
    assert f"{profile.acts[0].name.en}" in text_of(form(language="en"))


@pytest.mark.parametrize("language", ["fr", "en"])
def test_no_shipped_profile_shows_by_its_length(language: str) -> None:
    assert len(SHIPPED) >= 3
    assert {len(form(publishable, language)) for publishable in SHIPPED} == {BYTES}


def test_the_cover_is_the_same_for_every_shipped_profile() -> None:
    covers = {text_of(form(publishable, "fr"), last=1).split("Document")[0] for publishable in SHIPPED}
    assert len(covers) == 1
    assert load(ROOT / "specialties" / "lexicon.txt").hits(covers.pop()) == []
