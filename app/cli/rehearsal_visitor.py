"""Somebody before a browser at a rehearsal: whatever comes back to them is judged before they go on."""

import gzip
import logging
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from flask import Flask
from werkzeug.test import TestResponse

from app.cli.rehearsal_page import Form, Page, read_page
from app.discretion.sizes import PAGE_BYTES, PLAIN_BYTES
from app.log import AllowListFormatter
from app.web.cookie import NO_NOTICE, Screen, cookie_name, format_value, parse
from app.web.languages import Language

Look = tuple[Language, Screen]
USUAL: Look = ("fr", "normal")
LOOKS: Mapping[Look, str] = {
    USUAL: "in French",
    ("fr", "muted"): "in French, discreet screen",
    ("en", "normal"): "in English",
    ("en", "muted"): "in English, discreet screen",
}
"""Every way a page can be asked for, and how a fault says it."""

_NO_PAGES = ("/robots.txt", "/papier", "/e/papier")
"""Where something else than a page of the one size may be answered."""

_PADDING_AT = 14
_LONGEST_CHAIN = 5


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request and its answer. `room` is how many bytes of padding a page had left; None where it is no page."""

    method: str
    path: str
    status: int
    sent: int
    received: int
    headers: tuple[tuple[str, str], ...]
    room: int | None
    body: bytes = field(repr=False)
    html: str = field(default="", repr=False)
    page: Page = field(default_factory=Page, repr=False)


@dataclass(slots=True)
class Listener(logging.Handler):
    """Keeps every line the process writes to its log, in the form it is written in, and every fault it names."""

    lines: list[str] = field(default_factory=list)
    errors: list[BaseException] = field(default_factory=list)
    _writer: AllowListFormatter = field(init=False)

    def __post_init__(self) -> None:
        logging.Handler.__init__(self)
        self.formatter = self._writer = AllowListFormatter()

    @property
    def withheld(self) -> int:
        """How many values the gate of the log kept out of the lines."""
        return self._writer.withheld

    __hash__ = logging.Handler.__hash__

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a line, and the exception that it tells of."""
        self.lines.append(self.format(record))
        if record.exc_info and record.exc_info[1]:
            self.errors.append(record.exc_info[1])


class Visitor:
    """A browser with one cookie. `exchanges` is all that travelled since it was opened.

    `told` is the notice that the last redirection carried to the page that followed it.
    """

    def __init__(self, app: Flask, *, tls: bool) -> None:
        self.client = app.test_client()
        self._base, self._cookie = ("https" if tls else "http") + "://localhost", cookie_name(tls=tls)
        self._domain = "localhost"
        self.exchanges: list[Exchange] = []
        self.page = Page()
        self.path = ""
        self.told = NO_NOTICE

    @property
    def cookie(self) -> str:
        """The value of our cookie, or nothing."""
        found = self.client.get_cookie(self._cookie)
        return found.value if found else ""

    @property
    def token(self) -> bytes | None:
        """The token in the cookie."""
        return parse(self.cookie or None).token

    def opens(self, path: str) -> Exchange:
        """Type an address, and follow where it leads."""
        return self._arrives(self.client.get(path, base_url=self._base, headers=_GZIP))

    def sends(self, path: str, values: Mapping[str, str], **headers: str) -> Exchange:
        """Send a form, and follow where it leads."""
        given = _GZIP | {name.replace("_", "-"): value for name, value in headers.items()}
        answer = self.client.post(path, data=dict(values), base_url=self._base, headers=given)
        return self._arrives(answer, sum(len(n) + len(v) + 2 for n, v in values.items()))

    def fills(self, wanted: Mapping[str, str] | None = None) -> None:
        """Fill the page's own form in and send it: the values wanted, else the first choice of each list."""
        form = self.form()
        if form is not None:
            self.sends(form.action, form.filled(dict(wanted or {})))

    def presses(self, wish: str) -> bool:
        """Press the button whose value begins so, as its form stands; say whether there is one."""
        for form in self.page.forms:
            for value in form.buttons:
                if value.startswith(wish):
                    self.sends(form.action, form.sent | {"go": value})
                    return True
        return False

    def form(self) -> Form | None:
        """Return the page's own form; a page of our faults has none."""
        return self.page.forms[-1] if self.page.forms else None

    def looks(self, look: Look, notice: str = NO_NOTICE) -> None:
        """Change language and screen as the cookie has them, and what it tells the next page; the journey stays."""
        language, screen = look
        who = replace(parse(self.cookie or None), language=language, screen=screen, notice=notice)
        value = format_value(who)
        self.client.set_cookie(self._cookie, value, domain=self._domain, path="/")

    def _arrives(self, answer: TestResponse, sent: int = 0) -> Exchange:
        for _step in range(_LONGEST_CHAIN):
            exchange = _exchange(answer, sent)
            self.exchanges.append(exchange)
            if not 300 <= answer.status_code < 400:
                break
            sent, self.told = 0, parse(self.cookie or None).notice
            answer = self.client.get(answer.headers["Location"], base_url=self._base, headers=_GZIP)
        self.path = exchange.path
        self.page = exchange.page
        return exchange


_GZIP = {"Accept-Encoding": "gzip"}


def _exchange(answer: TestResponse, sent: int) -> Exchange:
    headers = tuple(answer.headers.items())
    body: bytes = answer.data
    html = gzip.decompress(body).decode() if answer.headers.get("Content-Encoding") == "gzip" else ""
    return Exchange(
        method=answer.request.method,
        path=answer.request.path,
        status=answer.status_code,
        sent=sent,
        received=len(body) + sum(len(name) + len(value) + 4 for name, value in headers),
        headers=headers,
        room=room_of(body) if html else None,
        body=body,
        html=html,
        page=read_page(html),
    )


def room_of(body: bytes) -> int:
    """Return the padding of a page: how many bytes it may still grow."""
    padding: int = struct.unpack_from("<H", body, _PADDING_AT)[0]
    return padding


def size_fault(exchange: Exchange) -> str | None:
    """Say what is wrong with the size of a page or redirection, as it travels or without compression."""
    if 300 <= exchange.status < 400:
        return "a redirection with a body" if exchange.body else None
    if exchange.room is None:
        return None if exchange.path in _NO_PAGES else "not a page of the one size"
    if len(exchange.body) != PAGE_BYTES:
        return f"{len(exchange.body)} bytes instead of {PAGE_BYTES}"
    plain = len(exchange.html.encode())
    return f"{plain} bytes without compression do not fit in {PLAIN_BYTES}" if plain > PLAIN_BYTES else None
