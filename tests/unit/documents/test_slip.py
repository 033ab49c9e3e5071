"""The slip says when and where, in local time, and has no place for anything else."""

from dataclasses import fields, replace
from datetime import UTC, datetime

import pytest

from app.config import ROOT
from app.discretion.lexicon import load
from app.documents.slip import BYTES, AppointmentSlip, appointment_slip
from tests.unit.documents.invented_slip import SLIP, a_slip
from tests.unit.documents.reading import opened, text_of


def test_it_says_when_and_where() -> None:
    text = text_of(appointment_slip(SLIP))
    assert "Mardi 1er décembre 2026 à 14 h 30" in text
    for said in (SLIP.site_name, SLIP.address, SLIP.door, SLIP.desk_words, SLIP.phone):
        assert said in text


def test_summer_time_is_the_sites_own() -> None:
    summer = replace(SLIP, starts_at=datetime(2026, 7, 2, 12, 5, tzinfo=UTC))
    assert "Jeudi 2 juillet 2026 à 14 h 05" in text_of(appointment_slip(summer))


def test_english_dates_read_as_english() -> None:
    assert "Tuesday 1 December 2026" in text_of(appointment_slip(a_slip("en")))


def test_there_is_no_field_for_what_would_betray() -> None:
    assert {field.name for field in fields(AppointmentSlip)} == {
        "starts_at", "timezone", "site_name", "address", "door", "desk_words", "phone", "language",
    }  # fmt: skip


@pytest.mark.parametrize("language", ["fr", "en"])
def test_no_word_of_the_lexicon(language: str) -> None:
    lexicon = load(ROOT / "specialties" / "lexicon.txt")
    paper = appointment_slip(a_slip(language))
    with opened(paper) as pdf:
        outside = repr(dict(pdf.docinfo)) + str(pdf.Root.Metadata.read_bytes())
    assert lexicon.hits(text_of(paper) + outside) == []


def test_it_fits_one_page() -> None:
    with opened(appointment_slip(SLIP)) as pdf:
        assert len(pdf.pages) == 1


def test_its_length_says_nothing_about_the_place() -> None:
    far = replace(
        SLIP, address="Bâtiment C, escalier 4, " * 8, door="Grille bleue, interphone « Ångström & Çelik »"
    )
    assert len(appointment_slip(far)) == len(appointment_slip(SLIP)) == BYTES


def test_what_a_clinic_writes_is_text_and_not_markup() -> None:
    odd = replace(SLIP, site_name="Quai <b>5</b> & fils {{ 7 * 7 }}")
    assert "Quai <b>5</b> & fils {{ 7 * 7 }}" in text_of(appointment_slip(odd))
