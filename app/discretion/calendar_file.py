"""A calendar file as it may leave: when, a neutral word, and nothing else a calendar could show or share."""

import re
from dataclasses import dataclass

from app.discretion.gate import Malformed, leaving
from app.discretion.lexicon import Lexicon
from app.discretion.surfaces import Surface

_ALLOWED = frozenset(
    ("BEGIN", "END", "VERSION", "PRODID", "UID", "DTSTAMP", "DTSTART", "DTEND", "SUMMARY", "CLASS")
)
"""No place, person, description, alarm or address: a calendar shows them on a locked screen and to a family."""

_ONCE = frozenset(("UID", "DTSTAMP", "DTSTART", "CLASS"))
_OPENS, _CLOSES = ("BEGIN:VCALENDAR", "BEGIN:VEVENT"), ("END:VEVENT", "END:VCALENDAR")
_FOLDED = re.compile(r"\r\n[ \t]")
_ESCAPED = re.compile(r"\\([nN,;\\])")
_NO_LETTER = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
"""What some calendars take for the end of a line, and what none shows."""

_MOMENT = re.compile(r"\d{8}T\d{6}Z?", re.ASCII)
_FORMS = {
    "UID": re.compile(r"[0-9a-f-]{36}"),
    "VERSION": re.compile(r"2\.0"),
    "CLASS": re.compile(r"PRIVATE"),
    "DTSTAMP": _MOMENT,
    "DTSTART": _MOMENT,
    "DTEND": _MOMENT,
}
"""Properties that have one form. The others (`SUMMARY`, `PRODID`) are only searched."""


@dataclass(frozen=True, slots=True)
class ClearedCalendar:
    """A calendar file that passed the gate. Only this module makes one."""

    body: bytes


def clear_calendar(text: str, lexicon: Lexicon | None = None) -> ClearedCalendar:
    """Return a calendar file (RFC 5545, lines ended by CRLF) if it may leave. Raises Betrayal or Malformed."""
    lines = _FOLDED.sub("", text).split("\r\n")
    if lines.pop() or not lines:
        raise Malformed(Surface.CALENDAR, "does not end with a whole line")
    names = [_checked(*_property(line), lexicon) for line in lines]
    if not _is_one_event(lines):
        raise Malformed(Surface.CALENDAR, "is not one event in one calendar")
    twice = any(names.count(name) > 1 for name in set(names) - {"BEGIN", "END"})
    if twice or not _ONCE.issubset(names):
        raise Malformed(Surface.CALENDAR, "lacks its identifier, its times or its privacy, or has one twice")
    return ClearedCalendar(text.encode())


def _property(line: str) -> tuple[str, str]:
    if _NO_LETTER.search(line):
        raise Malformed(Surface.CALENDAR, "has a sign inside a line that is no letter")
    name, found, value = line.partition(":")
    if not found or name not in _ALLOWED:
        raise Malformed(Surface.CALENDAR, "has a property, or a parameter of one, that is not allowed")
    return name, value


def _checked(name: str, value: str, lexicon: Lexicon | None) -> str:
    """Return the name of a property whose value may leave."""
    leaving(Surface.CALENDAR, _ESCAPED.sub(" ", value), lexicon)
    form = _FORMS.get(name)
    if form is not None and not form.fullmatch(value):
        raise Malformed(Surface.CALENDAR, f"has a {name} that has not its one form")
    return name


def _is_one_event(lines: list[str]) -> bool:
    """Say whether parts begin and end as they must: a calendar, in it an event that lasts to the end."""
    parts = tuple(line for line in lines if line.startswith(("BEGIN:", "END:")))
    whole = lines[0] == _OPENS[0] and tuple(lines[-2:]) == _CLOSES
    return whole and parts == _OPENS + _CLOSES
