"""One request on a connection of its own, with the headers Chromium sends, and every byte of its answer counted."""

import gzip
import socket
from collections.abc import Mapping
from dataclasses import dataclass

_HEADERS = {
    "Connection": "close",
    "Upgrade-Insecure-Requests": "1",
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156 Safari/537",
    "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8",
    "Sec-Fetch-Site": "same-origin",
    "Sec-Fetch-Mode": "navigate",
    "Sec-Fetch-Dest": "document",
    "Accept-Encoding": "gzip, deflate",
    "Accept-Language": "fr-FR,fr;q=0.9",
}
_TIMEOUT = 30


@dataclass(frozen=True, slots=True)
class Answer:
    """A response as it came. `received` and `sent` count bytes on the wire, headers included."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    received: int
    sent: int

    @property
    def html(self) -> str:
        """Return the page, decompressed."""
        return gzip.decompress(self.body).decode()


def ask(port: int, method: str, path: str, cookie: str = "", form: str = "") -> Answer:
    """Send one request to the loopback and return its answer."""
    headers = {"Host": f"127.0.0.1:{port}"} | _HEADERS
    if cookie:
        headers["Cookie"] = cookie
    if method == "POST":
        headers |= {"Content-Type": "application/x-www-form-urlencoded", "Content-Length": str(len(form))}
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()), "", form]
    request = "\r\n".join(lines).encode()
    with socket.create_connection(("127.0.0.1", port), _TIMEOUT) as connection:
        connection.sendall(request)
        received = b"".join(iter(lambda: connection.recv(65536), b""))
    head, _, body = received.partition(b"\r\n\r\n")
    first, *rest = head.decode("latin-1").split("\r\n")
    pairs = (line.partition(": ") for line in rest)
    return Answer(
        int(first.split()[1]), {name.lower(): value for name, _, value in pairs}, body, len(received), len(request)
    )
