"""The languages patients may read in: the only list. A language more is one row here and one catalogue.

Whoever reads the list asks `spoken()` when it is needed: the cookie, the header's switch, the templates' `lang` and
`dir`, dates, hours and money.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from app.config import ROOT

Language = str
"""The code of a language of the list."""

_STYLES = ROOT / "templates" / "patient"


@dataclass(frozen=True, slots=True)
class Spoken:
    """One language: its code (BCP 47), its own name for itself, its letter in the cookie, how it writes a moment.

    `at` joins a day and an hour. `hours` writes 14:30 as "14 h 30", "2:30 pm" or "14:30".
    """

    code: Language
    name: str
    letter: str
    at: str
    hours: Literal["h", "am", ":"]
    direction: Literal["ltr", "rtl"] = "ltr"


SOURCE = Spoken("fr", "français", "f", "à", "h")
"""What the texts of the code are written in. It has no catalogue, and is what a visitor reads first."""

LANGUAGES: Sequence[Spoken] = (SOURCE, Spoken("en", "English", "e", "at", "am"))


def spoken() -> Sequence[Spoken]:
    """Return every language, the source first."""
    return LANGUAGES


def of_code(code: str) -> Spoken:
    """Return the language of a code; an unknown one reads the source language."""
    return next((one for one in spoken() if one.code == code), SOURCE)


def of_letter(letter: str) -> Language | None:
    """Return the code of the language that a letter stands for in the cookie, if there is one."""
    return next((one.code for one in spoken() if one.letter == letter), None)


def more_styles() -> tuple[Path, ...]:
    """Return the stylesheets that only some lists need: a menu of languages, and what is mirrored."""
    menu = (_STYLES / "menu.css",) if len(spoken()) > 2 else ()
    mirrored = (_STYLES / "mirrored.css",) if any(one.direction == "rtl" for one in spoken()) else ()
    return menu + mirrored
