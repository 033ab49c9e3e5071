from pathlib import Path

import pytest

from app.discretion.files import CLASSES, FileTooLong, size_class
from app.discretion.gate import Betrayal, leaving
from app.discretion.lexicon import Lexicon, LexiconEmpty, load


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
        "ŒILLET ROUGE",
    ],
)
def test_a_disguised_word_is_found(lexicon: Lexicon, text: str) -> None:
    assert lexicon.hits(text)
    with pytest.raises(Betrayal):
        leaving("title", text, lexicon)


@pytest.mark.parametrize("text", ["Mon espace", "Étape 3 sur 8 – Mon espace", "compomme", "kiwis", "poire", ""])
def test_a_neutral_text_leaves_unchanged(lexicon: Lexicon, text: str) -> None:
    assert lexicon.hits(text) == []
    assert leaving("title", text, lexicon) == text


def test_a_betrayal_tells_kind_and_place_but_not_the_text(lexicon: Lexicon) -> None:
    with pytest.raises(Betrayal) as caught:
        leaving("file name", "ma pomme", lexicon)
    assert (caught.value.kind, caught.value.place) == ("file name", 3)
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
