"""Code words: how they are drawn, read back, derived and waited for."""

import threading
import time
import unicodedata
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.config import WordsCost
from app.vault.hybrid import PUBLIC_BYTES, PublicKeyRefused
from app.vault.sealing import Unsealable
from app.vault.words import (
    WORDS,
    Language,
    TooManyAtOnce,
    WordsExhausted,
    WordsGate,
    derive_word_keys,
    new_words,
    normalise,
    open_with_words,
    seal_to_words,
)

CHEAP = WordsCost(memory_kib=64, passes=1)
SALT = bytes(16)


def nothing(_text: str) -> bool:
    return False


@pytest.mark.parametrize("language", ["fr", "en"])
def test_seven_words_are_drawn_from_many(language: Language) -> None:
    drawn = [new_words(language, nothing) for _ in range(200)]
    assert {len(words) for words in drawn} == {WORDS}
    assert len(set(drawn)) == 200
    assert len({word for words in drawn for word in words}) > 800


@pytest.mark.parametrize("language", ["fr", "en"])
def test_words_to_avoid_are_never_drawn(language: Language) -> None:
    drawn = [new_words(language, lambda text: "a" in text and " " not in text) for _ in range(50)]
    assert not any("a" in word for words in drawn for word in words)


def test_words_that_are_to_be_avoided_side_by_side_are_drawn_again() -> None:
    seen: list[str] = []

    def avoid_first_phrase(text: str) -> bool:
        if " " in text:
            seen.append(text)
        return " " in text and len(seen) == 1

    assert " ".join(new_words("fr", avoid_first_phrase)) == seen[1]


def test_nothing_left_to_draw_is_said() -> None:
    with pytest.raises(WordsExhausted):
        new_words("fr", lambda _text: True)


@pytest.mark.parametrize(
    "typed",
    [
        "abeille écureuil cœur",
        "  ABEILLE   Écureuil\tCŒUR\n",
        "abeille-ecureuil-coeur",
        "1. abeille 2. écureuil 3. coeur",
        "abeille, écureuil; cœur.",
        unicodedata.normalize("NFD", "abeille écureuil cœur"),
    ],
)
def test_case_accents_spaces_and_punctuation_do_not_count(typed: str) -> None:
    assert normalise(typed) == "abeille ecureuil coeur"


@pytest.mark.parametrize(
    "typed", ["abeile écureuil cœur", "écureuil abeille cœur", "abeille écureuil", "abeilleécureuil cœur"]
)
def test_typos_and_order_count(typed: str) -> None:
    assert normalise(typed) != "abeille ecureuil coeur"


@pytest.mark.parametrize("language", ["fr", "en"])
def test_drawn_words_read_back_however_they_are_written(language: Language) -> None:
    for _ in range(50):
        words = new_words(language, nothing)
        plain = normalise(" ".join(words))
        assert plain.count(" ") == WORDS - 1
        assert normalise(", ".join(words).upper()) == plain
        assert normalise(plain) == plain


@given(typed=st.text(st.characters(), max_size=3000))
def test_anything_typed_gives_a_string_that_derives(typed: str) -> None:
    plain = normalise(typed)
    assert normalise(plain) == plain or len(plain) >= 300
    assert len(derive_word_keys(plain, SALT, CHEAP).locator) == 32


def test_lone_surrogates_derive_too() -> None:
    assert len(derive_word_keys("\ud800", SALT, CHEAP).locator) == 32


def test_the_same_words_give_the_same_keys_and_others_do_not() -> None:
    one = derive_word_keys("abeille coeur", SALT, CHEAP)
    assert one == derive_word_keys("abeille coeur", SALT, CHEAP)
    others = [
        derive_word_keys("abeille coeurs", SALT, CHEAP),
        derive_word_keys("abeille coeur", bytes(15) + b"\1", CHEAP),
        derive_word_keys("abeille coeur", SALT, WordsCost(memory_kib=65, passes=1)),
    ]
    assert all(one.locator != other.locator and one.public_bytes != other.public_bytes for other in others)
    assert len(one.public_bytes) == PUBLIC_BYTES


def test_what_is_sealed_to_words_opens_with_them_alone() -> None:
    identity = uuid4()
    keys = derive_word_keys("abeille coeur", SALT, CHEAP)
    sealed = seal_to_words(keys.public_bytes, {"schema": 1, "space": "marker"}, identity)
    assert open_with_words(keys, sealed, identity) == {"schema": 1, "space": "marker"}
    assert b"marker" not in sealed
    with pytest.raises(Unsealable):
        open_with_words(derive_word_keys("abeille", SALT, CHEAP), sealed, identity)
    with pytest.raises(Unsealable):
        open_with_words(keys, sealed, uuid4())
    with pytest.raises(Unsealable):
        open_with_words(keys, b"", identity)


@pytest.mark.parametrize("public", [b"", bytes(10), b"\xff" * PUBLIC_BYTES, bytes(PUBLIC_BYTES + 1)])
def test_a_public_key_that_is_none_is_refused(public: bytes) -> None:
    with pytest.raises(PublicKeyRefused):
        seal_to_words(public, {"schema": 1}, uuid4())


def test_the_seed_is_not_shown() -> None:
    keys = derive_word_keys("abeille coeur", SALT, CHEAP)
    assert repr(keys.seed) not in repr(keys)
    assert "seed" not in repr(keys)


def test_the_gate_lets_few_derive_at_once_and_tells_the_others() -> None:
    gate, slow = WordsGate(at_once=1, wait_seconds=0.02), WordsCost(memory_kib=32768, passes=4)
    started, refused = threading.Barrier(4), []

    def derive() -> None:
        started.wait()
        try:
            gate.derive("abeille", SALT, slow)
        except TooManyAtOnce:
            refused.append(True)

    threads = [threading.Thread(target=derive) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 1 <= len(refused) <= 3


def test_the_gate_opens_again_after_each() -> None:
    gate = WordsGate(at_once=1, wait_seconds=0)
    assert len({gate.derive("abeille", SALT, CHEAP).locator for _ in range(5)}) == 1


def test_right_wrong_and_malformed_words_take_the_same_time() -> None:
    cost = WordsCost(memory_kib=4096, passes=2)
    typed = [" ".join(new_words("fr", nothing)), "abeille", "", "\ud800" * 1000, "x" * 100_000]
    best = dict.fromkeys(typed, float("inf"))
    for _ in range(200):  # each one's best time; a busy machine only needs more rounds
        for text in typed:
            began = time.perf_counter()
            derive_word_keys(normalise(text), SALT, cost)
            best[text] = min(best[text], time.perf_counter() - began)
        if max(best.values()) < 1.5 * min(best.values()):
            return
    pytest.fail("some words take longer than others")


def test_beyond_a_short_queue_the_gate_refuses_at_once() -> None:
    gate, slow = WordsGate(at_once=1, wait_seconds=30, waiting=2), WordsCost(memory_kib=65536, passes=10)
    started, refused_after = threading.Barrier(8), []

    def derive() -> None:
        started.wait()
        began = time.monotonic()
        try:
            gate.derive("abeille", SALT, slow)
        except TooManyAtOnce:
            refused_after.append(time.monotonic() - began)

    threads = [threading.Thread(target=derive) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 1 <= len(refused_after) <= 5, "more wait than the queue has room for"
    assert max(refused_after) < 10
    assert gate.derive("abeille", SALT, CHEAP)
