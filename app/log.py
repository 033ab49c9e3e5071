"""One log formatter: a line is JSON and holds only the fields of a short list.

What a person typed can't reach a line: free text is allowed from our own code's constant messages alone, and
an exception is reduced to its type and the places it passed through.
"""

import json
import logging
import traceback
from datetime import UTC, datetime

ALLOWED_FIELDS = ("event_id", "zone", "silo", "route", "method", "status", "milliseconds", "count", "kind")
"""The only extra fields a record may carry into a line; anything else is dropped."""


class AllowListFormatter(logging.Formatter):
    """Writes time, level, logger, constant message, allowed fields and the trace's places; nothing else."""

    def format(self, record: logging.LogRecord) -> str:
        """Return one JSON line. The message's arguments are not filled in: they could be personal."""
        line: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": str(record.msg) if record.name.startswith("paravent") else "(message of a library)",
        }
        line |= {name: getattr(record, name) for name in ALLOWED_FIELDS if hasattr(record, name)}
        if record.exc_info and record.exc_info[0]:
            line["exception"] = record.exc_info[0].__name__
            line["places"] = [f"{f.name}:{f.lineno}" for f in traceback.extract_tb(record.exc_info[2])]
        return json.dumps(line, ensure_ascii=False)


def configure_logging(level: int = logging.INFO) -> None:
    """Send every logger of the process through the allow-list formatter, to standard error."""
    handler = logging.StreamHandler()
    handler.setFormatter(AllowListFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("paravent").setLevel(level)
