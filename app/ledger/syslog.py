"""Events as syslog messages (RFC 5424), and messages as frames of a TLS connection (RFC 5425, octet counting).

The message is an ECS document or a CEF line. Who reads structured data alone finds there who did what as well.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Literal, get_args

from app.ledger.cef import cef_line
from app.ledger.ecs import ecs_line
from app.ledger.notes import time_of
from app.ledger.siem import Told, Value

Format = Literal["ecs", "cef"]
FORMATS: tuple[Format, ...] = get_args(Format)

FACILITY = 13
"""Log audit (RFC 5424, table 1)."""
_ELEMENT = "paravent@32473"
"""Elements of one's own carry an enterprise number. 32473 is the one kept for who has none (RFC 5612)."""
_NIL = "-"
_BOM = "\N{ZERO WIDTH NO-BREAK SPACE}"
_WRITERS: Mapping[Format, Callable[[Told], str]] = {"ecs": ecs_line, "cef": cef_line}


def syslog_message(told: Told, written: Format) -> str:
    """Return an event as a message that carries it in a format too.

    The host is not named: over TLS the receiver knows it by its certificate.
    """
    priority = FACILITY * 8 + told.row.severity.syslog
    head = f"<{priority}>1 {time_of(told.at)} {_NIL} paravent {told.zone} {told.name}"
    return f"{head} {element(_ELEMENT, dict(_parameters(told)))} {marked(_WRITERS[written](told))}"


def framed(message: str) -> bytes:
    """Return a message as it travels: its length in bytes, a space, its bytes."""
    data = message.encode()
    return b"%d %b" % (len(data), data)


def element(name: str, parameters: Mapping[str, Value]) -> str:
    """Return an element of structured data."""
    return "".join((f"[{name}", *(f' {key}="{in_parameter(value)}"' for key, value in parameters.items()), "]"))


def in_parameter(value: Value) -> str:
    """Escape a parameter's value: `\\`, `"` and `]`, and nothing else (RFC 5424, 6.3.3)."""
    return str(value).replace("\\", "\\\\").replace('"', '\\"').replace("]", "\\]")


def marked(text: str) -> str:
    """Return a text as a message's last part: with a byte order mark unless it is ASCII (RFC 5424, 6.4)."""
    return text if text.isascii() else _BOM + text


def _parameters(told: Told) -> Iterator[tuple[str, Value]]:
    yield "event", str(told.id)
    yield "outcome", told.row.outcome
    for key, value in (("user", told.user), ("role", told.role), ("target", told.target)):
        if value is not None:
            yield key, value
    yield "position", told.position
    yield "leaf", told.leaf.hex()
