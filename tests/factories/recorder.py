"""Everything one application answered, as it travels."""

import struct
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flask import Flask

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_FIXED_HEADER, _EXTRA_FLAG = 10, 4


@dataclass(frozen=True)
class Answer:
    """One answer of a server: to what, with which status and headers, and its body; and how much was sent."""

    method: str
    path: str
    status: int
    reason: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    sent: int

    @property
    def header_bytes(self) -> int:
        """How long the headers are, as HTTP/1.1 writes them."""
        return sum(len(name) + len(value) + len(": \r\n") for name, value in self.headers)

    @property
    def head_bytes(self) -> int:
        """How long the status and headers are, as HTTP/1.1 writes them."""
        return len(f"{self.status} {self.reason}") + self.header_bytes

    @property
    def room_left(self) -> int:
        """How many bytes of a compressed body are padding."""
        assert self.body[3] == _EXTRA_FLAG, "not a padded gzip body"
        (extra,) = struct.unpack("<H", self.body[_FIXED_HEADER : _FIXED_HEADER + 2])
        return int(extra) - 4


class Recorder:
    """Keeps what an application answers from now on."""

    def __init__(self, app: Flask) -> None:
        self.answers: list[Answer] = []
        self._answer = app.wsgi_app
        app.wsgi_app = self  # type: ignore[method-assign]  # Flask's documented way to add a middleware

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer as the application does."""
        begun: list[tuple[str, list[tuple[str, str]]]] = []

        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            begun.append((status, headers))
            return start_response(status, headers, exc_info)

        body = b"".join(self._answer(environ, start))
        status, headers = begun[-1]
        asked = (environ["REQUEST_METHOD"], environ["PATH_INFO"])
        sent = int(environ.get("CONTENT_LENGTH") or 0)
        self.answers.append(Answer(*asked, int(status[:3]), status[4:], tuple(headers), body, sent))
        return [body]
