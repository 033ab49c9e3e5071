"""What is said in several words is found however they are joined; and in an address, words without any blank."""

import re

import pytest
from babel.messages.pofile import read_po

from app.config import ROOT
from app.discretion.gate import Betrayal, leaving
from app.discretion.lexicon import Lexicon, compiled, shipped
from app.discretion.surfaces import GLUED, Surface
from tests.unit.profiles.test_lexicon_file import EVERYDAY

JOINED = (
    " ", "  ", "\n", "\r\n ", "\t", "\u00a0", "\u202f", "\u2003", "+", "-", "--", "_", "/", ".", " - ", "·", "|",
    "~", "\u2010", "\u2011", "\u2012", "\u2013", "\u2014", "\u2015", "\u2212", "%20", "%2B", "&nbsp;", "&#45;",
)  # fmt: skip
SEVERAL = [stem.lstrip("=*+") for stem in shipped().stems if re.search(r"[ -]", stem)]
GLUED_WORDS = (
    "cliniquepsychiatrie",
    "rdvgyneco",
    "RDVPsychiatre",
    "1psychiatrie",
    "CLINIQUEDERMATO",
    "nossexologues",
)


def test_the_lexicon_has_stems_of_several_words() -> None:
    assert len(SEVERAL) >= 25


@pytest.mark.parametrize("joint", JOINED, ids=repr)
def test_a_stem_of_several_words_is_found_however_they_are_joined(joint: str) -> None:
    missed = [stem for stem in SEVERAL if not shipped().hits(f"Le {re.sub(r'[ -]', joint, stem)}, ici")]
    assert missed == []


@pytest.mark.parametrize(
    "text", ["Santé\nMentale", "/sante-mentale", "sages femmes", "sage\u2011femme", "burn out", "SAGES_FEMMES"]
)
def test_words_joined_otherwise_are_found(text: str) -> None:
    with pytest.raises(Betrayal):
        leaving(Surface.TITLE, text)


def test_a_stem_of_several_words_is_not_found_in_others() -> None:
    lexicon = compiled(["pomme rouge", "=li wu"])
    for text in ("la pomme est rouge", "pomme, rouge", "compomme rouge", "li wurst"):
        assert lexicon.hits(text) == []
    for text in ("pommes rouges", "chez Li\nWu"):
        assert lexicon.hits(text)


@pytest.mark.parametrize("surface", sorted(GLUED))
@pytest.mark.parametrize("word", GLUED_WORDS)
def test_a_word_glued_to_another_is_found_where_names_have_no_blank(surface: Surface, word: str) -> None:
    with pytest.raises(Betrayal):
        leaving(surface, f"https://{word}.example.fr/r/01")


def test_a_title_and_a_text_are_searched_by_words() -> None:
    """There a stem inside another word is chance: « aux États », « accouple »."""
    lexicon = compiled(["+ata", "pommier", "poir"])
    assert lexicon.hits("Un grandpommier, la strata, une histoirepoire") == []
    assert leaving(Surface.TITLE, "Un grandpommier", lexicon)
    for text in ("grandpommier.fr", "strata.fr", "GRAND-POMMIER.fr"):
        with pytest.raises(Betrayal):
            leaving(Surface.ADDRESS, text, lexicon)
    assert leaving(Surface.ADDRESS, "boispoire.fr", lexicon)


@pytest.mark.parametrize("address", ["https://xn--gynco-dsa.example.fr", "https://rdv.xn--sant-mentale-eeb.fr"])
def test_an_address_in_the_letters_of_the_name_system_is_read(address: str) -> None:
    with pytest.raises(Betrayal):
        leaving(Surface.ADDRESS, address)


def _hits_glued(lexicon: Lexicon, text: str) -> bool:
    return lexicon.first(text, glued=True) is not None


def test_what_the_house_says_and_its_own_addresses_are_left_alone() -> None:
    catalogue = ROOT / "app" / "web" / "translations" / "en" / "LC_MESSAGES" / "messages.po"
    with catalogue.open("rb") as file:
        texts = [str(text) for one in read_po(file) if one.id for text in (one.id, one.string)]
    neutral = (ROOT / "specialties" / "neutral.txt").read_text(encoding="utf-8").splitlines()
    addresses = (ROOT / "tests" / "rules" / "routes.txt").read_text(encoding="utf-8").splitlines()
    own = [*addresses, *EVERYDAY.splitlines(), *(line for line in neutral if not line.startswith("#"))]
    assert len(texts) > 500
    assert [text for text in [*texts, *own] if _hits_glued(shipped(), text)] == []


def test_names_of_our_code_are_left_alone() -> None:
    names = [path.stem for path in (ROOT / "app").rglob("*.py")]
    assert [name for name in names if shipped().inside.search(name)] == []
