"""The few shapes an answer of the patient zone may have. Whatever has another one does not leave.

A page is one of two sizes under constant headers, a redirection is empty, a paper is a file that passes the gate
once more; robots.txt is a page of plain text. A view that answers by itself is stopped here, whatever it says.
"""

import re
import zlib
from functools import lru_cache
from typing import TYPE_CHECKING

from app.discretion.gate import Malformed, leaving
from app.discretion.pdf import FILE_NAME, clear_pdf
from app.discretion.sizes import PAGE_BYTES, PAPER_BYTES, PLAIN_BYTES
from app.discretion.surfaces import Surface
from app.web.headers import CLEAR_SITE_DATA, REDIRECT_FILL, Header, PatientHeaders
from app.web.leaving import clear_page
from app.web.papers import HEADERS as PAPER_HEADERS

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

PRESSED = "paravent.pressed"
"""Where `app.web.pages`, and nobody else, leaves the body it made of a page whose head it has searched."""

_ROBOTS = "/robots.txt"
_PLAIN_TEXT: Header = ("Content-Type", "text/plain; charset=utf-8")
_OUR_COOKIE = "Set-Cookie"
_PAGE = re.compile(r"(200|[45]\d\d) ")
_REDIRECTION = "303 "
_ZEROS = re.compile(r"0*")
_GZIP = 31
"""What tells zlib to read gzip, whatever its window."""
_LONGEST = 16 * PLAIN_BYTES


class Shapes:
    """Says whether an answer of the patient zone has one of its shapes, by the constant headers of its pages."""

    def __init__(self, headers: PatientHeaders) -> None:
        self._gzip, self._plain, self._empty = list(headers.gzip), list(headers.plain), list(headers.empty)

    def clear(self, environ: "WSGIEnvironment", status: str, headers: list[Header], body: bytes) -> None:
        """Look at a whole answer. Raises Malformed, or Betrayal for a body that tells in its head."""
        asked = body if body or environ["REQUEST_METHOD"] != "HEAD" else None
        named = [one for one in headers if one[0] != _OUR_COOKIE]
        cookies = len(headers) - len(named)
        if status.startswith(_REDIRECTION):
            self._clear_redirection(named, cookies, body)
        elif ("Content-Type", "application/pdf") in named:
            _clear_paper(status, named, cookies, asked)
        elif _PAGE.match(status) and cookies <= 1:
            self._clear_page(environ, status, named, asked)
        else:
            raise Malformed(Surface.STATUS, "is none of a patient's answers")

    def _clear_page(
        self, environ: "WSGIEnvironment", status: str, headers: list[Header], body: bytes | None
    ) -> None:
        kept = [one for one in headers if not (one[0] == "Allow" and status.startswith("405 "))]
        is_text = environ.get("PATH_INFO") == _ROBOTS and _PLAIN_TEXT in kept
        if is_text:
            kept[kept.index(_PLAIN_TEXT)] = ("Content-Type", "text/html; charset=utf-8")
        gzip = ("Content-Encoding", "gzip") in kept
        _expect(kept, self._gzip if gzip else self._plain)
        if body is None:
            return
        if len(body) != (PAGE_BYTES if gzip else PLAIN_BYTES):
            raise Malformed(Surface.HEADER, "tells a length that its body has not")
        if body is environ.get(PRESSED):
            return  # the very bytes, and they can't be changed
        (_clear_robots if is_text else clear_page)(_text_of(body, gzip=gzip))

    def _clear_redirection(self, headers: list[Header], cookies: int, body: bytes) -> None:
        values = dict(headers)
        filler, extra = values.get("X-Fill", ""), [one for one in headers if one == CLEAR_SITE_DATA]
        own = [("Location", values.get("Location", "")), *extra, ("X-Fill", filler)]
        _expect(headers, [*self._empty, *own])
        # An exit's cookie is longer than others by what its filler lacks: then only a limit holds.
        told = len(values["Location"]) + len(filler)
        if not _ZEROS.fullmatch(filler) or told > REDIRECT_FILL or (not extra and told != REDIRECT_FILL):
            raise Malformed(Surface.REDIRECTION, "has not the one length")
        if body or cookies != 1:
            raise Malformed(Surface.REDIRECTION, "has a body, or not one cookie")


def _clear_paper(status: str, headers: list[Header], cookies: int, body: bytes | None) -> None:
    length = next((int(value) for name, value in headers if name == "Content-Length" and value.isdecimal()), 0)
    if not status.startswith("200 ") or cookies or length not in PAPER_BYTES:
        raise Malformed(Surface.CONTENT_TYPE, "is that of a file which is no paper of ours")
    _expect(headers, [*PAPER_HEADERS, ("Content-Type", "application/pdf"), ("Content-Length", str(length))])
    if body is not None and len(body) != length:
        raise Malformed(Surface.CONTENT_TYPE, "is that of a file of another length")
    if body is not None:
        clear_pdf(FILE_NAME, body)


def _expect(headers: list[Header], wanted: list[Header]) -> None:
    """Compare headers with the constant ones: none more, none less, none elsewhere."""
    if headers != wanted:
        raise Malformed(Surface.HEADER, "is not one of the constant ones of its kind of answer")


def _text_of(body: bytes, *, gzip: bool) -> str:
    """Return what a browser will read of a body. Raises Malformed."""
    try:
        return (_unpacked(body) if gzip else body).decode()
    except (zlib.error, UnicodeDecodeError):
        raise Malformed(Surface.HEADER, "tells an encoding that its body has not") from None


def _unpacked(body: bytes) -> bytes:
    reader = zlib.decompressobj(_GZIP)
    text = reader.decompress(body, _LONGEST)
    if not reader.eof or reader.unused_data:
        raise zlib.error
    return text


@lru_cache(maxsize=4)
def _clear_robots(text: str) -> None:
    leaving(Surface.ROBOTS, text)
