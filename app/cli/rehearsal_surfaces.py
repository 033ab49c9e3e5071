"""What of an exchange is seen from outside: each text with the surface it leaves by, for the gate to judge."""

import re
from collections.abc import Iterator

from app.cli.rehearsal_visitor import Exchange
from app.discretion.pdf import pdf_metadata
from app.discretion.surfaces import Surface
from app.web.cookie import Visitor, format_value

Seen = tuple[Surface, str]

_COOKIE = re.compile(rf"(__Host-)?p=[A-Za-z0-9_.-]{{{len(format_value(Visitor()))}}}(?=;)")
_META = re.compile(r"<meta[^>]*>")
_HASH = re.compile(r"'sha256-[A-Za-z0-9+/=]+'")
_FILE_NAME = re.compile(r'filename="([^"]*)"')
_HEADERS = {
    "location": Surface.REDIRECTION,
    "set-cookie": Surface.COOKIE,
    "content-type": Surface.CONTENT_TYPE,
    "content-disposition": Surface.CONTENT_DISPOSITION,
}
_PDF, _ROBOTS = "application/pdf", "/robots.txt"


def seen_of(exchange: Exchange) -> Iterator[Seen]:
    """Yield every text of an exchange that somebody else than the reader could see."""
    yield Surface.ADDRESS, exchange.path
    yield Surface.STATUS, str(exchange.status)
    for name, value in exchange.headers:
        yield _HEADERS.get(name.lower(), Surface.HEADER), f"{name}: {_known(value)}"
        yield from ((Surface.PDF_NAME, found) for found in _FILE_NAME.findall(value))
    if exchange.path == _ROBOTS:
        yield Surface.ROBOTS, exchange.html
    elif exchange.html:
        yield from _of_page(exchange)
    if is_paper(exchange):
        yield from ((Surface.PDF_METADATA, text) for text in pdf_metadata(exchange.body))


def shape_fault(exchange: Exchange) -> str | None:
    """Say what is wrong with the one cookie an answer sets. A paper sets none."""
    cookies = [value for name, value in exchange.headers if name.lower() == "set-cookie"]
    if is_paper(exchange):
        return "a paper sets a cookie" if cookies else None
    return None if len(cookies) == 1 and _COOKIE.match(cookies[0]) else "not the one cookie of its one shape"


def is_paper(exchange: Exchange) -> bool:
    """Say whether an answer is a paper."""
    return any(name.lower() == "content-type" and _PDF in value for name, value in exchange.headers)


def _of_page(exchange: Exchange) -> Iterator[Seen]:
    yield Surface.TITLE, exchange.page.title
    yield Surface.LINK_PREVIEW, " ".join(_META.findall(exchange.html))
    page = exchange.page
    yield from ((Surface.ADDRESS, one) for one in page.links)
    yield from ((Surface.PDF_NAME, one) for one in page.files)
    yield from ((Surface.FIELD_NAME, one) for one in (*page.names, *page.values))


def _known(value: str) -> str:
    """Return a header without what is random in it: the token of the cookie, the print of the stylesheet."""
    return _HASH.sub("", _COOKIE.sub("p=", value))
