"""The last look at every response, whoever made it: status line, headers, cookie and head of the page.

A view, a library or a page made tomorrow can't go round it: what is not known here does not leave, and the page
of last resort leaves instead. What was looked at once is remembered by its text, so that it costs nearly nothing.
"""

import logging
import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from app.discretion.gate import Malformed, Refused, leaving
from app.discretion.pdf import FILE_NAME
from app.discretion.surfaces import Surface
from app.web.metrics import Counter

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

log = logging.getLogger("paravent.web")

Head = tuple[str, list[tuple[str, str]]]
LastResort = tuple[str, list[tuple[str, str]], bytes]
Look = Callable[["WSGIEnvironment", str, list[tuple[str, str]], bytes], None]
"""Looks at a whole answer. Raises Refused."""

COOKIE = re.compile(
    r"(__Host-)?[pc]=([a-z0-9]{4})?[A-Za-z0-9_.-]{43}|(__Host-)?c="  # the clinic forgets by an empty one
)
"""The name and value of our cookie: preferences of a fixed form and a random token, the one text not searched."""

_COOKIE_FLAGS = re.compile(
    r"(; (Secure|HttpOnly|Path=/|SameSite=(Lax|Strict)|Max-Age=0|Expires=Thu, 01 Jan 1970[^;]*))*"
)
_RANDOM = re.compile(r"'sha256-[A-Za-z0-9+/=]+'|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
"""What no word stands in: the print of our stylesheet, the identifier of a row."""

_LOCATION = re.compile(r"/(?!/)[a-z0-9/-]*(\?[a-z]+=[0-9a-z-]*)?")
_TYPES = re.compile(r"(text/(html|plain|css); charset=utf-8|application/pdf)")
_DISPOSITION = f'attachment; filename="{FILE_NAME}"'
_FREE = frozenset(
    (
        "allow", "cache-control", "clear-site-data", "content-encoding", "content-length",
        "content-security-policy",
        "cross-origin-opener-policy", "cross-origin-resource-policy", "permissions-policy", "referrer-policy",
        "retry-after",
        "server", "strict-transport-security", "x-content-type-options", "x-fill", "x-robots-tag",
    )
)  # fmt: skip
"""Headers whose value is ours and is only searched. Those of a fixed form are in `_FORMS`; there is no other."""

_STATIC = frozenset(("etag", "last-modified", "date", "accept-ranges"))
"""What Flask adds to a file of ours that browsers may keep."""

_FORMS: dict[str, tuple[Surface, re.Pattern[str]]] = {
    "location": (Surface.REDIRECTION, _LOCATION),
    "content-type": (Surface.CONTENT_TYPE, _TYPES),
    "content-disposition": (
        Surface.CONTENT_DISPOSITION,
        re.compile(re.escape(_DISPOSITION) + r"|inline; filename=clinic\.css"),
    ),
}


class LastLook:
    """WSGI middleware. A response that may not leave is dropped whole; `refused` counts them."""

    def __init__(
        self,
        app: "WSGIApplication",
        last_resort: Callable[["WSGIEnvironment"], LastResort],
        look: Look | None = None,
    ) -> None:
        self._app, self._last_resort, self._look = app, last_resort, look
        self.refused = Counter("paravent_refused_total", "Answers that were kept from leaving.")

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer a request with what the application says, if it may leave."""
        begun: list[Head] = []

        def start(status: str, headers: list[tuple[str, str]], _error: Any = None) -> Any:
            clear_head(status, headers)
            begun[:] = [(status, headers)]
            return _unwritten

        try:
            body = _joined(self._app(environ, start))
            if self._look:
                self._look(environ, *begun[0], body)
        except Refused as refusal:
            self.refused.add()
            log.error("a response was kept from leaving", extra={"kind": str(refusal.surface)})
            status, headers, body = self._last_resort(environ)
            start_response(status, headers)
            return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]
        start_response(*begun[0])
        return [body]


def _joined(chunks: Iterable[bytes]) -> bytes:
    """Return the whole of an answer, and close it."""
    try:
        return b"".join(chunks)
    finally:
        getattr(chunks, "close", lambda: None)()


def _unwritten(_chunk: bytes) -> None:
    """Take what an application writes past its answer (an old way of WSGI), and send none of it."""


def clear_head(status: str, headers: list[tuple[str, str]]) -> None:
    """Look at a status line and headers. Raises Refused."""
    _searched(Surface.STATUS, status)
    for name, value in headers:
        if name == "Set-Cookie":
            _cookie(value)
        else:
            _header(name.lower(), value)


def clear_page(html: str) -> str:
    """Return a page whose head (title, meta, links, stylesheet) may leave. Raises Betrayal, or Malformed if odd."""
    if html.count("</head>") != 1:
        raise Malformed(Surface.TITLE, "stands in a head that has not one end")
    head = html[: html.index("</head>")]
    if head.count("<title>") != 1:
        raise Malformed(Surface.TITLE, "is missing, or is not the only one")
    # The stylesheet is searched apart, because it is the same on all pages: then each is searched once.
    before, style, after = head.partition("<style>")
    sheet, end_of_style, rest = after.partition("</style>")
    _searched(Surface.TITLE, before + end_of_style + rest)
    _searched(Surface.TITLE, style + sheet)
    return html


def _cookie(value: str) -> None:
    pair, separator, flags = value.partition(";")
    if not COOKIE.fullmatch(pair) or not _COOKIE_FLAGS.fullmatch(separator + flags):
        raise Malformed(Surface.COOKIE, "is not the one cookie of its one form")


@lru_cache(maxsize=2048)
def _header(name: str, value: str) -> None:
    surface, form = _FORMS.get(name, (Surface.HEADER, None))
    if form is None and name not in _FREE | _STATIC:
        raise Malformed(surface, "is not one of the known ones")
    leaving(surface, _RANDOM.sub("", value))
    if form is not None and not form.fullmatch(value):
        raise Malformed(surface, "has not its one form")


@lru_cache(maxsize=512)
def _searched(surface: Surface, text: str) -> None:
    leaving(surface, text)
