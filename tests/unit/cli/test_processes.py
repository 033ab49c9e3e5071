"""The processes: each imports its own zone only, and `run` starts and stops all three."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

import pytest

from app.cli.environment import file_of, read_file
from app.cli.run import child_environment
from app.cli.serve import listening
from app.cli.setup import set_up
from app.config import ROOT, Settings, load_settings

_IMPORTED = "import json, sys, wsgi; print(json.dumps(sorted(n for n in sys.modules if n.startswith('app.'))))"


@pytest.fixture
def installed(tmp_path: Path) -> Settings:
    """An installation."""
    return set_up({"PARAVENT_VAR": str(tmp_path), "PARAVENT_TLS": "0"})


@pytest.mark.parametrize(
    ("zone", "never"),
    [
        ("patient", ("clinic", "worker", "cli", "identity", "care", "desk", "vault.keystore", "vault.door")),
        ("clinic", ("patient", "worker", "cli")),
    ],
)
def test_a_zones_process_imports_no_other_zone(installed: Settings, zone: str, never: tuple[str, ...]) -> None:
    environ = {"PATH": os.environ["PATH"]} | read_file(file_of(installed.var, zone))
    command = [sys.executable, "-c", _IMPORTED]
    done = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=True)  # noqa: S603 - our own command

    imported = json.loads(done.stdout)
    assert f"app.{zone}.factory" in imported
    assert [name for name in imported if f"{name}.".startswith(tuple(f"app.{room}." for room in never))] == []


@pytest.mark.parametrize("zone", ["worker", "cli"])
def test_a_zone_without_pages_is_refused_by_the_wsgi_entry(installed: Settings, zone: str) -> None:
    environ = {"PATH": os.environ["PATH"]} | read_file(file_of(installed.var, zone))
    done = subprocess.run([sys.executable, "-c", _IMPORTED], cwd=ROOT, env=environ, capture_output=True, text=True)  # noqa: S603 - our own command

    assert done.returncode == 1
    assert f"the {zone} zone serves no page" in done.stderr


def test_a_child_is_given_its_own_file_and_no_other_zones_secret(tmp_path: Path) -> None:
    environ = {
        "PARAVENT_VAR": str(tmp_path),
        "PARAVENT_KEYSTORE_PASSPHRASE": "a long enough passphrase",
        "PARAVENT_WORDS_MEMORY_KIB": "64",
        "PATH": "/bin",
    }
    settings = set_up(environ)

    patient = child_environment("patient", settings, environ)
    worker = child_environment("worker", settings, environ)

    assert patient["PATH"] == "/bin"
    assert not [name for name in patient if "KEYSTORE" in name]
    assert worker["PARAVENT_KEYSTORE_PASSPHRASE"] == "a long enough passphrase"
    assert load_settings(patient).zone == "patient"


@pytest.mark.parametrize(
    ("zone", "host", "port", "result"),
    [
        ("patient", None, None, ("127.0.0.1", 8000)),
        ("clinic", None, None, ("127.0.0.1", 8001)),
        ("patient", "0.0.0.0", 80, ("0.0.0.0", 80)),  # noqa: S104 - compared
        ("patient", "localhost", None, ("127.0.0.1", 8000)),
    ],
)
def test_where_a_zone_listens(
    installed: Settings, zone: str, host: str | None, port: int | None, result: tuple[str, int]
) -> None:
    settings = load_settings(read_file(file_of(installed.var, zone)))
    assert listening(settings, host, port) == result


@pytest.fixture
def house_running(tmp_path: Path) -> Iterator[tuple["subprocess.Popen[str]", int, int]]:
    """The three processes on two free ports, from a place where nothing was set up."""
    ports = [_free_port(), _free_port()]
    command = [sys.executable, "-m", "app.cli.main", "run", "--port", str(ports[0]), "--clinic-port", str(ports[1])]
    environ = {"PATH": os.environ["PATH"], "PARAVENT_VAR": str(tmp_path)}
    with subprocess.Popen(command, cwd=ROOT, env=environ, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - our own command
        yield process, *ports  # type: ignore[misc]
        process.terminate()


def test_run_starts_three_processes_and_stops_them_all(
    house_running: tuple["subprocess.Popen[str]", int, int],
) -> None:
    process, patient, clinic = house_running
    assert process.stdout
    said = ""
    while "Ctrl-C" not in said:
        line = process.stdout.readline()
        assert line, "it ended before it served"
        said += line

    assert f"http://localhost:{patient}" in said
    assert "only\n  enforced on PostgreSQL" in said
    assert (_status(patient, "/urgence"), _status(clinic, "/connexion")) == (200, 200)
    children = _children(process.pid)
    assert len(children) == 3
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=30) == 0
    for _ in range(50):
        if not any(Path(f"/proc/{child}").exists() for child in children):
            return
        time.sleep(0.1)
    raise AssertionError("a process outlived its parent")


def _status(port: int, path: str) -> int:
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", path)
    status = connection.getresponse().status
    connection.close()
    return status


def _children(parent: int) -> list[int]:
    return [int(pid) for pid in Path(f"/proc/{parent}/task/{parent}/children").read_text().split()]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
