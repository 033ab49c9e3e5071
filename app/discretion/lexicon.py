"""The words that would betray a specialty, and the search for them in what leaves the house.

The list is data (`specialties/lexicon.txt`): one stem a line, `#` for a comment. A stem is found at the start
of a word, whatever its case, accents, soft hyphens, entities or percent-encoding. `=word` asks for the whole
word, `*stem` finds it inside words too.
"""

import html
import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from urllib.parse import unquote

from app.config import ROOT

SHIPPED = ROOT / "specialties" / "lexicon.txt"

_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2060\ufeff]")
_LIGATURES = str.maketrans({"œ": "oe", "æ": "ae", "’": "'", "ß": "ss"})


class LexiconEmpty(Exception):
    """The lexicon file is missing or holds no word: nothing could be checked against it."""


@dataclass(frozen=True, slots=True)
class Lexicon:
    """A compiled list of stems."""

    pattern: re.Pattern[str]

    def hits(self, text: str) -> list[str]:
        """Return the stems found in a text, in order, each as it stands in its normalised form."""
        return [match[0] for match in self.pattern.finditer(normalised(text))]

    def first(self, text: str) -> int | None:
        """Return where the first stem stands in the normalised text, or None."""
        match = self.pattern.search(normalised(text))
        return match.start() if match else None


def normalised(text: str) -> str:
    """Return a text without what hides a word: encoding, entities, case, accents, invisible characters."""
    text = html.unescape(unquote(text))
    text = _INVISIBLE.sub("", text).casefold().translate(_LIGATURES)
    return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))


def load(path: Path = SHIPPED) -> Lexicon:
    """Read a lexicon. Raises LexiconEmpty, so that a lost file never passes for a clean page."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    stems = [stem for line in lines if (stem := line.split("#")[0].strip())]
    if not stems:
        raise LexiconEmpty(f"no word in {path.name}")
    return Lexicon(re.compile("|".join(_expression(stem) for stem in stems)))


@lru_cache(maxsize=1)
def shipped() -> Lexicon:
    """Return the lexicon that comes with the profiles."""
    return load()


def _expression(stem: str) -> str:
    word = re.escape(normalised(stem.lstrip("=*")))
    if stem.startswith("*"):
        return word
    return rf"(?<![a-z0-9]){word}" + (r"(?![a-z0-9])" if stem.startswith("=") else "")
