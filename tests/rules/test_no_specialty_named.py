"""`app/` and `templates/` never name a specialty: behaviour follows from what a profile has, not from its name."""

import re

import pytest

from app.discretion.lexicon import Lexicon, compiled, load
from tests.rules.sources import ROOT, Source, sources

SPECIALTIES = ROOT / "specialties"
EVERYDAY = {
    "inject": "what is done to a value",
    "abort": "what Flask does to a request",
    "filler": "what keeps a form's size",
}
"""Stems that are also everyday words of programming, and may be said for that."""
DRIVER = "psycopg"
"""The name of the PostgreSQL driver, which a setting must spell."""


def words() -> Lexicon:
    """Return the lexicon as this rule uses it."""
    shipped = load(SPECIALTIES / "lexicon.txt")
    return compiled(stem for stem in shipped.stems if not any(word in stem for word in EVERYDAY))


def slugs() -> list[str]:
    """Return the names of the shipped specialties, as their folders say them."""
    return sorted(
        folder.name for folder in SPECIALTIES.iterdir() if folder.is_dir() and folder.name != "__pycache__"
    )


def faults_of_naming(files: list[Source], lexicon: Lexicon, names: list[str]) -> list[str]:
    """Return each line that names a specialty, or says a word that belongs to one."""
    suspects = [file for file in files if _words_in(file.text, lexicon, names)]
    return [
        f"{file.path}:{number}: says {', '.join(found)}"
        for file in suspects
        for number, line in enumerate(file.text.splitlines(), 1)
        if (found := _words_in(line, lexicon, names))
    ]


def _words_in(text: str, lexicon: Lexicon, names: list[str]) -> list[str]:
    return lexicon.hits(_spaced(text.replace(DRIVER, ""))) + [name for name in names if name in text]


def _spaced(text: str) -> str:
    """Split names as code joins them, so that `isGardenProfile` and `garden_profile` show their words."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|_", " ", text)


def test_no_file_names_a_specialty() -> None:
    files = [*sources("app", "wsgi.py"), *sources("templates", suffix=".html"), *sources("static", suffix="")]
    assert faults_of_naming(files, words(), slugs()) == []


@pytest.mark.parametrize(
    "wrong",
    [
        "if slug == 'psychiatry':",
        "def is_psy(act): ...",
        "isPsyProfile = 1",
        "<p>Votre r&eacute;sultat de d&eacute;pistage</p>",
    ],
)
def test_a_specialty_named_is_seen(wrong: str) -> None:
    assert len(faults_of_naming([Source("app/booking/steps.py", wrong)], words(), slugs())) == 1


def test_there_are_specialties_to_look_for() -> None:
    assert len(slugs()) >= 3


@pytest.mark.parametrize("stem", EVERYDAY)
def test_every_exception_is_in_the_lexicon(stem: str) -> None:
    assert load(SPECIALTIES / "lexicon.txt").hits(stem)
