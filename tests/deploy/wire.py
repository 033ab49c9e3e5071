"""A client that shows what somebody on the network sees of its connection: TLS records, by type and length."""

import socket
import ssl
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

_TIMEOUT = 20
HANDSHAKE, APPLICATION = 22, 23
THREADS = 16
"""How many the application under test has."""
OPERA_MINI = "Via: 1.1 Opera Compression Proxy"
NOTICE = "Votre navigateur passe par un intermédiaire".encode()


@dataclass
class Watched:
    """A TLS connection to the loopback. `records` are those of the server, in order: type and length."""

    connection: socket.socket
    context: ssl.SSLContext
    name: str
    records: list[tuple[int, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._raw = b""
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = self.context.wrap_bio(self._incoming, self._outgoing, server_hostname=self.name)
        while not self._shaken():
            self._receive()
        self.flush()
        self.of_handshake = len(self.records)

    def ask(self, request: bytes) -> bytes:
        """Send a whole request and return its whole answer, by its Content-Length."""
        self.tls.write(request)
        self.flush()
        answer = b""
        while not _complete(answer):
            answer += self._read()
        return answer

    def sizes(self) -> list[int]:
        """Return the lengths of the records that came since the last time, the handshake's left out."""
        found = [length for kind, length in self.records[self.of_handshake :] if kind == APPLICATION]
        self.of_handshake = len(self.records)
        return found

    def _shaken(self) -> bool:
        try:
            self.tls.do_handshake()
        except ssl.SSLWantReadError:
            self.flush()
            return False
        return True

    def _read(self) -> bytes:
        while True:
            try:
                came = self.tls.read(65536)
            except ssl.SSLWantReadError:
                self._receive()
                continue
            if not came:
                raise ConnectionError("the server closed")
            return came

    def flush(self) -> None:
        """Send what was written so far."""
        if self._outgoing.pending:
            self.connection.sendall(self._outgoing.read())

    def _receive(self) -> None:
        came = self.connection.recv(65536)
        if not came:
            raise ConnectionError("the server closed")
        self._raw += came
        self._incoming.write(came)
        while len(self._raw) >= 5 and len(self._raw) >= 5 + int.from_bytes(self._raw[3:5]):
            length = int.from_bytes(self._raw[3:5])
            self.records.append((self._raw[0], length))
            self._raw = self._raw[5 + length :]


def _complete(answer: bytes) -> bool:
    head, found, body = answer.partition(b"\r\n\r\n")
    if not found:
        return False
    lengths = [int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
    return len(body) >= lengths[0]


def trusting(newest: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3) -> ssl.SSLContext:
    """Return a client's settings that accept any certificate, and speak TLS up to a version."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.maximum_version = newest
    return context


@contextmanager
def watched(
    port: int, name: str = "localhost", newest: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3
) -> Iterator[Watched]:
    """Connect and shake hands. Raises ssl.SSLError, ConnectionError."""
    with socket.create_connection(("127.0.0.1", port), _TIMEOUT) as connection:
        yield Watched(connection, trusting(newest), name)


def get(path: str, *headers: str, gzip: bool = True) -> bytes:
    """Write the request of a page, as a browser does."""
    return _request(f"GET {path} HTTP/1.1", *headers, *(("Accept-Encoding: gzip",) if gzip else ()))


def post(path: str, body: bytes, claimed: int | None = None) -> bytes:
    """Write the request of a form, which may claim to be longer than it is."""
    length = len(body) if claimed is None else claimed
    return _form(path, f"Content-Length: {length}") + body


def in_pieces(path: str, body: bytes) -> bytes:
    """Write the request of a form that comes in small pieces, its length unsaid."""
    pieces = b"".join(b"1\r\n%c\r\n" % byte for byte in body)
    return _form(path, "Transfer-Encoding: chunked") + pieces + b"0\r\n\r\n"


def _form(path: str, length: str) -> bytes:
    of_a_form = "Content-Type: application/x-www-form-urlencoded", "Accept-Encoding: gzip"
    return _request(f"POST {path} HTTP/1.1", *of_a_form, length)


def _request(*lines: str) -> bytes:
    return "\r\n".join([*lines, "Host: localhost", "", ""]).encode()


@contextmanager
def slow_forms(port: int, number: int) -> Iterator[None]:
    """Hold connections on which a form has begun and does not end."""
    with ExitStack() as held:
        for _ in range(number):
            slow = held.enter_context(watched(port))
            slow.tls.write(post("/retour", b"words=", claimed=100))
            slow.flush()
        yield


def comes(port: int, within: float) -> bool:
    """Say whether the first page comes soon."""
    with watched(port) as connection:
        connection.connection.settimeout(within)
        try:
            return connection.ask(get("/")).startswith(b"HTTP/1.1 200")
        except TimeoutError:
            return False
