"""How a text's level is counted: what is a sentence and a word, and that a hard text is told from a plain one."""

import html5lib
import pytest

from bench.reading import FOR_THE_YOUNG, PLAIN, blocks_of, level_of, sentences, words_of

HARD = (
    "La réservation d’une consultation préalable est subordonnée à la communication d’informations personnelles "
    "dont la confidentialité est assurée conformément aux dispositions réglementaires applicables."
)
EASY = "Vous pouvez venir. On parle à votre rythme. Rien n’est à prouver."


def test_a_hard_text_is_told_from_a_plain_one() -> None:
    assert level_of([HARD]).score < PLAIN < FOR_THE_YOUNG < level_of([EASY]).score
    assert level_of([HARD]).mean > 15


def test_the_formula_is_that_of_kandel_and_moles() -> None:
    level = level_of(["Le jour vient. Vous lisez la page."])
    assert (level.words, level.sentences, level.syllables) == (7, 2, 8)
    assert level.score == pytest.approx(207 - 1.015 * 7 / 2 - 73.6 * 8 / 7)


@pytest.mark.parametrize(
    ("block", "found"),
    [
        ("Un prénom", []),
        ("Venez. Ou non", ["Venez."]),
        ("Qui est-ce ? A. Exemple", ["Qui est-ce ?"]),
        ("Avec A. Exemple, lundi.", ["Avec A. Exemple, lundi."]),
        ("« Rappelez. » Puis venez…", ["« Rappelez.", "Puis venez…"]),
        ("Lisez : rien ; tout.", ["Lisez : rien ; tout."]),
    ],
)
def test_a_sentence_ends_in_a_full_stop(block: str, found: list[str]) -> None:
    assert sentences(block) == found


@pytest.mark.parametrize(
    ("sentence", "found"),
    [
        ("Appelez le 15 ou le 112.", ["Appelez", "le", "ou", "le"]),
        ("Votre rendez-vous ?", ["Votre", "rendezvous"]),
        ("Notez-les à l’accueil.", ["Notez", "les", "à", "l’accueil"]),
        ("Par SMS, Fil santé jeunes.", ["Par", "santé", "jeunes"]),
        ("Par exemple : nom@exemple.fr.", ["Par", "exemple"]),
    ],
)
def test_names_and_figures_are_no_words_to_read(sentence: str, found: list[str]) -> None:
    assert words_of(sentence) == found


def test_a_page_is_read_block_by_block() -> None:
    html = (
        "<main><p>Un <b>gras</b>.<br>Deux</p><code>tests.py</code>"
        '<label><input><span>Trois<span class="hint">quatre</span></span></label></main>'
    )
    page = html5lib.parse(html, namespaceHTMLElements=False)
    assert [" ".join(block.split()) for block in blocks_of(page)] == ["Un gras.", "Deux", "Trois", "quatre"]
