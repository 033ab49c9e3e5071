"""A byte search through files, for words that must be nowhere: as they are, in UTF-16, and in base64."""

import base64
from collections.abc import Iterable
from pathlib import Path


def files_with(words: Iterable[str], folder: Path) -> list[str]:
    """Return, for each file of a folder and its subfolders that holds a word, its name and the word."""
    needles = [(word, form) for word in words for form in forms_of(word)]
    files = [file for file in sorted(folder.rglob("*")) if file.is_file()]
    return [f"{file.name}: {word}" for file in files for word, form in needles if form in file.read_bytes()]


def forms_of(word: str) -> set[bytes]:
    """Return how a word would stand in a file, wherever it is in a longer text."""
    plain = word.encode()
    return {plain, word.encode("utf-16-le"), plain.hex().encode()} | {
        _in_base64(plain, shift) for shift in range(3)
    }


def _in_base64(word: bytes, shift: int) -> bytes:
    """Encode a word as it comes out `shift` bytes into a longer text, less the signs its neighbours decide."""
    encoded = base64.b64encode(bytes(shift) + word)
    return encoded[4 if shift else 0 : len(encoded) - 4]
