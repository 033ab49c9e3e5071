"""A control: the product with its padding taken away afterwards. The product itself has no switch for that."""

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from app import create_app

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_GZIP, _FLAGS, _EXTRA_FLAG, _FIXED = b"\x1f\x8b", 3, 4, 10


class Unpadded:
    """WSGI middleware that strips the gzip extra field, and tells the length that is left."""

    def __init__(self, app: "WSGIApplication") -> None:
        self._app = app

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer as the application does, without its padding."""
        begun: list[tuple[str, list[tuple[str, str]]]] = []

        def start(status: str, headers: list[tuple[str, str]], _error: Any = None) -> Any:
            begun.append((status, headers))
            return begun.append

        body = stripped(b"".join(self._app(environ, start)))
        status, headers = begun[-1]
        others = [(name, value) for name, value in headers if name.lower() != "content-length"]
        start_response(status, [*others, ("Content-Length", str(len(body)))])
        return [body]


def stripped(body: bytes) -> bytes:
    """Return a gzip body without its extra field (RFC 1952, 2.3.1.1); anything else as it is."""
    if not body.startswith(_GZIP) or body[_FLAGS] != _EXTRA_FLAG:
        return body
    begins = _FIXED + 2 + int.from_bytes(body[_FIXED : _FIXED + 2], "little")
    return body[:_FLAGS] + b"\x00" + body[_FLAGS + 1 : _FIXED] + body[begins:]


if "PARAVENT_ZONE" in os.environ:
    application = Unpadded(create_app(os.environ))
