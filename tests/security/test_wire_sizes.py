"""What a real server writes to its socket: one length for every page whatever its status, one for every 303."""

import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from app.discretion.sizes import PAGE_BYTES, PLAIN_BYTES
from tests.factories.served import Served, serve

GZIP = "Accept-Encoding: gzip\r\n"
FORM = "Content-Type: application/x-www-form-urlencoded\r\n"
PAGES = [
    ("GET", "/", b"", "200 OK"),
    ("GET", "/r/01", b"", "200 OK"),
    ("GET", "/confiance", b"", "200 OK"),
    ("GET", "/robots.txt", b"", "200 OK"),
    ("GET", "/nulle-part", b"", "404 Not Found"),
    ("GET", "/x", b"", "405 Method Not Allowed"),
    ("POST", "/", b"", "405 Method Not Allowed"),
    ("PUT", "/r/01", b"", "405 Method Not Allowed"),
    ("POST", "/retour", b"words=%ff", "400 Bad Request"),
    ("POST", "/retour", b"a" * 70_000, "413 Payload Too Large"),
]
MOVES = [
    ("POST", "/x", b""),
    ("POST", "/reglage", b"v=le"),
    ("POST", "/r/01", b"act=0101"),
    ("GET", "/r/05", b""),
    ("GET", "/papier", b""),
]
NO_GZIP = ["", "gzip;q=0", "identity", "*", "gzip;q=0, *", "br, deflate", "gzip;q=x", "\u00e9,,;q=;;", "nogzip"]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serve(tmp_path_factory.mktemp("wire")) as running:
        yield running


def answered(served: Served, method: str, path: str, body: bytes = b"", headers: str = GZIP) -> bytes:
    """Return all that the server writes in answer to one request."""
    address = urlsplit(served.patient)
    form = FORM if method == "POST" else ""
    head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\n{headers}{form}Content-Length: {len(body)}\r\n"
    received = bytearray()
    with socket.create_connection(("127.0.0.1", address.port or 0), timeout=30) as line:
        line.sendall(f"{head}Connection: close\r\n\r\n".encode() + body)
        while chunk := line.recv(65536):
            received += chunk
    return bytes(received)


def status_of(answer: bytes) -> str:
    return answer.partition(b"\r\n")[0].decode().removeprefix("HTTP/1.1 ")


def test_pages_and_errors_are_as_long_to_the_byte(served: Served) -> None:
    answers = [answered(served, method, path, body) for method, path, body, _status in PAGES]
    assert [status_of(answer) for answer in answers] == [status for *_asked, status in PAGES]
    assert len({len(answer) for answer in answers}) == 1


def test_redirections_are_as_long_to_the_byte(served: Served) -> None:
    answers = [answered(served, *asked) for asked in MOVES]
    assert {status_of(answer) for answer in answers} == {"303 See Other"}
    assert len({len(answer) for answer in answers}) == 1


def test_the_server_does_not_say_its_name(served: Served) -> None:
    for method, path in (("GET", "/"), ("POST", "/x"), ("GET", "/nulle-part")):
        assert b"granian" not in answered(served, method, path).lower()


@pytest.mark.parametrize("path", ["/", "/r/01", "/nulle-part"])
def test_head_is_answered_with_the_headers_of_the_page(served: Served, path: str) -> None:
    page, head = answered(served, "GET", path), answered(served, "HEAD", path)
    assert len(head) == len(page) - PAGE_BYTES
    assert head.endswith(b"\r\n\r\n")


@pytest.mark.parametrize("offered", NO_GZIP)
def test_who_takes_no_gzip_or_lies_gets_the_one_plain_size(served: Served, offered: str) -> None:
    answer = answered(served, "GET", "/", headers=f"Accept-Encoding: {offered}\r\n")
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"content-encoding" not in head.lower()
    assert len(body) == PLAIN_BYTES
    assert b"</html>" in body
    packed = answered(served, "GET", "/").partition(b"\r\n\r\n")
    assert (len(packed[0]), len(packed[2])) == (len(head), PAGE_BYTES)
