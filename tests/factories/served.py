"""A whole installation served for real: set up by the command line, three processes, http or TLS."""

import datetime as dt
import os
import socket
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from app.cli.environment import file_of, read_file
from app.cli.profiles import publish
from app.cli.setup import set_up
from app.clock import system_clock
from app.config import ROOT, Settings, Zone
from app.db import Databases
from app.front.published_directory import publish_directory
from tests.factories.house import clinic_directory

CHEAP_WORDS = {"PARAVENT_WORDS_MEMORY_KIB": "64", "PARAVENT_WORDS_PASSES": "1"}
_STARTING = 60.0


@dataclass
class Served:
    """A running installation: where its pages are, and where its files lie."""

    root: Path
    settings: Settings
    patient: str
    clinic: str
    processes: list["subprocess.Popen[bytes]"] = field(default_factory=list)

    @property
    def log(self) -> str:
        """Everything the processes wrote so far."""
        return (self.root / "log.txt").read_text(encoding="utf-8")


@contextmanager
def serve(
    root: Path,
    *,
    tls: bool = False,
    demo: bool = False,
    zones: tuple[Zone, ...] = ("patient",),
    values: Mapping[str, str] | None = None,
) -> Iterator[Served]:
    """Set an installation up in a folder and serve some zones until the block ends.

    `values` are settings of the environment that go before ours.
    """
    ports = {"patient": free_port(), "clinic": free_port()}
    scheme = "https" if tls else "http"
    environ = (
        CHEAP_WORDS
        | {
            "PARAVENT_VAR": str(root / "var"),
            "PARAVENT_TLS": "1" if tls else "0",
            "PARAVENT_DEMO": "1" if demo else "0",
            "PARAVENT_PATIENT_ADDRESS": f"{scheme}://localhost:{ports['patient']}",
            "PARAVENT_CLINIC_ADDRESS": f"{scheme}://localhost:{ports['clinic']}",
        }
        | dict(values or {})
    )
    settings = set_up(environ)
    _fill(settings, demo=demo)
    served = Served(root, settings, settings.patient_address, settings.clinic_address)
    certificate = self_signed(root) if tls else None
    with (root / "log.txt").open("wb") as log:
        try:
            for zone in zones:
                served.processes.append(_start(zone, settings, ports, certificate, log))
            for zone, process in zip(zones, served.processes, strict=True):
                if zone != "worker":
                    _wait(served.patient if zone == "patient" else served.clinic, process)
            yield served
        finally:
            _stop(served.processes)


def free_port() -> int:
    """Return a port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def self_signed(root: Path) -> tuple[Path, Path]:
    """Make a certificate for localhost and its key; a browser in a test is told to accept it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(minutes=5))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    paths = root / "certificate.pem", root / "key.pem"
    paths[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return paths


def _fill(settings: Settings, *, demo: bool) -> None:
    publish(settings, rehearse=lambda *_what: [])  # rehearsed by a test of its own
    if demo:
        from app.cli.demo_data import load_demo

        load_demo(settings)
        return
    db = Databases(settings.databases)
    with db.writing("front") as session:
        publish_directory(session, clinic_directory(), system_clock())
    db.dispose()


def _start(
    zone: Zone, settings: Settings, ports: dict[str, int], certificate: tuple[Path, Path] | None, log: object
) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "app.cli.main", "serve", "--processes", "1", "--threads", "16"]
    if zone != "worker":
        command += ["--host", "127.0.0.1", "--port", str(ports[zone])]
        if certificate:
            command += ["--certificate", str(certificate[0]), "--key", str(certificate[1])]
    values = {name: value for name, value in os.environ.items() if not name.startswith("PARAVENT_")}
    values |= read_file(file_of(settings.var, zone))
    return subprocess.Popen(command, env=values, cwd=ROOT, stdout=log, stderr=log)  # type: ignore[call-overload,no-any-return]  # noqa: S603 - our own command


def _wait(address: str, process: "subprocess.Popen[bytes]") -> None:
    """Wait until a zone answers. Raises TimeoutError, and ChildProcessError when it ended instead."""
    trusting = ssl.create_default_context()
    trusting.check_hostname = False
    trusting.verify_mode = ssl.CERT_NONE
    until = time.monotonic() + _STARTING
    while time.monotonic() < until:
        try:
            urllib.request.urlopen(address, timeout=5, context=trusting).close()  # noqa: S310 - our own address
        except urllib.error.HTTPError:
            return
        except OSError:
            if process.poll() is not None:
                raise ChildProcessError(f"{address}: ended with {process.returncode}, see log.txt") from None
            time.sleep(0.2)
        else:
            return
    raise TimeoutError(address)


def _stop(processes: list["subprocess.Popen[bytes]"]) -> None:
    for process in processes:
        process.terminate()
    for process in processes:
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
