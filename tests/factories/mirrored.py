"""An invented language that reads from right to left: each text of the pages wrapped in Arabic letters."""

from pathlib import Path

import pytest
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from app.web import jinja, languages
from app.web.languages import Spoken

MIRRORED = Spoken("ar", "العربية", "a", "في", ":", "rtl")
ENGLISH = jinja.TRANSLATIONS / "en" / "LC_MESSAGES" / "messages.po"


def add_mirrored_language(patch: pytest.MonkeyPatch, folder: Path) -> None:
    """Do what adding a language takes: one row in the list, and one catalogue. `patch` undoes it."""
    _write_catalogue(folder / MIRRORED.code / "LC_MESSAGES")
    (folder / "en").symlink_to(jinja.TRANSLATIONS / "en")
    patch.setattr(jinja, "TRANSLATIONS", folder)
    patch.setattr(languages, "LANGUAGES", (*languages.LANGUAGES, MIRRORED))
    jinja.translator.cache_clear()


def forget_mirrored_language() -> None:
    """Forget the texts that were read while the language was there."""
    jinja.translator.cache_clear()


def _write_catalogue(folder: Path) -> None:
    with ENGLISH.open("rb") as file:
        catalogue = read_po(file, locale="en")
    catalogue.locale = None
    for message in catalogue:
        if message.id and isinstance(message.id, str):
            message.string = f"مرحبا {message.id} شكرا"
        elif message.id:
            message.string = tuple(f"مرحبا {text} شكرا" for text in message.id)
    folder.mkdir(parents=True)
    with (folder / "messages.mo").open("wb") as file:
        write_mo(file, catalogue)
