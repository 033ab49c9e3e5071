"""The words that would betray a specialty, and the search for them in what leaves the house.

The list is data (`specialties/lexicon.txt`): one stem a line, `#` for a comment. A stem is found at the start
of a word, whatever its disguise (`app.discretion.disguises`). `=word` asks for the whole word, `*stem` finds it
inside words too. Names of people and acts are added to it (`app.discretion.names`).

The words of a stem may stand in the plural, joined by anything or by nothing. Where a text is glued (an address,
a sender, a label), stems of six letters or more are looked for inside words, and shorter ones written `+stem`.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from app.config import ROOT
from app.discretion.disguises import SEPARATORS, closed_up, normalised
from app.discretion.names import betraying

SHIPPED = ROOT / "specialties" / "lexicon.txt"

_LONG = 6
"""Letters of a stem that no everyday word holds by chance."""

_WORD = re.compile(r"[^\W_]+")
_BETWEEN = rf"s?[{SEPARATORS}]*"
_NEVER = re.compile(r"(?!)")


class LexiconEmpty(Exception):
    """The lexicon file is missing or holds no word: nothing could be checked against it."""


@dataclass(frozen=True, slots=True)
class Lexicon:
    """A list of stems, the one expression that finds them all, and the one for words glued to others."""

    stems: tuple[str, ...]
    pattern: re.Pattern[str]
    inside: re.Pattern[str]

    def hits(self, text: str) -> list[str]:
        """Return the stems found in a text, in order, each as it stands in its normalised form."""
        return [match[0] for form in _forms(text) for match in self.pattern.finditer(form)]

    def first(self, text: str, *, glued: bool = False) -> int | None:
        """Return where the first stem stands in the normalised text, or None; in a glued text, inside words too."""
        asked = (self.pattern, self.inside) if glued else (self.pattern,)
        found = (pattern.search(form) for form in _forms(text) for pattern in asked)
        return next((match.start() for match in found if match), None)

    def with_names(self, names: Iterable[str]) -> "Lexicon":
        """Return this lexicon with the words of some names (people, acts) that are not everyday ones."""
        return compiled([*self.stems, *(f"={word}" for word in betraying(names))])


def compiled(stems: Iterable[str]) -> Lexicon:
    """Return the lexicon of some stems, written as in the file. Raises LexiconEmpty when there is none."""
    kept = tuple(dict.fromkeys(stems))
    if not kept:
        raise LexiconEmpty("no word to look for")
    anywhere = [_expression(stem) for stem in kept if stem.startswith("*")]
    begun = "|".join(_expression(stem) for stem in kept if not stem.startswith("*"))
    # Asked once, not before each stem: it is thirty times as quick.
    at_a_beginning = [rf"(?<![a-z0-9])(?:{begun})"] if begun else []
    return Lexicon(kept, re.compile("|".join([*at_a_beginning, *anywhere])), _inside(kept))


def load(path: Path = SHIPPED) -> Lexicon:
    """Read a lexicon. Raises LexiconEmpty, so that a lost file never passes for a clean page."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    stems = [stem for line in lines if (stem := line.split("#")[0].strip())]
    if not stems:
        raise LexiconEmpty(f"no word in {path.name}")
    return compiled(stems)


@lru_cache(maxsize=1)
def shipped() -> Lexicon:
    """Return the lexicon that comes with the profiles."""
    return load()


def _forms(text: str) -> list[str]:
    """Return a text as it is searched: normalised, and once more with spelt words put together if it has any."""
    plain = normalised(text)
    closed = closed_up(plain)
    return [plain] if closed == plain else [plain, closed]


def _expression(stem: str) -> str:
    """Return what finds a stem; its beginning is for the caller to ask for."""
    words = _WORD.findall(normalised(stem))
    return _BETWEEN.join(words) + (r"(?![a-z0-9])" if stem.startswith("=") else "")


def _inside(stems: Iterable[str]) -> re.Pattern[str]:
    """Return what finds stems inside words: the long ones, and those that ask for it."""
    sure = [stem for stem in stems if stem.startswith("+") or _is_long(stem)]
    return re.compile("|".join(map(_expression, sure))) if sure else _NEVER


def _is_long(stem: str) -> bool:
    return not stem.startswith("=") and sum(map(len, _WORD.findall(normalised(stem)))) >= _LONG
