"""Servers and load generators as child processes: started, waited for, and always stopped."""

import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from pathlib import Path
from types import FrameType

from app.config import ROOT

_START_SECONDS = 30
_STOP_SECONDS = 10


class ProgramMissing(Exception):
    """A program that a bench needs is not installed; the message says which, and the Debian package."""


class DidNotStart(Exception):
    """A server ended, or did not answer in time; the message ends with what it said."""


def require(program: str, package: str) -> str:
    """Return a program's path. Raises ProgramMissing."""
    found = shutil.which(program, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if found is None:
        raise ProgramMissing(f"{program} is not installed (Debian package: {package})")
    return found


def free_port() -> int:
    """Return a TCP port of the loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def running(
    command: Sequence[str],
    port: int,
    log: Path,
    environ: Mapping[str, str] | None = None,
    *,
    tls: bool = False,
) -> Iterator[None]:
    """Keep a server running until the block ends. Raises DidNotStart when `/` is not answered."""
    with log.open("ab") as said:
        # Its own process group: what it starts is stopped with it, and Ctrl-C reaches only us.
        child = subprocess.Popen(  # noqa: S603 - our own command, no shell
            command,
            env=clean_environment() | dict(environ or {}),
            cwd=ROOT,
            stdout=said,
            stderr=said,
            start_new_session=True,
        )
    try:
        _wait_for(child, port, log, tls=tls)
        yield
    finally:
        _stop(child)


def python(module: str, *arguments: str) -> list[str]:
    """Return the command that runs a module with this interpreter."""
    return [sys.executable, "-m", module, *arguments]


def clean_environment(machine: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return the machine's variables without any setting of an installation."""
    return {name: value for name, value in machine.items() if not name.startswith("PARAVENT_")}


def stop_on_sigterm() -> None:
    """Let a SIGTERM end this program as Ctrl-C does, so that what it started is stopped and removed."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, interrupt)


def _wait_for(child: "subprocess.Popen[bytes]", port: int, log: Path, *, tls: bool) -> None:
    until = time.monotonic() + _START_SECONDS
    while time.monotonic() < until and child.poll() is None:
        asked = _connection(port, tls=tls)
        try:
            asked.request("GET", "/")
            if asked.getresponse().status == HTTPStatus.OK:
                return
        except (OSError, HTTPException):
            pass
        finally:
            asked.close()
        time.sleep(0.05)
    raise DidNotStart(log.read_text(errors="replace")[-2000:])


def _connection(port: int, *, tls: bool) -> HTTPConnection:
    """Return a connection to the loopback; whose certificate it is does not matter there."""
    if not tls:
        return HTTPConnection("127.0.0.1", port, timeout=_START_SECONDS)
    trusting = ssl.create_default_context()
    trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
    return HTTPSConnection("127.0.0.1", port, timeout=_START_SECONDS, context=trusting)


def _stop(child: "subprocess.Popen[bytes]") -> None:
    if child.poll() is None:
        child.terminate()
        with suppress(subprocess.TimeoutExpired):
            child.wait(_STOP_SECONDS)
    try:
        os.killpg(child.pid, signal.SIGKILL)
    except ProcessLookupError:
        return
    child.wait()
