"""Somebody with a browser over TLS 1.3: fixed headers, one kept connection, forms sent as their pages say."""

import gzip
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlencode

import html5lib

from bench.observer.tap import Connection, Tap
from bench.observer.trace import Trace
from tests.browser import Page, Values

HOST = "localhost"
_AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36"
_ACCEPTED = (
    "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8,"
    "application/signed-exchange;v=b3;q=0.7"
)
_HEADERS = {
    "Connection": "keep-alive",
    "Cache-Control": "max-age=0",
    "Upgrade-Insecure-Requests": "1",
    "User-Agent": _AGENT,
    "Accept": _ACCEPTED,
    "Sec-Fetch-Site": "same-origin",
    "Sec-Fetch-Mode": "navigate",
    "Sec-Fetch-User": "?1",
    "Sec-Fetch-Dest": "document",
    "Accept-Encoding": "gzip, deflate, br, zstd",
    "Accept-Language": "fr-FR,fr;q=0.9,en-US;q=0.8,en;q=0.7",
}
"""What Chromium sends with a page's request, in its order."""
_FORM = {"Origin": "null", "Content-Type": "application/x-www-form-urlencoded"}
_TIMEOUT = 60
_TICKETS_SECONDS, _QUIET_SECONDS = 5.0, 0.03
"""How long a server may take to send its first session ticket, and nothing more after it, before a request."""
_REDIRECTED = 303


class Strayed(Exception):
    """A page came that was not the one to come."""


class Guest:
    """A browser with one connection and one set of cookies, and the last page it got."""

    def __init__(self, port: int, seen: Connection, connection: ssl.SSLSocket, pause: float = 0.0) -> None:
        self._port, self._seen, self._connection, self._pause = port, seen, connection, pause
        self._opening = len(seen.records)
        self._cookies: dict[str, str] = {}
        self._page: Page | None = None
        self._left = b""

    @property
    def page(self) -> Page:
        """Return the page on show."""
        assert self._page is not None, "nothing was opened yet"
        return self._page

    @property
    def trace(self) -> Trace:
        """Return what was seen of this browser so far."""
        records = tuple(self._seen.records)
        return Trace(records[: self._opening], records[self._opening :])

    def open(self, path: str) -> Page:
        """Open an address, and follow where it leads."""
        status, location, body = self._ask("GET", path)
        while status == _REDIRECTED:
            path = location
            status, location, body = self._ask("GET", path)
        html = gzip.decompress(body).decode()
        tree = html5lib.parse(html, namespaceHTMLElements=False)
        self._page = Page(path, status, html, tree)
        return self._page

    def send(self, path: str, form: Values) -> Page:
        """Send a form, and follow where its answer leads. A page that answers at once is not looked into."""
        status, location, _body = self._ask("POST", path, urlencode(form))
        return self.open(location) if status == _REDIRECTED else Page(path, status, "", self.page.tree)

    def press(self, action: str, value: str = "") -> Page:
        """Press the button with this value of a form outside the content: the exit, or a switch of the header."""
        form = next(
            one
            for one in self.page.tree.iter("form")
            if one.get("action") == action
            and (not value or any(b.get("value") == value for b in one.iter("button")))
        )
        hidden = {one.get("name") or "": one.get("value") or "" for one in form.iter("input")}
        return self.send(action, {**hidden, **({"v": value} if value else {})})

    def fetch(self, path: str) -> None:
        """Download a file."""
        self._ask("GET", path)

    def submit(self, values: Values, button: str | None = None) -> Page:
        """Fill in the page's form and press its first button, or the one with these words."""
        return self.send(*self.page.filled(values, button))

    def offered(self, name: str) -> list[str]:
        """Return the values of the radios of a name on show, less the one that says *no answer yet*."""
        radios = [one for one in self.page.main.iter("input") if one.get("type") == "radio"]
        values = [one.get("value") or "" for one in radios if one.get("name") == name]
        return [value for value in values if value.strip("-")]

    def _ask(self, method: str, path: str, form: str = "") -> tuple[int, str, bytes]:
        """Send one request in one record and read its whole answer."""
        headers = {"Host": f"{HOST}:{self._port}"} | _HEADERS
        if method == "POST":
            headers |= {"Content-Length": str(len(form))} | _FORM
        if self._cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
        time.sleep(self._pause)
        lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()), "", form]
        self._connection.sendall("\r\n".join(lines).encode())
        return self._answer()

    def _answer(self) -> tuple[int, str, bytes]:
        head = self._until(b"\r\n\r\n").decode("latin-1")
        first, *rest = head.split("\r\n")
        pairs = [(name.lower(), value) for name, _, value in (line.partition(": ") for line in rest)]
        for name, value in pairs:
            if name == "set-cookie":
                self._keep(value)
        headers = dict(pairs)
        body = self._exactly(int(headers["content-length"]))
        return int(first.split()[1]), headers.get("location", ""), body

    def _keep(self, cookie: str) -> None:
        name, _, value = cookie.partition(";")[0].partition("=")
        if "max-age=0" in cookie.lower():
            self._cookies.pop(name, None)
        else:
            self._cookies[name] = value

    def _until(self, end: bytes) -> bytes:
        while end not in self._left:
            self._more()
        found, _, self._left = self._left.partition(end)
        return found

    def _exactly(self, length: int) -> bytes:
        while len(self._left) < length:
            self._more()
        found, self._left = self._left[:length], self._left[length:]
        return found

    def _more(self) -> None:
        data = self._connection.recv(65536)
        if not data:
            raise ConnectionError("the server hung up")
        self._left += data


@contextmanager
def arriving(tap: Tap, server_port: int, pause: float = 0.0) -> Iterator[Guest]:
    """Open a browser with a connection of its own through a tap that this guest alone uses now."""
    before = len(tap.connections)
    with socket.create_connection(("127.0.0.1", tap.port), _TIMEOUT) as plain:
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with _tls().wrap_socket(plain, server_hostname=HOST) as connection:
            seen = tap.connections[before]
            _wait_for_quiet(seen)
            yield Guest(server_port, seen, connection, pause)


def _tls() -> ssl.SSLContext:
    """Return what makes connections of TLS 1.3 alone; the certificate is the bench's own."""
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _wait_for_quiet(seen: Connection) -> None:
    """Let session tickets come, so that they are not taken for a part of the first answer."""
    until = time.monotonic() + _TICKETS_SECONDS
    while time.monotonic() < until and not seen.greeted:
        time.sleep(_QUIET_SECONDS)
    count = -1
    while count != len(seen.records):
        count = len(seen.records)
        time.sleep(_QUIET_SECONDS)
