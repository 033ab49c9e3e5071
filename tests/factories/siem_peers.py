"""Receivers of a SIEM in this process, that take TLS connections and treat each in some manner."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from app.config import Siem

Manner = Callable[[ssl.SSLSocket, bytearray], None]


def server_context(folder: Path) -> ssl.SSLContext:
    """Return what a receiver demands, by the files that `certify` wrote."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "siem.pem")
    context.load_verify_locations(folder / "authority.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    return context


@contextmanager
def a_peer(context: ssl.SSLContext, manner: Manner) -> "Iterator[tuple[int, bytearray]]":
    """Take connections, one after the other, and treat each in some manner; give the port, and what was read."""
    heard = bytearray()

    def take() -> None:
        with suppress(OSError):
            while True:
                near, _ = door.accept()
                with suppress(OSError), near, _certified(context, near) as tls:
                    tls.settimeout(3)
                    manner(tls, heard)

    with socket.create_server(("127.0.0.1", 0)) as door:
        thread = threading.Thread(target=take, daemon=True)
        thread.start()
        yield door.getsockname()[1], heard
        door.shutdown(socket.SHUT_RDWR)
        thread.join(5)


def siem_at(folder: Path, port: int, *, shown: bool = True) -> Siem:
    """Return the settings of an installation that sends to a port of this machine."""
    certificate = folder / "client.pem" if shown else None
    return Siem("127.0.0.1", port, folder / "authority.pem", certificate, None, "ecs")


def read_all(tls: ssl.SSLSocket, heard: bytearray) -> None:
    """Read up to the end that the other side says."""
    with suppress(ssl.SSLZeroReturnError):
        while read := tls.recv(65536):
            heard += read


def honest(tls: ssl.SSLSocket, heard: bytearray) -> None:
    """Read everything, and answer the end."""
    read_all(tls, heard)
    tls.unwrap()


def hanging_up(tls: ssl.SSLSocket, heard: bytearray) -> None:
    """Read everything and end the connection below TLS."""
    read_all(tls, heard)


def _certified(context: ssl.SSLContext, near: socket.socket) -> ssl.SSLSocket:
    return context.wrap_socket(near, server_side=True, suppress_ragged_eofs=False)
