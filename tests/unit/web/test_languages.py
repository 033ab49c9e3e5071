"""The list of languages: whoever needs a language reads it there, and a row and a catalogue add one."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.web import languages
from app.web.cookie import Visitor, format_value, parse
from app.web.formats import moment_text, time_text
from app.web.jinja import TRANSLATIONS, translator
from app.web.languages import SOURCE, more_styles, of_code, of_letter, spoken
from tests.factories.house import build_house
from tests.factories.mirrored import MIRRORED, add_mirrored_language, forget_mirrored_language
from tests.factories.patient import Patient

MOMENT = datetime(2026, 11, 24, 13, 30, tzinfo=UTC)


@pytest.fixture
def mirrored(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """A language more, from right to left."""
    add_mirrored_language(monkeypatch, tmp_path / "translations")
    yield
    forget_mirrored_language()


def test_codes_and_letters_are_each_used_once() -> None:
    assert spoken()[0] is SOURCE
    assert len({one.code for one in spoken()}) == len({one.letter for one in spoken()}) == len(spoken())
    assert all(len(one.letter) == 1 and one.letter.islower() for one in spoken())


def test_every_language_but_the_source_has_a_catalogue() -> None:
    found = {path.parent.parent.name for path in TRANSLATIONS.glob("*/LC_MESSAGES/messages.po")}
    assert found == {one.code for one in spoken()[1:]}


def test_an_unknown_language_reads_the_source() -> None:
    assert of_code("xx") is SOURCE
    assert of_letter("x") is None
    assert parse("x" + format_value(Visitor())[1:]) == Visitor(returned=True)


def test_with_two_languages_no_page_pays_for_more() -> None:
    assert more_styles() == ()


@pytest.mark.usefixtures("mirrored")
def test_a_row_and_a_catalogue_add_a_language(monkeypatch: pytest.MonkeyPatch) -> None:
    visitor = Visitor(language=MIRRORED.code, returned=True)
    assert len(format_value(visitor)) == 47
    assert parse(format_value(visitor)) == visitor
    assert translator(MIRRORED.code)("Commencer") == "مرحبا Commencer شكرا"
    assert time_text(MOMENT, "Europe/Paris", MIRRORED.code) == "14:30"
    assert " في " in moment_text(MOMENT, "Europe/Paris", MIRRORED.code)
    assert [path.name for path in more_styles()] == ["menu.css", "mirrored.css"]
    monkeypatch.setattr(languages, "LANGUAGES", languages.LANGUAGES[:2])
    assert parse(format_value(visitor)).language == SOURCE.code


@pytest.mark.usefixtures("mirrored")
def test_the_switch_becomes_a_menu_and_every_page_keeps_its_size(tmp_path: Path) -> None:
    house = build_house(tmp_path)
    patient = Patient(house.patient_app())
    page = patient.opens("/")
    menu = page.tree.find(".//header//details")
    assert menu is not None
    assert [button.get("value") for button in menu.iter("button")] == ["le", "la"]
    for path in ("/", "/confiance", "/urgence", "/aide", "/r/01"):
        patient.opens(path)
    house.db.dispose()
