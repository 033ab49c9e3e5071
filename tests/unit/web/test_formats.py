from datetime import UTC, datetime

import pytest

from app.web.formats import day_text, moment_text, money_text, time_text
from app.web.languages import Language

PARIS = "Europe/Paris"


def at(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type,misc]  # year, month, day, hour, minute


@pytest.mark.parametrize(
    ("moment", "language", "expected"),
    [
        (at(2026, 11, 24, 13, 30), "fr", "mardi 24 novembre à 14 h 30"),
        (at(2026, 11, 24, 13, 30), "en", "Tuesday 24 November at 2:30 pm"),
        (at(2026, 12, 1, 8, 0), "fr", "mardi 1er décembre à 9 h"),
        (at(2026, 12, 1, 8, 0), "en", "Tuesday 1 December at 9 am"),
        (at(2026, 7, 13, 22, 5), "fr", "mardi 14 juillet à 0 h 05"),
        (at(2026, 7, 13, 22, 5), "en", "Tuesday 14 July at 12:05 am"),
        (at(2026, 10, 25, 0, 30), "fr", "dimanche 25 octobre à 2 h 30"),
        (at(2026, 10, 25, 1, 30), "fr", "dimanche 25 octobre à 2 h 30"),
    ],
)
def test_moments_read_as_people_say_them(moment: datetime, language: Language, expected: str) -> None:
    assert moment_text(moment, PARIS, language).replace("\u00a0", " ") == expected


def test_a_site_overseas_has_its_own_day_and_hour() -> None:
    moment = at(2026, 11, 24, 20, 0)
    assert day_text(moment, "Indian/Reunion", "fr").replace("\u00a0", " ") == "mercredi 25 novembre"
    assert time_text(moment, "Indian/Reunion", "fr").replace("\u00a0", " ") == "0 h"


@pytest.mark.parametrize(
    ("cents", "french", "english"),
    [
        (5700, "57 €", "€57"),
        (2650, "26,50 €", "€26.50"),
        (5, "0,05 €", "€0.05"),
        (123456, "1 234,56 €", "€1,234.56"),
    ],
)
def test_money_is_exact(cents: int, french: str, english: str) -> None:
    assert money_text(cents, "fr").replace("\u00a0", " ").replace("\u202f", " ") == french
    assert money_text(cents, "en") == english
