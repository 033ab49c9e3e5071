"""`paravent serve`: the process of the zone that `PARAVENT_ZONE` names, and nothing of the others."""

import argparse
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from app.cli import health
from app.clock import system_clock
from app.config import ROOT, Settings, SettingsError, load_settings
from app.log import configure_logging
from app.process import check_confined, forbid_dumps

_THREADS = {"patient": 64, "clinic": 16}
"""Many for patients: an answer that is ready waits for the time grid, and its thread with it."""
_PORTS = {"http": 80, "https": 443}


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declare the command."""
    parser = commands.add_parser("serve", help="start the zone of PARAVENT_ZONE: patient, clinic or worker")
    parser.add_argument("--host", help="address to listen on (default: that of the zone's address setting)")
    parser.add_argument("--port", type=int, help="port to listen on (default: that of the zone's address setting)")
    parser.add_argument("--processes", type=int, default=2, help="server processes (default: 2)")
    parser.add_argument("--threads", type=int, help="threads in each (default: 64 for patients, 16 for the clinic)")
    parser.add_argument("--certificate", type=Path, help="TLS certificate chain (PEM), with --key")
    parser.add_argument("--key", type=Path, help="TLS private key (PEM, PKCS#8)")
    parser.set_defaults(act=act)


def act(arguments: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Serve until told to stop. Raises SettingsError, DumpsNotForbidden, NotConfined before anything is opened."""
    check_pair(arguments)
    settings = load_settings(environ)
    if settings.zone == "cli":
        raise SettingsError(["PARAVENT_ZONE must be patient, clinic or worker to serve"])
    forbid_dumps()
    check_confined(settings.zone)
    health.start(settings, system_clock)
    return _work(settings) if settings.zone == "worker" else _serve_pages(arguments, settings)


def check_pair(arguments: argparse.Namespace) -> None:
    """Raise SettingsError unless a certificate and its key are given together, or neither is."""
    if bool(arguments.certificate) != bool(arguments.key):
        raise SettingsError(["--certificate and --key go together"])


def _work(settings: Settings) -> int:
    from app.cli.environment import open_vault
    from app.db import Databases
    from app.ledger.sealed import sealer_of
    from app.worker import loop

    configure_logging()
    db = Databases(settings.databases, settings.db_connections, sealer_of(settings))
    stop = loop.stop_on_signals()
    vault, months = open_vault(settings, db), settings.ledger_months
    far, kept = settings.elsewhere, settings.kept_days
    loop.run(db, vault, system_clock, stop, settings.anchors, settings.siem, months, kept, far)
    db.dispose()
    return 0


def _serve_pages(arguments: argparse.Namespace, settings: Settings) -> int:
    from granian.constants import HTTPModes, Interfaces
    from granian.log import LogLevels
    from granian.server import Server

    host, port = listening(settings, arguments.host, arguments.port)
    Server(
        "wsgi:application",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        http=HTTPModes.http1,  # HTTP/2 compresses headers against one another, so that sizes would tell something.
        websockets=False,
        workers=arguments.processes,
        blocking_threads=arguments.threads or _THREADS[settings.zone],
        log_level=LogLevels.error,
        log_access=False,
        respawn_failed_workers=True,
        workers_kill_timeout=10,
        ssl_cert=arguments.certificate,
        ssl_key=arguments.key,
        working_dir=ROOT,
    ).serve()
    return 0


def listening(settings: Settings, host: str | None, port: int | None) -> tuple[str, int]:
    """Return the address and port to listen on: as asked, else those of the zone's own public address."""
    parts = urlsplit(settings.clinic_address if settings.zone == "clinic" else settings.patient_address)
    wanted = host or parts.hostname or "127.0.0.1"
    return ("127.0.0.1" if wanted == "localhost" else wanted), port or parts.port or _PORTS.get(parts.scheme, 8000)
