"""The counters of syllables, on words whose syllables everybody can say aloud."""

import pytest

from bench.syllables import english, french, french_as_written

FRENCH = {
    1: "le que page vie lieu lui soin gardent viennent lisent nuit tient août quelque l’heure qu’il cinq",
    2: "moment souvent argent patient client accueil payer réponse jamais envoi pays bruyant créer cruel convient",
    3: "oublier février appareil médecin maintenant envoyer rendez-vous travailler aujourd’hui poésie numéro",
    4: "navigateur consultation adolescent remboursement utilisez",
    5: "réadaptation",
    6: "hospitalisation confidentialité",
}
ENGLISH = {
    1: "one times please changed placed through",
    2: "appoint people little before wanted places create table",
    3: "appointment family radio another area",
    4: "information certificate",
}


def said(table: dict[int, str]) -> list[tuple[str, int]]:
    """Return each word of a table with its syllables."""
    return [(word, count) for count, words in table.items() for word in words.split()]


@pytest.mark.parametrize(("word", "count"), said(FRENCH))
def test_french_words_are_counted_as_they_are_said(word: str, count: int) -> None:
    assert french(word) == count


@pytest.mark.parametrize(("word", "count"), said(ENGLISH))
def test_english_words_are_counted_as_they_are_said(word: str, count: int) -> None:
    assert english(word) == count


@pytest.mark.parametrize(("word", "count"), [("réponse", 3), ("réponses", 3), ("le", 1), ("vie", 1), ("longue", 2)])
def test_a_mute_e_counts_where_it_is_asked_for(word: str, count: int) -> None:
    assert french_as_written(word) == count
