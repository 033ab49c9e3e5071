"""How easy the patient pages are to read: every page drawn for real, its sentences counted.

French is measured by the formula of Kandel and Moles (1958), 207 - 1.015 × words per sentence - 73.6 × syllables
per word; English by that of Flesch (1948), of which it is the French setting. 60 is plain language for an adult,
70 for somebody of twelve.

What is counted. Both formulas are made for running text. So a sentence counts when it ends in . ! ? or …, wherever
it stands in the page's main part (folded or not, heading, choice, hint or error); a label without a full stop does
not, nor do header and footer, which are labels. Two sentences are parted by these signs only, never by a colon or
a semicolon. An elided word goes with the next (*l’heure* is one word), a verb and its pronoun are two
(*notez-les*). What nobody spells out as they read is left out of both counts: figures, addresses with an @, and
names, which are the words with a capital inside a sentence. The same rule holds for every page, and every page has
a score of its own; one without a sentence has none.
"""

import re
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from xml.etree.ElementTree import Element

from bench.figures import Figure, Section
from bench.syllables import english, french, french_as_written
from tests.factories.every_page import every_page
from tests.factories.house import build_house

TITLE = "reading level"
PLAIN, FOR_THE_YOUNG, LONGEST_MEAN = 60, 70, 15
"""The least score for adults and for minors, and the most words a sentence has on average."""

_BLOCKS = frozenset(
    ("p", "li", "dd", "dt", "label", "legend", "summary", "h1", "h2", "h3", "div", "option", "button")
    + ("fieldset", "details", "form", "main", "br")
)
_SILENT = frozenset(("style", "script", "code", "head"))
_END = re.compile(r"(?<=[.!?…])(?<!\b[A-Z]\.)[\s\u00a0»)]+(?=[^a-zà-ÿ]|$)")
_SENTENCE = re.compile(r"[.!?…][\s»”)]*$")
_WORD = re.compile(r"[^\W\d_]+(?:[’'][^\W\d_]+)*")
_ONE_WORD = re.compile(
    r"\b(rendez|après|peut|au|ci|avant|là|mal|week|follow|e)-(vous|midi|être|dessous|dessus|hier|bas|end|up|mail)\b",
    re.IGNORECASE,
)


_SYLLABLES = {"fr": french, "en": english, "written": french_as_written}
"""How syllables are counted: French and English as said, and French with every mute e, which is stricter."""


@dataclass(frozen=True, slots=True)
class Level:
    """How a text reads."""

    words: int
    sentences: int
    syllables: int
    language: str = "fr"

    @property
    def score(self) -> float:
        """Kandel-Moles in French, Flesch in English; a text without a sentence has the best score."""
        if not self.sentences:
            return 100.0
        constant, weight = (206.835, 84.6) if self.language == "en" else (207.0, 73.6)
        return constant - 1.015 * self.mean - weight * self.syllables / self.words

    @property
    def mean(self) -> float:
        """Words per sentence."""
        return self.words / self.sentences if self.sentences else 0.0


@dataclass(frozen=True, slots=True)
class Drawn:
    """A page, who reads it, and its text."""

    name: str
    minor: bool
    blocks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PageLevel:
    """A page, who reads it, and how it reads."""

    name: str
    minor: bool
    level: Level

    @property
    def fault(self) -> str | None:
        """Return what is too hard, or None."""
        least = FOR_THE_YOUNG if self.minor else PLAIN
        if self.level.score < least:
            return f"{self.name}: {self.level.score:.1f}, {least} at least"
        if self.level.mean > LONGEST_MEAN:
            return f"{self.name}: {self.level.mean:.1f} words a sentence, {LONGEST_MEAN} at most"
        return None


def measure() -> Section:
    """Draw every page in both languages and show the hardest ones."""
    french_pages, english_pages = drawn("fr"), drawn("en")
    found = levels(french_pages, "fr")
    young = [page for page in found if page.minor]
    longest = max(found, key=lambda page: page.level.mean)
    return Section(
        TITLE,
        (
            _hardest("French, hardest page (Kandel-Moles)", found, PLAIN),
            _hardest("French, hardest page that minors read", young, FOR_THE_YOUNG),
            _hardest("French, with every mute e counted", levels(french_pages, "written"), PLAIN),
            _hardest("English, hardest page (Flesch)", levels(english_pages, "en"), PLAIN),
            Figure("words a sentence, at most", longest.level.mean, at_most=LONGEST_MEAN, note=longest.name),
        ),
    )


def drawn(language: str) -> list[Drawn]:
    """Draw every page of an invented clinic in a language."""
    with tempfile.TemporaryDirectory(prefix="paravent-reading-") as folder:
        house = build_house(Path(folder))
        try:
            return [
                Drawn(one.name, one.minor, tuple(_main(one.tree))) for one in every_page(house, f"l{language[0]}")
            ]
        finally:
            house.db.dispose()


def levels(pages: Iterable[Drawn], counted: str) -> list[PageLevel]:
    """Return how each page reads that has a sentence, its syllables counted in one of three ways."""
    found = [PageLevel(page.name, page.minor, level_of(page.blocks, counted)) for page in pages]
    return [page for page in found if page.level.sentences]


def _main(tree: Element) -> list[str]:
    found = tree.find(".//main")
    return [] if found is None else blocks_of(found)


def _hardest(name: str, pages: list[PageLevel], bar: int) -> Figure:
    hardest = min(pages, key=lambda page: page.level.score)
    mean = sum(page.level.score for page in pages) / len(pages)
    note = f"{hardest.name}; {len(pages)} pages, {mean:.0f} on average"
    return Figure(name, hardest.level.score, at_least=bar, note=note)


def level_of(blocks: Iterable[str], language: str = "fr") -> Level:
    """Return how the sentences of some blocks of text read."""
    syllables = _SYLLABLES[language]
    counted = [words_of(sentence) for block in blocks for sentence in sentences(block)]
    spoken = [words for words in counted if words]
    return Level(
        words=sum(map(len, spoken)),
        sentences=len(spoken),
        syllables=sum(syllables(word) for words in spoken for word in words),
        language=language,
    )


def sentences(block: str) -> list[str]:
    """Return the whole sentences of a block of text; what has no full stop is a label."""
    return [part for part in _END.split(" ".join(block.split())) if _SENTENCE.search(part)]


def words_of(sentence: str) -> list[str]:
    """Return the words of a sentence that are read out as words: not figures, signs and names."""
    joined = _ONE_WORD.sub(lambda match: match[1] + match[2], sentence)
    spoken = " ".join(part for part in joined.split() if "@" not in part)
    found = _WORD.findall(spoken)
    return [word for place, word in enumerate(found) if place == 0 or word[0].islower()]


def blocks_of(element: Element) -> list[str]:
    """Return the text of a page, one string a block, as a person reads it."""
    pieces = [""]
    _gather(element, pieces)
    return [piece for piece in pieces if piece.strip()]


def _gather(element: Element, pieces: list[str]) -> None:
    if element.tag in _SILENT:
        return
    parted = element.tag in _BLOCKS or "hint" in (element.get("class") or "")
    if parted:
        pieces.append("")
    pieces[-1] += element.text or ""
    for child in element:
        _gather(child, pieces)
        pieces[-1] += child.tail or ""
    if parted:
        pieces.append("")
