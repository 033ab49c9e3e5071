"""Events as lines of ArcSight's Common Event Format, CEF:0.

Escaping is that of *Implementing ArcSight Common Event Format*: in the head `\\` and `|`, in values of the
extension `\\` and `=`, and there the ends of lines as `\\n` and `\\r`. The head can hold no end of line.
"""

import re
from collections.abc import Iterator

from app.ledger.siem import Told, Value

MAPPING = "1"
"""The device's version: that of this mapping, so that a parser can tell a later one."""
LABELLED_TEXTS, LABELLED_NUMBERS = 5, 2
"""How many texts and numbers of its own an event may have: `cs1` to `cs5`, `cn2` and `cn3`."""
_LINE_ENDS = re.compile(r"[\r\n]+")


def cef_line(told: Told) -> str:
    """Return an event as one line, without the line's end."""
    row = told.row
    head = ("Paravent", "Paravent", MAPPING, told.name, row.title, str(row.severity.cef))
    return "|".join(("CEF:0", *map(in_head, head), extension(_pairs(told))))


def in_head(text: str) -> str:
    """Escape a text for the head."""
    return _LINE_ENDS.sub(" ", text).replace("\\", "\\\\").replace("|", "\\|")


def in_value(value: Value) -> str:
    """Escape a value for the extension."""
    text = str(value).replace("\\", "\\\\").replace("=", "\\=")
    return text.replace("\r", "\\r").replace("\n", "\\n")


def extension(pairs: Iterator[tuple[str, Value | None]]) -> str:
    """Return an extension: `key=value`, those without a value left out."""
    return " ".join(f"{key}={in_value(value)}" for key, value in pairs if value is not None)


def _pairs(told: Told) -> Iterator[tuple[str, Value | None]]:
    yield "rt", round(told.at.timestamp() * 1000)
    yield "externalId", str(told.id)
    yield "cat", told.row.category
    yield "outcome", told.row.outcome
    yield "deviceProcessName", told.zone
    yield "suid", told.user
    yield "spriv", told.role
    yield "duid", told.target
    yield from _labelled("cn1", "position", told.position)
    yield from _labelled("cs6", "leaf", told.leaf.hex())
    yield from _labelled("flexString1", "purposes", ",".join(told.purposes) or None)
    yield from _labelled("flexString2", "subjects", ",".join(told.subjects) or None)
    yield from _declared(told)


def _declared(told: Told) -> Iterator[tuple[str, Value | None]]:
    """Yield the declared fields, texts and numbers each in the order of their names."""
    fields = sorted(told.declared.items())
    texts = [(name, value) for name, value in fields if isinstance(value, str)]
    numbers = [(name, value) for name, value in fields if not isinstance(value, str)]
    for place, (name, value) in enumerate(texts, 1):
        yield from _labelled(f"cs{place}", name, value)
    for place, (name, number) in enumerate(numbers, 2):
        yield from _labelled(f"cn{place}", name, number)


def _labelled(key: str, label: str, value: Value | None) -> Iterator[tuple[str, Value | None]]:
    if value is not None:
        yield key, value
        yield f"{key}Label", label
