"""The gate: every short text that leaves the page (title, file name, header, metadata) passes it."""

from app.discretion.lexicon import Lexicon, shipped


class Betrayal(Exception):
    """A text about to leave would tell a specialty. The message names its kind and the place, not the text."""

    def __init__(self, kind: str, place: int) -> None:
        super().__init__(f"a {kind} holds a word of the lexicon at character {place}")
        self.kind = kind
        self.place = place


def leaving(kind: str, text: str, lexicon: Lexicon | None = None) -> str:
    """Return `text` unchanged if it may leave as a `kind` ("title", "file name", …). Raises Betrayal.

    The lexicon is the shipped one unless another is given.
    """
    found = (lexicon or shipped()).first(text)
    if found is not None:
        raise Betrayal(kind, found)
    return text
