"""The gate: everything that leaves the page passes it, and comes out as something only the gate makes."""

from functools import lru_cache
from typing import NewType

from app.discretion.lexicon import Lexicon, shipped
from app.discretion.surfaces import GLUED, Surface

_SAID_AFTER_AN = "aeioS"
"""First letters of the surfaces that begin with a vowel in speech: an address, an SMS text."""

Cleared = NewType("Cleared", str)
"""A text that passed the gate. Whoever sends takes this and no other text; only this package makes one."""


class Refused(Exception):
    """Something may not leave. The message names its kind and never holds what it said."""

    def __init__(self, surface: Surface, reason: str) -> None:
        article = "an" if surface[0] in _SAID_AFTER_AN else "a"
        super().__init__(f"{article} {surface} {reason}")
        self.surface = surface


class Betrayal(Refused):
    """A text about to leave would tell a specialty, an act or a name. The message names its place, not the text."""

    def __init__(self, surface: Surface, place: int) -> None:
        super().__init__(surface, f"holds a word of the lexicon at character {place}")
        self.place = place


class Malformed(Refused):
    """A thing about to leave has not the one shape its kind has: too long, another part, an unknown key."""


def leaving(surface: Surface, text: str, lexicon: Lexicon | None = None) -> Cleared:
    """Return `text` unchanged if it may leave by a surface. Raises Betrayal.

    The words of another lexicon are looked for besides the shipped ones, never instead of them.
    """
    asked = [shipped()] if lexicon is None else [lexicon] if _holds_the_shipped(lexicon) else [shipped(), lexicon]
    for one in asked:
        found = one.first(text, glued=surface in GLUED)
        if found is not None:
            raise Betrayal(surface, found)
    return Cleared(text)


@lru_cache(maxsize=16)
def _holds_the_shipped(lexicon: Lexicon) -> bool:
    return set(shipped().stems) <= set(lexicon.stems)
