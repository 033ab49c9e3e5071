"""A SIEM's receiver: Debian's rsyslog as docs/deploy/rsyslog.conf sets it, and a wire to it that is listened to."""

import os
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from app.clock import system_clock
from app.config import ROOT, Siem
from app.vault.pki import Pair, certificate_pem, issue, new_authority
from tests.factories.served import free_port

CLIENT = "paravent_siem"
_SHIPPED = ROOT / "docs" / "deploy" / "rsyslog.conf"
_MODULE = "lmnsd_ossl.so"
_PATIENCE = 10.0


@dataclass
class Receiver:
    """rsyslog in a folder, with an authority that certified it and one client."""

    folder: Path
    authority: Pair
    port: int = field(default_factory=free_port)
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def log(self) -> Path:
        """Where it writes what it received."""
        return self.folder / "received.log"

    def lines(self) -> list[str]:
        """Return what was received so far."""
        return self.log.read_text(encoding="utf-8").splitlines() if self.log.exists() else []

    def start(self) -> None:
        """Start it, and wait until it listens."""
        program = shutil.which("rsyslogd", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
        assert program
        command = [program, "-n", "-f", str(self.folder / "rsyslog.conf"), "-i", str(self.folder / "pid")]
        with (self.folder / "said.txt").open("ab") as said:
            self.process = subprocess.Popen(command, stdout=said, stderr=said)  # noqa: S603 - our own server
        assert until(self._listens), (self.folder / "said.txt").read_text()

    def stop(self, number: int = signal.SIGTERM) -> None:
        """End it by a signal, and wait until it ended."""
        if self.process:
            self.process.send_signal(number)
            self.process.wait(_PATIENCE)
        self.process = None

    def settings(self, **changes: object) -> Siem:
        """Return the settings of an installation that sends to it."""
        files = self.folder / "authority.pem", self.folder / "client.pem", None
        right = dict(zip(("authority", "certificate", "key"), files, strict=True))
        values: dict[str, object] = {"host": "127.0.0.1", "port": self.port, "format": "ecs", **right}
        return Siem(**(values | changes))  # type: ignore[arg-type]  # a mapping of the fields of Siem

    def _listens(self) -> bool:
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
            return True
        return False


@contextmanager
def a_receiver(folder: Path) -> Iterator[Receiver]:
    """Run a receiver in an empty folder; skip where rsyslog, or its TLS by OpenSSL, is missing."""
    if not any(Path("/usr/lib").glob(f"**/rsyslog/{_MODULE}")):
        pytest.skip("rsyslog-openssl is missing: apt-get install rsyslog rsyslog-openssl")
    receiver = Receiver(folder, new_authority("Paravent trial", system_clock()))
    certify(folder, receiver.authority)
    (folder / "rsyslog.conf").write_text(_set(receiver), encoding="utf-8")
    receiver.start()
    try:
        yield receiver
    finally:
        receiver.stop(signal.SIGKILL)


def certify(folder: Path, authority: Pair) -> None:
    """Write the files of an authority, of the receiver and of its client."""
    now = system_clock()
    server = issue(authority, ["siem.test", "127.0.0.1"], "server", now)
    (folder / "authority.pem").write_bytes(certificate_pem(authority.certificate))
    (folder / "siem.pem").write_bytes(server.pem())
    (folder / "client.pem").write_bytes(issue(authority, [CLIENT], "client", now).pem())


def _set(receiver: Receiver) -> str:
    """Return the shipped file for a folder and a port of a test."""
    text = _SHIPPED.read_text(encoding="utf-8")
    changes = {
        "/etc/rsyslog.d/paravent": str(receiver.folder),
        "/var/spool/rsyslog": str(receiver.folder),
        "/var/log/paravent-ledger.log": str(receiver.log),
        'port="6514"': f'port="{receiver.port}"',
        ' sync="on"': "",  # a test's machine has one disk for everybody
    }
    for shipped, ours in changes.items():
        assert shipped in text
        text = text.replace(shipped, ours)
    return text


class Wire:
    """Carries bytes to a port, keeps what went there, and may break after so many of them."""

    def __init__(self, port: int) -> None:
        self.sent = bytearray()
        self.breaks_after: int | None = None
        self.at_break: Callable[[], None] = lambda: None
        self._to = port
        self._door = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._door.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        """Take no more connections."""
        self._door.close()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._door.accept()
                threading.Thread(target=self._carry, args=(near,), daemon=True).start()

    def _carry(self, near: socket.socket) -> None:
        with suppress(OSError), near, socket.create_connection(("127.0.0.1", self._to)) as far:
            threading.Thread(target=self._back, args=(far, near), daemon=True).start()
            carried = 0
            while heard := near.recv(1024):
                self.sent += heard
                carried += len(heard)
                far.sendall(heard)
                if self.breaks_after is not None and carried >= self.breaks_after:
                    self.breaks_after = None
                    self.at_break()
                    return
            far.shutdown(socket.SHUT_WR)
            threading.Event().wait(0.2)

    def _back(self, far: socket.socket, near: socket.socket) -> None:
        with suppress(OSError):
            while heard := far.recv(1024):
                near.sendall(heard)
            near.shutdown(socket.SHUT_WR)


def until(done: Callable[[], bool], seconds: float = _PATIENCE) -> bool:
    """Wait until something is so; say whether it came to be."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if done():
            return True
        time.sleep(0.02)
    return False
