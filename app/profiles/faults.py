"""A fault in a profile, and the plain words for what the models refuse."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from pydantic_core import ErrorDetails

PROFILE_FILE = "profile.toml"
PATHS_FILE = "paths.toml"


class Fault(NamedTuple):
    """One thing wrong: which file, which key in it (empty for the whole file), and why, in plain words."""

    file: str
    key: str
    reason: str

    def __str__(self) -> str:
        return ": ".join(part for part in self if part)


class ProfileFaults(Exception):
    """Profiles can't be used. `faults` holds one plain sentence for each thing wrong."""

    def __init__(self, faults: Iterable[str]) -> None:
        self.faults = list(faults)
        super().__init__("profiles refused:\n" + "\n".join(f"  - {fault}" for fault in self.faults))


def key_of(location: Iterable[int | str]) -> str:
    """Write a place in a document as people do: `acts[2].fee_cents`, counting from zero."""
    key = ""
    for step in location:
        key += f"[{step}]" if isinstance(step, int) else f".{step}"
    return key.removeprefix(".")


def reason_for(error: ErrorDetails) -> str:
    """Say why a model refused a value, without repeating the value."""
    location, kind, context = error["loc"], error["type"], error.get("ctx", {})
    last = location[-1] if location else ""
    if last in _LANGUAGES and kind in _EMPTY:
        return f"the {_LANGUAGES[str(last)]} text is missing"
    if last == "fee_cents" and kind in _NOT_WHOLE:
        return "a fee is a whole number of cents (57 € is 5700)"
    said = _REASONS.get(kind)
    return said(context) if said else error["msg"][:1].lower() + error["msg"][1:]


def _said(words: str) -> Callable[[Mapping[str, Any]], str]:
    return lambda _context: words


def _table(context: Mapping[str, Any]) -> str:
    if context.get("class_name") == "Text":
        return 'a text is a table with both languages: { fr = "…", en = "…" }'
    return "a table of keys is expected here"


_LANGUAGES = {"fr": "French", "en": "English"}
_EMPTY = {"missing", "string_too_short"}
_NOT_WHOLE = {"int_type", "int_from_float", "int_parsing", "int_parsing_size"}
_REASONS: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "missing": _said("the key is missing"),
    "extra_forbidden": _said("the key is unknown"),
    "string_type": _said("a text between quotes is expected"),
    "string_too_short": _said("the text is empty"),
    "string_pattern_mismatch": _said(
        "not in the form expected: two digits for a code, small letters, digits and _ "
        "for a slug, a single line without outer blanks for words"
    ),
    "int_type": _said("a whole number is expected"),
    "int_from_float": _said("a whole number is expected"),
    "bool_type": _said("true or false is expected, without quotes"),
    "date_type": _said("a date is expected, without quotes and without a time: 2026-11-21"),
    "tuple_type": _said("a list between [ ] is expected"),
    "model_type": _table,
    "model_attributes_type": _table,
    "literal_error": lambda context: f"must be {context['expected']}",
    "greater_than_equal": lambda context: f"must be {context['ge']} or more",
    "less_than_equal": lambda context: f"must be {context['le']} or less",
    "multiple_of": lambda context: f"must be a multiple of {context['multiple_of']}",
    "too_short": lambda context: f"needs {context['min_length']} or more, has {context['actual_length']}",
    "too_long": lambda context: f"holds {context['max_length']} at most, has {context['actual_length']}",
}
