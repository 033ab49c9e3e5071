"""The patient process as it is really started: what it holds, what it was given, what it leaves behind."""

import os
import subprocess
import sys
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

import pytest

from app.cli.environment import file_of, read_file
from app.cli.setup import set_up
from app.config import ROOT
from tests.factories.served import CHEAP_WORDS, Served, free_port, serve

KEYS_OF_OTHERS = ("pkcs11", "softhsm", "opensc")
"""Libraries by which a process could reach a private key in an HSM."""
PLANTED = "import app.worker.intake\n"


@pytest.fixture(scope="module")
def health() -> int:
    """The port that is asked for the zone's health."""
    return free_port()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, health: int) -> Iterator[Served]:
    """The patient zone as `paravent serve` starts it."""
    with serve(tmp_path_factory.mktemp("patient"), values={"PARAVENT_HEALTH": f"127.0.0.1:{health}"}) as served:
        yield served


def family(parent: int) -> list[int]:
    """Return a process and all it forked."""
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    return [parent, *(one for child in children for one in family(int(child)))]


def of(process: int, what: str) -> str:
    """Return what the machine says of a process; skip where only root may ask."""
    try:
        return Path(f"/proc/{process}/{what}").read_text(errors="replace")
    except PermissionError:
        pytest.skip("a process that can't be dumped shows this to root alone")


def processes(running: Served) -> list[int]:
    """Return the processes of the patient zone: the one that started, and its workers."""
    found = family(running.processes[0].pid)
    assert len(found) >= 2
    return found


def test_no_process_of_the_zone_may_leave_a_core_dump(running: Served) -> None:
    for process in processes(running):
        (limit,) = [line for line in of(process, "limits").splitlines() if line.startswith("Max core file size")]
        assert limit.split()[4:6] == ["0", "0"]


def test_no_process_of_the_zone_was_given_a_way_to_a_key(running: Served) -> None:
    for process in processes(running):
        environ = of(process, "environ").split("\0")
        assert "PARAVENT_ZONE=patient" in environ
        assert [one for one in environ if "KEYSTORE" in one or "PKCS11" in one] == []


def test_no_library_that_reaches_private_keys_is_in_memory(running: Served) -> None:
    for process in processes(running):
        maps = of(process, "maps")
        assert "libpython" in maps or "python" in maps
        assert [name for name in KEYS_OF_OTHERS if name in maps] == []


def test_nothing_of_the_keystore_is_open(running: Served) -> None:
    keystore = str(running.settings.var / "keystore")
    for process in processes(running):
        try:
            opened = [os.readlink(f"/proc/{process}/fd/{one}") for one in os.listdir(f"/proc/{process}/fd")]
        except PermissionError:
            pytest.skip("a process that can't be dumped shows this to root alone")
        assert not any(path.startswith(keystore) for path in opened)


def test_it_says_itself_that_it_is_ready_and_stays_in_memory(running: Served, health: int) -> None:
    connection = HTTPConnection("127.0.0.1", health, timeout=10)
    connection.request("GET", "/ready")
    answer = connection.getresponse()
    said = answer.read().decode()
    connection.close()
    assert (answer.status, said.splitlines()[0]) == (200, "ready"), said
    assert "memory: stays in the process" in said
    assert "intake key: usable" in said
    assert not (running.root / "core").exists()


def test_the_public_port_knows_nothing_of_health(running: Served) -> None:
    port = int(running.patient.rpartition(":")[2])
    for path in ("/ready", "/live"):
        connection = HTTPConnection("127.0.0.1", port, timeout=10)
        connection.request("GET", path, headers={"Accept-Encoding": "identity"})
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        assert (answer.status, b"silo" in body) == (404, False)


@pytest.fixture(scope="module")
def patient(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The patient zone's environment."""
    var = tmp_path_factory.mktemp("installed") / "var"
    set_up(CHEAP_WORDS | {"PARAVENT_VAR": str(var), "PARAVENT_PATIENT_ADDRESS": f"http://localhost:{free_port()}"})
    return read_file(file_of(var, "patient")) | {"PATH": os.environ["PATH"]}


def started(command: list[str], environ: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    """Run a command that is expected to end by itself."""
    return subprocess.run(  # noqa: S603 - our own interpreter, our own program
        [sys.executable, *command], cwd=ROOT, env=environ, capture_output=True, text=True, timeout=30, check=False
    )


def test_a_server_that_holds_the_clinics_code_is_not_started(patient: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(PLANTED)
    environ = patient | {"PYTHONPATH": f"{tmp_path}:{ROOT}"}
    done = started(["-m", "app.cli.main", "serve", "--processes", "1"], environ)
    assert done.returncode == 1
    assert "the patient process holds code of the clinic's side" in done.stderr
    assert "app.vault.keystore" in done.stderr
    assert "Traceback" not in done.stderr


def test_another_server_that_holds_it_gets_no_application(patient: dict[str, str]) -> None:
    done = started(["-c", f"{PLANTED}import wsgi"], patient)
    assert done.returncode == 1
    assert "NotConfined" in done.stderr


def test_an_application_of_the_wsgi_entry_forbids_dumps_too(patient: dict[str, str]) -> None:
    said = "import wsgi; from app.process import dumps_forbidden; raise SystemExit(0 if dumps_forbidden() else 3)"
    assert started(["-c", said], patient).returncode == 0
