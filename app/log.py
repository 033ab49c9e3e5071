"""One log formatter: a line is JSON, holds only the fields of a short list, and passes the gate.

What a person typed can't reach a line: free text is allowed from our own code's constant messages alone, and
an exception is reduced to its type, that of its cause, and the places it passed through. A value that the gate
would stop is replaced by `(withheld)`, and counted.
"""

import json
import logging
import re
import traceback
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import lru_cache

from app.discretion.gate import Betrayal, leaving
from app.discretion.lexicon import shipped
from app.discretion.surfaces import Surface

ALLOWED_FIELDS = ("event_id", "zone", "silo", "route", "method", "status", "milliseconds", "count", "kind")
"""The only extra fields a record may carry into a line; anything else is dropped."""

WITHHELD = "(withheld)"

_NAMED_IN_CODE = re.compile(r"\b(psycopg2?|abort|aborted|aborter|aborting|inject|injected)\b", re.IGNORECASE)
"""Words of programming that begin like betraying ones: the database driver, what Flask does to a request, what is
done to a value. They pass as whole words of a name of code, and nowhere else."""

_JOINED = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|_")


class AllowListFormatter(logging.Formatter):
    """Writes time, level, logger, constant message, allowed fields and the trace's places; nothing else.

    `withheld` counts the values that the gate stopped. Raises LexiconEmpty when there is no gate.
    """

    def __init__(self) -> None:
        super().__init__()
        self.withheld = 0
        shipped()

    def format(self, record: logging.LogRecord) -> str:
        """Return one JSON line. The message's arguments are not filled in: they could be personal."""
        line: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": self._cleared(record.name, Surface.LOG_LINE, of_code=True),
            "message": self._cleared(_message(record), Surface.LOG_LINE),
        }
        fields = {name: getattr(record, name) for name in ALLOWED_FIELDS if hasattr(record, name)}
        line |= {name: self._cleared(value, Surface.LOG_LINE) for name, value in fields.items()}
        if record.exc_info and record.exc_info[0]:
            line["exception"] = self._cleared(record.exc_info[0].__name__, Surface.EXCEPTION, of_code=True)
            if cause := getattr(record.exc_info[1], "__cause__", None):
                line["cause"] = self._cleared(type(cause).__name__, Surface.EXCEPTION, of_code=True)
            line["places"] = [self._cleared(one, Surface.EXCEPTION, of_code=True) for one in _places(record)]
        return json.dumps(line, ensure_ascii=False)

    def _cleared(self, value: object, surface: Surface, *, of_code: bool = False) -> object:
        """Return a value that may be written; a number is one, anything else is read as text."""
        if value is None or isinstance(value, int | float):
            return value
        if _passes(surface, str(value), of_code=of_code):
            return str(value)
        self.withheld += 1
        return WITHHELD


@lru_cache(maxsize=512)
def _passes(surface: Surface, text: str, *, of_code: bool) -> bool:
    try:
        leaving(surface, _words_of_code(text) if of_code else text)
    except Betrayal:
        return False
    return True


def _words_of_code(name: str) -> str:
    """Return a name of code as its words (`aName`, `a_name`, `a.name`), without those that only code has."""
    return _NAMED_IN_CODE.sub("", _JOINED.sub(" ", name))


def _message(record: logging.LogRecord) -> str:
    return str(record.msg) if record.name.startswith("paravent") else "(message of a library)"


def _places(record: logging.LogRecord) -> Iterator[str]:
    trace = record.exc_info[2] if record.exc_info else None
    return (f"{frame.name}:{frame.lineno}" for frame in traceback.extract_tb(trace))


def configure_logging(level: int = logging.INFO) -> AllowListFormatter:
    """Send every logger of the process through the allow-list formatter, to standard error, and return it."""
    handler, formatter = logging.StreamHandler(), AllowListFormatter()
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("paravent").setLevel(level)
    return formatter
