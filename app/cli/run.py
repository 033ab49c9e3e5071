"""`paravent run`: the whole house on one machine, to try it. Three processes, each with its own environment."""

import argparse
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import FrameType

from app.cli.environment import PREFIX, file_of, read_file
from app.cli.pki_folder import AUTHORITY, Folder, served
from app.cli.profiles import publish
from app.cli.serve import check_pair
from app.cli.setup import set_up, unlike
from app.clock import system_clock
from app.config import ROOT, Settings, SettingsError, Zone

_ZONES: tuple[Zone, ...] = ("patient", "clinic", "worker")
_START_ATTEMPTS = 600
_ATTEMPT_SECONDS = 0.1
_STOP_SECONDS = 15

_SQLITE_NOTE = """\
The silos are SQLite files: every process here could read them all. What each zone may do in each silo is only
enforced on PostgreSQL (PARAVENT_DB_<SILO>)."""


class Stopped(Exception):
    """Somebody asked to stop."""


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declare the command."""
    parser = commands.add_parser("run", help="set up if needed, then start patient, clinic and worker together")
    parser.add_argument("--host", default="localhost", help="address to listen on (default: localhost)")
    parser.add_argument("--port", type=int, default=8000, help="port of the patient pages (default: 8000)")
    parser.add_argument("--clinic-port", type=int, default=8001, help="port of the clinic pages (default: 8001)")
    tls = parser.add_mutually_exclusive_group()
    tls.add_argument("--tls", action="store_true", help="serve with a certificate of an authority made for trials")
    tls.add_argument("--certificate", type=Path, help="TLS certificate chain (PEM), with --key")
    parser.add_argument("--key", type=Path, help="TLS private key (PEM, PKCS#8)")
    parser.set_defaults(act=act)


def act(arguments: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Set up, load what there is to show, start the three processes, and stay until one ends or Ctrl-C.

    Raises SettingsError.
    """
    check_pair(arguments)
    signal.signal(signal.SIGTERM, _stop)
    children: dict[Zone, subprocess.Popen[bytes]] = {}
    try:
        settings = set_up(dict(environ) | addresses(arguments))
        if faults := unlike(settings):
            raise SettingsError(faults)
        certify(arguments, settings)
        _load(settings)
        for zone in _ZONES:
            children[zone] = _start(zone, arguments, settings, environ)
        _wait_until_served(arguments, children)
        say(arguments, settings)
        return _watch(children)
    except (KeyboardInterrupt, Stopped):
        return 0
    finally:
        _stop_all(children)


def addresses(arguments: argparse.Namespace) -> dict[str, str]:
    """Return the settings that follow from where to listen."""
    tls = arguments.tls or arguments.certificate
    scheme = "https" if tls else "http"
    return {
        f"{PREFIX}TLS": "1" if tls else "0",
        f"{PREFIX}PATIENT_ADDRESS": f"{scheme}://{arguments.host}:{arguments.port}",
        f"{PREFIX}CLINIC_ADDRESS": f"{scheme}://{arguments.host}:{arguments.clinic_port}",
    }


def certify(arguments: argparse.Namespace, settings: Settings) -> None:
    """With --tls, take a certificate of our own authority for where to listen, made if need be. Raises PkiError."""
    if arguments.tls:
        path = served(_authority(settings), arguments.host, system_clock())
        arguments.certificate = arguments.key = path


def child_environment(zone: Zone, settings: Settings, environ: Mapping[str, str]) -> dict[str, str]:
    """Return what one process is given: the machine's variables, its own file, and no other zone's secret."""
    values = {name: value for name, value in environ.items() if not name.startswith(PREFIX)}
    values |= read_file(file_of(settings.var, zone))
    if zone != "patient" and settings.keystore_passphrase:
        values[f"{PREFIX}KEYSTORE_PASSPHRASE"] = settings.keystore_passphrase
    return values


def _authority(settings: Settings) -> Folder:
    """Return a folder of its own: what signs for a trial must not sign for databases (`paravent pki`)."""
    return Folder(settings.var / "pki-trial", settings.keystore_passphrase)


def _load(settings: Settings) -> None:
    print("Rehearsing what patients will see, unless it was done before…", flush=True)
    publish(settings)
    if settings.demo:
        from app.cli.demo_data import load_demo

        print("Loading the demonstration clinic, unless it is there already…", flush=True)
        load_demo(settings)


def _start(
    zone: Zone, arguments: argparse.Namespace, settings: Settings, environ: Mapping[str, str]
) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "app.cli.main", "serve"]
    if zone != "worker":
        port = arguments.port if zone == "patient" else arguments.clinic_port
        command += ["--host", arguments.host, "--port", str(port)]
        if arguments.certificate:
            command += ["--certificate", str(arguments.certificate), "--key", str(arguments.key)]
    # Its own process group: Ctrl-C reaches this process, which then stops the others in order.
    return subprocess.Popen(  # noqa: S603 - our own command, no shell
        command, env=child_environment(zone, settings, environ), cwd=ROOT, start_new_session=True
    )


def _wait_until_served(arguments: argparse.Namespace, children: Mapping[Zone, "subprocess.Popen[bytes]"]) -> None:
    """Wait until both pages' ports answer, or a process ends, or it takes too long."""
    host = "127.0.0.1" if arguments.host in ("localhost", "0.0.0.0") else arguments.host  # noqa: S104 - compared
    for port in (arguments.port, arguments.clinic_port):
        for _attempt in range(_START_ATTEMPTS):
            if any(child.poll() is not None for child in children.values()) or _answers(host, port):
                break
            time.sleep(_ATTEMPT_SECONDS)


def _answers(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), timeout=1).close()
    except OSError:
        return False
    return True


def say(arguments: argparse.Namespace, settings: Settings) -> None:
    """Print where the pages are, and what whoever tries them must know."""
    print(f"\n  Patients: {settings.patient_address}\n  Clinic:   {settings.clinic_address}")
    if arguments.tls:
        print("  To try on a telephone, install this there as a certificate authority, and remove it afterwards:")
        print(f"    {_authority(settings).path / AUTHORITY}")
    if settings.demo:
        print(f"  Demonstration sign-ins and their current codes: {settings.clinic_address}/demo")
    else:
        print("  First administrator: paravent staff invite --admin")
    if any(url.startswith("sqlite") for url in settings.databases.values()):
        print("\n  " + _SQLITE_NOTE.replace("\n", "\n  "))
    print("\n  Ctrl-C stops everything.\n", flush=True)


def _watch(children: Mapping[Zone, "subprocess.Popen[bytes]"]) -> int:
    """Stay until a process ends; say which."""
    while True:
        for zone, child in children.items():
            if child.poll() is not None:
                print(
                    f"The {zone} process ended (status {child.returncode}); stopping the others.", file=sys.stderr
                )
                return 1
        time.sleep(0.3)


def _stop_all(children: Mapping[Zone, "subprocess.Popen[bytes]"]) -> None:
    for child in children.values():
        child.terminate()
    for child in children.values():
        try:
            child.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            child.kill()


def _stop(_number: int, _frame: FrameType | None) -> None:
    raise Stopped
