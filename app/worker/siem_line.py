"""A TLS 1.3 connection that only speaks, and learns at its end whether all was heard (RFC 5425).

Syslog has no receipt. But who gets a `close_notify` must answer it (RFC 5425, 4.4), and can only after it has read
all that came before: the answer is the receipt. An `SSLSocket` can't tell it from a fatal alert, with which a
receiver refuses a certificate once the client has begun to speak; hence TLS over buffers of our own.
"""

import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TypeVar

from app.config import Siem

SECONDS = 10.0
"""How long to wait for a connection, for one chunk to be taken, or for the next bytes of an answer."""
LISTENING_SECONDS = 1.0
"""How long to hear, before and after all is said, whether the receiver leaves early."""
_CHUNK = 1 << 16
_Done = TypeVar("_Done")


class NotConfirmed(OSError):
    """The receiver closed without the answer that a TLS connection ends with: what it heard is unknown."""

    def __init__(self) -> None:
        super().__init__("the receiver did not answer the end of the connection: it must send close_notify")


@contextmanager
def speaking(siem: Siem) -> "Iterator[Callable[[bytes], None]]":
    """Connect, give what sends, and at the end wait for the receiver to confirm that it read everything.

    Raises OSError, also as ssl.SSLError and NotConfirmed: then anything or nothing of it was received.
    """
    context = _context(siem)
    with socket.create_connection((siem.host, siem.port), timeout=SECONDS) as link:
        line = _Line(link, context, siem.host)
        yield line.say
        line.end()


def _context(siem: Siem) -> ssl.SSLContext:
    """Return what a connection demands: TLS 1.3, and a certificate of the one authority for the host."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_verify_locations(cafile=siem.authority)
    if siem.certificate:
        context.load_cert_chain(siem.certificate, siem.key)
    return context


class _Line:
    def __init__(self, link: socket.socket, context: ssl.SSLContext, host: str) -> None:
        self._link, self._heard, self._to_say = link, ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._heard, self._to_say, server_hostname=host)
        self._until_done(self._tls.do_handshake)

    def say(self, data: bytes) -> None:
        """Send bytes."""
        for start in range(0, len(data), _CHUNK):
            self._tls.write(data[start : start + _CHUNK])
            self._flush()

    def end(self) -> None:
        """Say that this was all, and return once the receiver says that it heard it. Raises NotConfirmed."""
        self._listen()
        with suppress(ssl.SSLWantReadError):
            self._tls.unwrap()
            raise NotConfirmed  # it ended before us: what was said since may not have been read
        self._flush()
        with suppress(ssl.SSLZeroReturnError):
            self._until_done(lambda: self._tls.read(1))
            raise NotConfirmed  # it speaks where it has nothing to say
        self._see_it_leave()

    def _listen(self) -> None:
        """Hear for a moment whether the receiver parts from us: its farewell would be taken for an answer to ours.

        In TLS 1.3 a client has begun to speak before the receiver looks at its certificate.
        """
        self._link.settimeout(LISTENING_SECONDS)
        with suppress(TimeoutError):
            while True:
                self._hear()
                with suppress(ssl.SSLWantReadError):  # a session ticket, which says nothing
                    self._read_farewell()
        self._link.settimeout(SECONDS)

    def _read_farewell(self) -> None:
        with suppress(ssl.SSLZeroReturnError, ssl.SSLEOFError):
            self._tls.read(1)
        raise NotConfirmed

    def _see_it_leave(self) -> None:
        """Raise ConnectionResetError if the receiver left without having read everything (RFC 1122, 4.2.2.13)."""
        self._link.shutdown(socket.SHUT_WR)
        self._link.settimeout(LISTENING_SECONDS)
        with suppress(TimeoutError):
            while self._link.recv(_CHUNK):
                pass

    def _until_done(self, step: Callable[[], _Done]) -> _Done:
        while True:
            try:
                done = step()
            except ssl.SSLWantReadError:
                self._flush()
                self._hear()
            except ssl.SSLEOFError:
                raise NotConfirmed from None
            else:
                self._flush()
                return done

    def _flush(self) -> None:
        if self._to_say.pending:
            self._link.sendall(self._to_say.read())

    def _hear(self) -> None:
        heard = self._link.recv(_CHUNK)
        if heard:
            self._heard.write(heard)
        else:
            self._heard.write_eof()
