"""Nested data as it may leave (a payload, a label): every key and every value is looked at."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.discretion.gate import Malformed, leaving
from app.discretion.lexicon import Lexicon
from app.discretion.payment import check_shape
from app.discretion.surfaces import Surface

BANK_LABELS = ("statement_descriptor", "statement_descriptor_suffix")
"""Keys of a payment whose text a bank prints on a statement."""

_JOINED = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_BANK_LABEL = re.compile(r"(?=.*[A-Z])[A-Z0-9][A-Z0-9 .-]{3,20}[A-Z0-9]")


@dataclass(frozen=True, slots=True)
class ClearedFields:
    """Nested data that passed the gate. Only this module makes one."""

    surface: Surface
    fields: Mapping[str, Any]


def clear_fields(surface: Surface, fields: Mapping[str, Any], lexicon: Lexicon | None = None) -> ClearedFields:
    """Return nested data if it may leave. Raises Betrayal, or Malformed for what is no plain value."""
    for text in _texts(surface, fields):
        leaving(surface, text, lexicon)
    return ClearedFields(surface, fields)


def clear_payment(payload: Mapping[str, Any], lexicon: Lexicon | None = None) -> ClearedFields:
    """Return what a payment provider may be told. Raises Betrayal or Malformed.

    It names nobody: its keys are a few, and none takes free text; what a bank prints has the form banks take.
    """
    for text in _bank_labels(payload):
        _bank_label(text, lexicon)
    cleared = clear_fields(Surface.PAYMENT, payload, lexicon)
    check_shape(payload)
    return cleared


def _bank_labels(payload: Mapping[str, Any]) -> Iterator[str]:
    for key, value in payload.items():
        if key in BANK_LABELS:
            yield str(value)
        elif isinstance(value, Mapping):
            yield from _bank_labels(value)


def _bank_label(text: str, lexicon: Lexicon | None) -> None:
    leaving(Surface.BANK_LABEL, text, lexicon)
    if not _BANK_LABEL.fullmatch(text):
        raise Malformed(Surface.BANK_LABEL, "is not 5 to 22 capitals, digits, spaces, dots or hyphens")


def _texts(surface: Surface, value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield _JOINED.sub(" ", value)
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _texts(surface, key)
            yield from _texts(surface, inner)
    elif isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        for inner in value:
            yield from _texts(surface, inner)
    elif value is not None and not isinstance(value, int):
        raise Malformed(surface, f"holds a {type(value).__name__}, which can't be read")
