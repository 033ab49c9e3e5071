"""A passive observer between a browser and a server: it reads the headers of TLS records, and nothing in them."""

import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

HEADER = 5
APPLICATION = 23
"""The type of a record (RFC 8446, 5.1) that all that is encrypted has in TLS 1.3."""
_CHUNK = 65536
_TIMEOUT = 60


@dataclass(frozen=True, slots=True)
class Record:
    """One TLS record as it is seen: which way it went, its type and length, and when its header passed."""

    up: bool
    kind: int
    length: int
    at: float


class Records:
    """Finds the records of one direction in a stream of bytes."""

    def __init__(self, up: bool, note: Callable[[Record], None]) -> None:
        self._up, self._note = up, note
        self._header, self._left = b"", 0

    def feed(self, data: bytes) -> None:
        """Read on. Only the five bytes of each header are kept, until they are read."""
        at = time.perf_counter()
        while data:
            if self._left:
                skipped = min(self._left, len(data))
                self._left, data = self._left - skipped, data[skipped:]
                continue
            wanted = HEADER - len(self._header)
            self._header, data = self._header + data[:wanted], data[wanted:]
            if len(self._header) == HEADER:
                self._left = int.from_bytes(self._header[3:5], "big")
                self._note(Record(self._up, self._header[0], self._left, at))
                self._header = b""


@dataclass
class Connection:
    """One connection as observed: its records so far."""

    records: list[Record] = field(default_factory=list)

    @property
    def greeted(self) -> bool:
        """Whether the server sent something after the browser had ended the handshake."""
        encrypted = [record.up for record in self.records if record.kind == APPLICATION]
        return True in encrypted and not encrypted[-1]


class Tap:
    """Passes connections of the loopback on to a port and notes their records. One thread for each direction."""

    def __init__(self, port: int) -> None:
        self.behind = port
        self.connections: list[Connection] = []

    def __enter__(self) -> Self:
        """Begin to listen, on a free port."""
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        """Stop listening; what is open ends with its two ends."""
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()

    def _accept(self) -> None:
        with suppress(OSError):  # closed
            while True:
                front, _address = self._listening.accept()
                connection = Connection()
                self.connections.append(connection)
                threading.Thread(target=self._carry, args=(front, connection), daemon=True).start()

    def _carry(self, front: socket.socket, connection: Connection) -> None:
        """Pass one connection on, both ways, until both its ends have ended."""
        note = connection.records.append
        with front, socket.create_connection(("127.0.0.1", self.behind), _TIMEOUT) as back:
            for end in (front, back):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            up = threading.Thread(target=_pass_on, args=(front, back, Records(True, note)), daemon=True)
            up.start()
            _pass_on(back, front, Records(False, note))
            up.join()


def _pass_on(source: socket.socket, target: socket.socket, records: Records) -> None:
    """Carry bytes one way until the source ends. They are noted first, so that no answer precedes its question."""
    with suppress(OSError):
        while data := source.recv(_CHUNK):
            records.feed(data)
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)
