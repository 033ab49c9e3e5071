"""Events with a place, made without a database, and readers of what is told of them, made from the norms alone."""

import json
import os
import re
from collections.abc import Mapping
from typing import Any, NamedTuple
from uuid import UUID

from app.ledger.events import EVENTS
from app.ledger.models import Event
from app.ledger.notes import time_of
from app.ledger.sealed import ContentExpired
from app.ledger.service import leaf_of
from app.ledger.siem import Placed
from tests.factories.house import MONDAY

ID = UUID(int=0x5AFE)
PATIENT = UUID(int=0xBAD)
"""A pseudonym, and the id of what is a patient's."""


class _NoKeys:
    def key_of(self, key: UUID, month: str) -> bytes:
        """Know no key."""
        raise ContentExpired


NO_KEYS = _NoKeys()
"""The keys of months that have all expired. What was written in clear is read without."""


def placed(
    name: str, fields: Mapping[str, Any], other: Mapping[str, Any] | None = None, event: UUID = ID
) -> Placed:
    """Return an event in clear as the tree has it at place 41; what `other` says goes before ours."""
    document = {
        "schema": 2,
        "event": str(event),
        "at": time_of(MONDAY),
        "zone": "clinic",
        "name": name,
        "subjects": [str(PATIENT)],
        "purposes": ["care"],
        "fields": {key: str(value) if isinstance(value, UUID) else value for key, value in fields.items()},
    }
    return as_placed(name, json.dumps(document | dict(other or {})), event)


def as_placed(name: str, payload: str, event: UUID = ID) -> Placed:
    """Return an event with any payload as the tree has it."""
    salt = os.urandom(32)
    leaf = leaf_of(salt, payload)
    row = Event(id=event, at=MONDAY, zone="clinic", name=name, payload=payload, salt=salt, leaf=leaf)
    return Placed(41, leaf, event, row)


def fields_of(name: str, person: UUID) -> dict[str, Any]:
    """Return fields of the kinds that an event declares; every id is one person's."""
    return {key: person if check(person) else 5 if check(5) else "word" for key, check in EVENTS[name].items()}


class Cef(NamedTuple):
    """A CEF line, read."""

    head: list[str]
    pairs: dict[str, str]


def read_cef(line: str) -> Cef:
    """Read a CEF line: seven parts parted by bars, then keys and values, each value up to the next key."""
    *head, rest = _parted(line, "|", 7)
    first, *pieces = _parted(rest, "=")
    keys, values = [first], []
    for piece in pieces[:-1]:
        value, key = piece.rsplit(" ", 1)
        keys.append(key)
        values.append(value)
    return Cef(
        [_unescaped(part) for part in head], dict(zip(keys, map(_unescaped, [*values, pieces[-1]]), strict=True))
    )


def _parted(text: str, sign: str, most: int = 0) -> list[str]:
    """Part a text at a sign that no backslash precedes, at most so often."""
    parts, start, at = list[str](), 0, 0
    while at < len(text) and not (most and len(parts) == most):
        if text[at] == "\\":
            at += 1
        elif text[at] == sign:
            parts.append(text[start:at])
            start = at + 1
        at += 1
    return [*parts, text[start:]]


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", lambda match: {"n": "\n", "r": "\r"}.get(match[1], match[1]), text)


class Syslog(NamedTuple):
    """A syslog message, read."""

    priority: int
    at: str
    host: str
    app: str
    process: str
    kind: str
    elements: dict[str, dict[str, str]]
    text: str


_HEAD = re.compile(r"<(\d{1,3})>1 (\S+) (\S{1,255}) (\S{1,48}) (\S{1,128}) (\S{1,32}) ", re.ASCII)
_ELEMENT = re.compile(r"\[([^ =\]\"]{1,32})((?: [^ =\]\"]{1,32}=\"(?:\\.|[^\\\"\]])*\")*)\]", re.DOTALL)
_PARAMETER = re.compile(r" ([^ =\]\"]{1,32})=\"((?:\\.|[^\\\"\]])*)\"", re.DOTALL)


def read_syslog(message: str) -> Syslog:
    """Read a message by the grammar of RFC 5424, section 6. The mark before a text that is not ASCII is dropped."""
    head = _HEAD.match(message)
    assert head, message
    elements, at = {}, head.end()
    while found := _ELEMENT.match(message, at):
        elements[found[1]] = {key: re.sub(r"\\(.)", r"\1", value) for key, value in _PARAMETER.findall(found[2])}
        at = found.end()
    assert message[at] == " "
    text = message[at + 1 :]
    assert text.isascii() or text.startswith("\ufeff")
    _, when, host, app, process, kind = head.groups()
    return Syslog(int(head[1]), when, host, app, process, kind, elements, text.removeprefix("\ufeff"))


def read_frames(data: bytes) -> list[str]:
    """Read what travelled, by RFC 5425, section 4.3: a length, a space, as many bytes; again and again."""
    messages = []
    while data:
        length, _, rest = data.partition(b" ")
        assert len(rest) >= int(length), "a frame was cut"
        messages.append(rest[: int(length)].decode())
        data = rest[int(length) :]
    return messages
