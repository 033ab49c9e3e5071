"""What a journey leaves on the device: a persistent Chromium profile is searched after exit and after closing."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext

from app.discretion.lexicon import shipped
from tests.factories.patient_in_browser import Patient
from tests.factories.served import Served

pytestmark = pytest.mark.browser

ACT = "0101"
TYPED = ("Marqueur Zoéphile", "0639980077")
SHOWN = ("rendez-vous est pris", "Vérifier et envoyer", "psychiatre")


Keeping = Callable[[Path], BrowserContext]


def history(profile: Path) -> list[tuple[str, str]]:
    """Return the address and title of each row of Chromium's history."""
    with sqlite3.connect(profile / "Default" / "History") as store:
        return [(str(url), str(title)) for url, title in store.execute("SELECT url, title FROM urls")]


def files_with(profile: Path, texts: tuple[str, ...]) -> list[str]:
    """Return the files of a profile that hold one of the texts, in UTF-8 or UTF-16."""
    wanted = [text.encode(encoding) for text in texts for encoding in ("utf-8", "utf-16-le")]
    return [
        str(path.relative_to(profile))
        for path in profile.rglob("*")
        if path.is_file() and any(text in path.read_bytes() for text in wanted)
    ]


def betraying(rows: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the rows in which the lexicon finds a word."""
    lexicon = shipped()
    return [row for row in rows if lexicon.hits(" ".join(row))]


def test_exit_leaves_nothing_on_the_device(keeping: Keeping, patient_zone: Served, tmp_path: Path) -> None:
    with keeping(tmp_path) as context:
        patient = Patient(context.new_page(), patient_zone.patient)
        patient.books(ACT, name=TYPED[0], phone=TYPED[1])
        patient.leaves_in_a_hurry()
        assert patient.heading() == "Bonjour"
        patient.page.go_back()
        assert not any(text in patient.page.inner_text("body") for text in (*SHOWN, *TYPED))
        assert context.cookies() == [] or all(len(cookie["value"]) == 47 for cookie in context.cookies())

    assert files_with(tmp_path, (*TYPED, *SHOWN)) == []


def test_history_of_a_journey_holds_no_word_of_the_lexicon(
    keeping: Keeping, patient_zone: Served, tmp_path: Path
) -> None:
    with keeping(tmp_path) as context:
        Patient(context.new_page(), patient_zone.patient).books(ACT)

    rows = history(tmp_path)
    assert len(rows) >= 9
    assert betraying(rows) == []


def test_closing_the_window_in_mid_journey_leaves_nothing(
    keeping: Keeping, patient_zone: Served, tmp_path: Path
) -> None:
    with keeping(tmp_path) as context:
        patient = Patient(context.new_page(), patient_zone.patient)
        patient.begins()
        patient.needs(ACT)
        patient.is_aged(34)
        patient.refuses_extras()
        patient.would_rather_speak()
        patient.takes_the_first_slot()
        patient.page.fill("#name", TYPED[0])
        patient.page.fill("#phone", TYPED[1])

    assert betraying(history(tmp_path)) == []
    assert files_with(tmp_path, (*TYPED, *SHOWN)) == []


def test_the_search_sees_what_a_naive_page_leaves(keeping: Keeping, tmp_path: Path) -> None:
    naive = tmp_path / "psychiatre.html"
    naive.write_text("<title>Rendez-vous chez le psychiatre</title><h1>psychiatre</h1>", encoding="utf-8")
    profile = tmp_path / "profile"
    with keeping(profile) as context:
        page = context.new_page()
        page.goto(naive.as_uri())
        page.wait_for_timeout(500)

    assert betraying(history(profile))
    assert files_with(profile, SHOWN)
