"""The words of names (a practitioner's, an act's) that would betray: all but the everyday ones.

A name is cut in words. Those of three letters or more are kept, unless they stand in `specialties/neutral.txt`:
the words that neutral texts are made of. So "Consultation" or "Premier rendez-vous" adds nothing, and a Docteur
Avril does not stop what is said of April: of her name, the rest is looked for. A name of short words alone
("Li Wu") is looked for as a whole.
"""

import re
from collections.abc import Iterable
from functools import lru_cache

from app.config import ROOT
from app.discretion.disguises import normalised

NEUTRAL = ROOT / "specialties" / "neutral.txt"

_WORD = re.compile(r"[a-z0-9]+")
_LEAST = 3


def betraying(names: Iterable[str]) -> tuple[str, ...]:
    """Return, sorted and once each, the normalised words of `names` that are looked for as whole words."""
    return tuple(sorted({word for name in names for word in _kept(name)}))


@lru_cache(maxsize=1)
def neutral_words() -> frozenset[str]:
    """Return the everyday words. A missing file is an empty list: then more is refused, never less."""
    lines = NEUTRAL.read_text(encoding="utf-8").splitlines() if NEUTRAL.is_file() else []
    return frozenset(word for line in lines for word in _WORD.findall(normalised(line.split("#")[0])))


def _kept(name: str) -> list[str]:
    words = _WORD.findall(normalised(name))
    long = [word for word in words if len(word) >= _LEAST and not word.isdigit() and word not in neutral_words()]
    if not long and len(words) > 1 and all(len(word) < _LEAST for word in words):
        return [" ".join(words)]
    return long
