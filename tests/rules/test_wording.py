"""What every text of the product keeps to: no pressure on anybody, and the signs that each language writes with."""

import re
from collections.abc import Iterator

import pytest
from babel.messages.pofile import read_po

from app.config import ROOT
from app.profiles.loader import load_all
from app.profiles.texts import texts_of
from tests.rules.test_translations import ENGLISH, said_in

PRESSURE = re.compile(
    r"derni[eè]res? (chance|place|créneau|minute|jour)|vite, |"
    r"plus qu[e’] ?(\d|un|deux|trois|quelques)|"
    r"réservez (vite|maintenant|sans (attendre|tarder))|dépêchez|ne (tardez|manquez|ratez)|sans (attendre|tarder)|"
    r"(bientôt|presque) (complet|épuisé|fini)|il ne reste que|d’autres (personnes )?regardent|compte à rebours|"
    r"profitez|\boffre|promo|"
    r"last (chance|place|slot|minute)|only \d+ left|book (now|fast|quickly|today)|hurry|don[’']t (miss|wait)|"
    r"(almost|nearly|selling) (full|gone|out)|others are (looking|viewing)|running out|"
    r"limited (time|offer)|countdown",
    re.IGNORECASE,
)
FRENCH_SIGNS = {
    "no space before a sign": re.compile(r"[^\s\d?!][;:!?»]|\d[;!?»]|\d:(?!\d)"),
    "no space inside « »": re.compile(r"«\S"),
    "a straight apostrophe": re.compile(r"'"),
    "a straight quotation mark": re.compile(r'"'),
    "three full stops": re.compile(r"\.\.\."),
    "two spaces": re.compile(r"\s\s"),
}
ENGLISH_SIGNS = {
    "a space before a sign": re.compile(r"\s[;:!?](\s|$)"),
    "French quotation marks": re.compile(r"[«»]"),
    "a straight apostrophe": re.compile(r"'"),
    "a straight quotation mark": re.compile(r'"'),
    "three full stops": re.compile(r"\.\.\."),
    "two spaces": re.compile(r"\s\s"),
}


def french_texts() -> Iterator[str]:
    """Yield every French text: of code, of templates, of the shipped profiles."""
    yield from sorted(said_in(ROOT / "app") | said_in(ROOT / "templates"))
    for one in load_all(ROOT / "specialties").values():
        yield from (text.fr for _key, _rule, text in texts_of(one.profile))


def english_texts() -> Iterator[str]:
    """Yield every English text: of the catalogue, of the shipped profiles."""
    with ENGLISH.open("rb") as file:
        for message in read_po(file, locale="en"):
            if message.id:
                forms = message.string or ()
                yield from [forms] if isinstance(forms, str) else forms
    for one in load_all(ROOT / "specialties").values():
        yield from (text.en for _key, _rule, text in texts_of(one.profile))


def faults(text: str, signs: dict[str, re.Pattern[str]]) -> list[str]:
    """Return what is wrong with a text."""
    plain = re.sub(r"%\(\w+\)[sd]", "X", text)
    return [f"{fault}: {text}" for fault, pattern in signs.items() if pattern.search(plain)]


def pressure(text: str) -> list[str]:
    """Return the words of a text that press somebody to decide."""
    return [f"{found.group()}: {text}" for found in PRESSURE.finditer(text)]


def test_no_text_presses_anybody() -> None:
    texts = [*french_texts(), *english_texts()]
    assert len(texts) > 800
    assert [fault for text in texts for fault in pressure(text)] == []


def test_french_is_written_with_french_signs() -> None:
    assert [fault for text in french_texts() for fault in faults(text, FRENCH_SIGNS)] == []


def test_english_is_written_with_english_signs() -> None:
    assert [fault for text in english_texts() for fault in faults(text, ENGLISH_SIGNS)] == []


@pytest.mark.parametrize(
    "text",
    [
        "Dernière chance pour ce mois.",
        "Plus que 2 créneaux.",
        "Vite, réservez !",
        "Réservez maintenant",
        "Il ne reste que trois places.",
        "Only 2 left",
        "Book now",
        "Last places",
        "3 others are viewing this",
    ],
)
def test_words_that_press_are_seen(text: str) -> None:
    assert pressure(text)


@pytest.mark.parametrize(
    "text", ["Pourquoi?", "Ici: rien", "«rien »", "l'heure", 'un "mot"', "a...", "a  b", "À 9; oui"]
)
def test_signs_that_are_not_french_are_seen(text: str) -> None:
    assert faults(text, FRENCH_SIGNS)


@pytest.mark.parametrize("text", ["Why ?", "«no»", "don't", "Wait..."])
def test_signs_that_are_not_english_are_seen(text: str) -> None:
    assert faults(text, ENGLISH_SIGNS)


def test_hours_and_places_for_values_are_no_faults() -> None:
    assert faults("À 8:30, dites : « %(name)s ».", FRENCH_SIGNS) == []
    assert faults("At 8:30, say: “%(name)s”.", ENGLISH_SIGNS) == []
