"""Code words: seven words that give a locator and a key pair, and nothing else does.

The lists are BIP 39's (2,048 words, no two alike once accents are dropped): seven words are 77 bits, and
Argon2id stands before each guess.
"""

import secrets
import threading
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal
from uuid import UUID

from argon2.low_level import Type, hash_secret_raw
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand
from mnemonic import Mnemonic

from app.config import WordsCost
from app.vault.hybrid import SEED_BYTES, open_with, public_of, seal_to
from app.vault.sealing import decode_document, encode_document

WORDS = 7
Language = Literal["fr", "en"]

_LISTS: Mapping[Language, str] = {"fr": "french", "en": "english"}
_LONGEST_TYPED = 300
_ATTEMPTS = 1000
_LIGATURES = str.maketrans({"œ": "oe", "æ": "ae"})


class WordsExhausted(Exception):
    """The words to avoid leave none to draw."""


class TooManyAtOnce(Exception):
    """Too many words are being tried at this moment: the queue was too long to wait."""


@dataclass(frozen=True, slots=True)
class WordKeys:
    """What the words give: where to look, the public key to seal to, and the seed that opens."""

    locator: bytes
    public_bytes: bytes = field(repr=False)
    seed: bytes = field(repr=False)


class WordsGate:
    """Lets few derivations run at once in a process, since each takes memory and time; a few more wait a while."""

    def __init__(self, at_once: int = 2, wait_seconds: float = 5.0, waiting: int = 8) -> None:
        self._inside = threading.BoundedSemaphore(at_once + waiting)
        self._places = threading.BoundedSemaphore(at_once)
        self._wait_seconds = wait_seconds

    def derive(self, normalised: str, salt: bytes, cost: WordsCost) -> WordKeys:
        """Derive in turn. Raises TooManyAtOnce at once when too many wait, or when no place comes free in time."""
        with _taken(self._inside, 0), _taken(self._places, self._wait_seconds):
            return derive_word_keys(normalised, salt, cost)


@contextmanager
def _taken(places: threading.BoundedSemaphore, seconds: float) -> Iterator[None]:
    if not places.acquire(timeout=seconds):
        raise TooManyAtOnce("too many code words are being tried at once")
    try:
        yield
    finally:
        places.release()


def new_words(
    language: Language, avoid: Callable[[str], bool], below: Callable[[int], int] = secrets.randbelow
) -> tuple[str, ...]:
    """Draw seven words of a language, none of which, alone or beside the others, is to be avoided.

    `below(n)` gives a number under n: at random, or derived from a secret that must give the same words again.

    Raises WordsExhausted when `avoid` refuses nearly everything.
    """
    words = _words_of(language)
    for _ in range(_ATTEMPTS):
        drawn = tuple(_draw(words, avoid, below) for _ in range(WORDS))
        if not avoid(" ".join(drawn)):
            return drawn
    raise WordsExhausted("no code words are left to draw")


def normalise(typed: str) -> str:
    """Return words as they are derived from: letters only, no case, no accents, single spaces, in their order.

    Digits and punctuation separate words, so that a numbered or hyphenated list reads the same. Anything at all
    gives a string, which a wrong or malformed entry derives from in the same time as a right one.
    """
    plain = _folded(_folded(typed[:_LONGEST_TYPED])).translate(_LIGATURES)
    letters = (c if c.isalpha() else " " for c in plain if not unicodedata.combining(c))
    return " ".join("".join(letters).split())


def derive_word_keys(normalised: str, salt: bytes, cost: WordsCost) -> WordKeys:
    """Derive locator and key pair (Argon2id, RFC 9106; then HKDF) under the installation's salt.

    Takes the memory and time of `cost` whatever it is given: entry points go through a `WordsGate`.
    """
    typed = normalised.encode("utf-8", "replace")
    stretched = hash_secret_raw(typed, salt, cost.passes, cost.memory_kib, cost.lanes, 32, Type.ID)
    locator = HKDFExpand(SHA256(), 32, b"paravent words locator").derive(stretched)
    seed = HKDFExpand(SHA256(), SEED_BYTES, b"paravent words key pair").derive(stretched)
    return WordKeys(locator, public_of(seed), seed)


def seal_to_words(public_bytes: bytes, document: Mapping[str, Any], object_id: UUID) -> bytes:
    """Seal a document that carries its `schema` to code words, bound to a submission or draft."""
    return seal_to(public_bytes, encode_document(document), _info(object_id))


def open_with_words(keys: WordKeys, sealed: bytes, object_id: UUID) -> dict[str, Any]:
    """Open what `seal_to_words` made for the same words and id. Raises Unsealable."""
    return decode_document(open_with(keys.seed, sealed, _info(object_id)))


@cache
def _words_of(language: Language) -> tuple[str, ...]:
    return tuple(unicodedata.normalize("NFC", word) for word in Mnemonic(_LISTS[language]).wordlist)


def _draw(words: tuple[str, ...], avoid: Callable[[str], bool], below: Callable[[int], int]) -> str:
    for _ in range(_ATTEMPTS):
        word = words[below(len(words))]
        if not avoid(word):
            return word
    raise WordsExhausted("no code words are left to draw")


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKD", text).casefold()  # twice: each can undo the other (Unicode 3.13, D146)


def _info(object_id: UUID) -> bytes:
    return b"paravent words 1 " + object_id.bytes
