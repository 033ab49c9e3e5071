from pathlib import Path

import pytest

from app.discretion.files import CLASSES, FileTooLong, size_class
from app.discretion.gate import Betrayal, leaving
from app.discretion.lexicon import Lexicon, LexiconEmpty, compiled, load, shipped
from app.discretion.names import betraying
from app.discretion.surfaces import Surface


@pytest.fixture
def lexicon(tmp_path: Path) -> Lexicon:
    path = tmp_path / "lexicon.txt"
    path.write_text("# fruit\npomm   # a stem\n=kiwi\n*myrtil\nœillet rouge\n", encoding="utf-8")
    return load(path)


@pytest.mark.parametrize(
    "text",
    [
        "Une POMME",
        "un pommier",
        "po\u00admme",
        "pom\u200bme",
        "po&shy;mme",
        "p&#111;mme",
        "Pömme",
        "po%6Dme",
        "la-pomme.pdf",
        "ma_pomme",
        "un kiwi",
        "tartemyrtille",
        "oeillet rouge",
        "po%256Dme",
        "p&amp;#111;mme",
        "po\u2060mme",
        "po\u034fmme",
        "p\ufe0fomme",
        "\u202epomme",
        "ｐｏｍｍｅ",
        "𝓹𝓸𝓶𝓶𝓮",
        "𝐏𝐎𝐌𝐌𝐄",
        "ⓟⓞⓜⓜⓔ",
        "роmmе",
        "ΡΟΜΜΕ",
        "ᴘᴏᴍᴍᴇ",
        "🇵🇴🇲🇲🇪",
        "p.o.m.m.e",
        "un k-i-w-i !",
        "P O M M E",
        "ŒILLET ROUGE",
    ],
)
def test_a_disguised_word_is_found(lexicon: Lexicon, text: str) -> None:
    assert lexicon.hits(text)
    with pytest.raises(Betrayal):
        leaving(Surface.TITLE, text, lexicon)


@pytest.mark.parametrize("text", ["Mon espace", "Étape 3 sur 8 – Mon espace", "compomme", "kiwis", "poire", ""])
def test_a_neutral_text_leaves_unchanged(lexicon: Lexicon, text: str) -> None:
    assert lexicon.hits(text) == []
    assert leaving(Surface.TITLE, text, lexicon) == text


def test_a_betrayal_tells_kind_and_place_but_not_the_text(lexicon: Lexicon) -> None:
    with pytest.raises(Betrayal) as caught:
        leaving(Surface.PDF_NAME, "ma pomme", lexicon)
    assert (caught.value.surface, caught.value.place) == (Surface.PDF_NAME, 3)
    assert "pomm" not in str(caught.value)


@pytest.mark.parametrize("content", [None, "", "# nothing\n\n"])
def test_a_lost_lexicon_never_passes_for_a_clean_page(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "lexicon.txt"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    with pytest.raises(LexiconEmpty):
        load(path)


def test_files_come_in_a_few_sizes() -> None:
    assert size_class(1) == size_class(16384) == 16384
    assert size_class(16385) == 32768
    with pytest.raises(FileTooLong):
        size_class(CLASSES[-1] + 1)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Dr Hélène Quévremont-Aubry", "Rendez-vous avec HELENE"),
        ("Dr Hélène Quévremont-Aubry", "/r/quevremont"),
        ("Dr Hélène Quévremont-Aubry", "aubry.pdf"),
        ("Li Wu", "chez Li Wu"),
        ("Soin des pieds", "vos pieds"),
    ],
)
def test_names_of_people_and_acts_are_found_as_whole_words(lexicon: Lexicon, name: str, text: str) -> None:
    assert lexicon.hits(text) == []
    assert lexicon.with_names([name]).hits(text)
    assert lexicon.with_names([name]).hits("une pomme, aubryade, piedsec") == ["pomm"]


def test_everyday_names_add_nothing() -> None:
    everyday = [
        "Consultation",
        "Premier rendez-vous",
        "Rendez-vous de suivi",
        "Rendez-vous à distance",
        "Dr Mai",
        "3",
    ]
    assert betraying(everyday) == ()
    assert betraying(["Claire Avril", "Rendez-vous de 30 minutes"]) == ("claire",)


def test_names_never_stop_a_neutral_text() -> None:
    """However a practitioner is called or an act is named, what the house says to everybody still leaves."""
    neutral = (
        "Étape 3 sur 8 – Mon espace. Votre rendez-vous du mardi 1er décembre à 14 h 30. document.pdf Rappel Reçu"
    )
    assert shipped().with_names([neutral]).hits(neutral) == []


def test_a_lexicon_without_a_word_is_refused() -> None:
    with pytest.raises(LexiconEmpty):
        compiled([])


def test_random_text_in_hexadecimal_never_holds_a_word() -> None:
    """An identifier or an event id can't be refused by bad luck."""
    assert [stem for stem in shipped().stems if set(stem.lstrip("=*+")) <= set("0123456789abcdef-")] == []


def test_another_lexicon_is_looked_for_besides_the_shipped_one() -> None:
    weak = compiled(["zorglub"])
    for text in ("Psychiatrie", "Un zorglub"):
        with pytest.raises(Betrayal):
            leaving(Surface.TITLE, text, weak)
    assert leaving(Surface.TITLE, "Mon espace", weak) == "Mon espace"
