"""A whole installation as docs/deploy says, in folders of ours: nginx, three processes, SQLite or PostgreSQL."""

import os
import shutil
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import make_url
from werkzeug.test import Client, TestResponse

from app.cli.demo_clinic import build_clinic
from app.cli.environment import open_vault
from app.cli.silo_rights import create
from app.clinic.factory import create_clinic_app
from app.clock import system_clock
from app.config import Settings, Zone
from app.db import Databases
from app.rights import Names
from app.vault.door import Vault
from tests.deploy.fronts import Front, nginx
from tests.deploy.wire import watched
from tests.factories.cluster import Cluster
from tests.factories.distant import Distant, distant_patient
from tests.factories.installed import settings_in
from tests.factories.patient import Patient
from tests.factories.served import Served, serve
from tests.factories.staffed import CHEAP, StaffBrowserOf
from tests.factories.zoned import prepare

ZONES: tuple[Zone, ...] = ("patient", "clinic", "worker")
_BEHIND = {"PARAVENT_TLS": "1", "PARAVENT_PROXY_HOPS": "1"}
_AS_A_PROXY = b"\r\nConnection: close\r\nX-Forwarded-Proto: https\r\nX-Forwarded-For: 127.0.0.1\r\n\r\n"


@dataclass
class Whole:
    """The installation, seen by its command line. Everything it writes lies below `root`, and in its cluster."""

    root: Path
    served: Served
    front: Front
    db: Databases
    vault: Vault
    cluster: Cluster | None

    @property
    def settings(self) -> Settings:
        """The command line's settings."""
        return self.served.settings

    @property
    def places(self) -> list[Path]:
        """Every folder in which the installation, its proxy and its database server write."""
        return [self.root, *([self.cluster.folder] if self.cluster else [])]

    @contextmanager
    def patient(self) -> Iterator[Patient]:
        """Let somebody come, by one connection through the proxy."""
        with watched(self.front.port) as line:
            yield distant_patient(settings_in(self.settings.var, "patient"), line.ask)

    def staff(self) -> StaffBrowserOf:
        """Return a browser before the clinic's pages, as a proxy passes it on."""
        port = urlsplit(self.served.clinic).port or 0
        application: Any = _Behind(settings_in(self.settings.var, "clinic"), lambda asked: _asked(port, asked))
        return StaffBrowserOf(application)

    def processes(self) -> dict[Zone, list[int]]:
        """Return each zone's processes: the one that started, and what it forked."""
        return {zone: family(one.pid) for zone, one in zip(ZONES, self.served.processes, strict=True)}


class _Behind(Distant):
    """A served application whose browser thinks that it speaks TLS."""

    def test_client(self) -> Client:
        """Return a client whose requests travel."""
        return _Secure(self._travel)


class _Secure(Client):
    def open(self, *given: Any, **named: Any) -> TestResponse:
        return super().open(*given, **{"base_url": "https://localhost"} | named)


def _asked(port: int, request: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port), 20) as connection:
        connection.sendall(request.replace(b"\r\n\r\n", _AS_A_PROXY, 1))
        return b"".join(iter(lambda: connection.recv(65536), b""))


def family(parent: int) -> list[int]:
    """Return a process and all it forked."""
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text(encoding="ascii").split()
    return [parent, *(one for child in children for one in family(int(child)))]


@contextmanager
def whole(root: Path, values: Mapping[str, str], cluster: Cluster | None = None) -> Iterator[Whole]:
    """Set an installation up with invented staff, and serve it until the block ends.

    The processes' temporary files go to a folder of ours; `values` are settings.
    """
    (root / "nginx").mkdir()
    with ExitStack() as held:
        held.enter_context(_temporary_files_in(root / "tmp"))
        if cluster:
            prepare(root / "var")
            assert create(cluster.admin_url, root / "var", Names()) == []
        served = held.enter_context(serve(root, zones=ZONES, values=_BEHIND | dict(values)))
        front = held.enter_context(nginx(root / "nginx", urlsplit(served.patient).port or 0))
        db = Databases(served.settings.databases)
        held.callback(db.dispose)
        vault = open_vault(settings_in(served.settings.var, "worker"), db)
        _staff(served.settings, db, vault)
        yield Whole(root, served, front, db, vault, cluster)


@contextmanager
def _temporary_files_in(folder: Path) -> Iterator[None]:
    """Let whatever is started here put its temporary files there."""
    folder.mkdir()
    before = os.environ.get("TMPDIR")
    os.environ["TMPDIR"] = str(folder)
    try:
        yield
    finally:
        os.environ.pop("TMPDIR")
        if before is not None:
            os.environ["TMPDIR"] = before


def _staff(settings: Settings, db: Databases, vault: Vault) -> None:
    """Write the invented staff and their places."""
    inner = replace(settings_in(settings.var, "clinic"), demo=True)
    app = create_clinic_app(inner, db, system_clock, vault, CHEAP)
    build_clinic(app.extensions["paravent"])


def until(true: Callable[[], bool], seconds: float = 30.0) -> None:
    """Wait until something is so. Raises TimeoutError."""
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            raise TimeoutError
        time.sleep(0.1)


def talkative_and_archived(folder: Path) -> tuple[str, ...]:
    """Return a server's settings: all it can log, WAL kept and archived, every larger sort in a file."""
    for name in ("archive", "log"):
        (folder / name).mkdir()
        if os.geteuid() == 0:
            shutil.chown(folder / name, "postgres")
    return (
        "full_page_writes=on",
        "wal_level=replica",
        "archive_mode=on",
        f"archive_command=cp %p {folder}/archive/%f",
        "wal_keep_size=1GB",
        "work_mem=64kB",
        "logging_collector=on",
        f"log_directory={folder}/log",
        "log_statement=all",
        "log_min_messages=debug1",
        "log_parameter_max_length=-1",
        "log_min_error_statement=debug1",
    )


def database_of(url: str) -> str:
    """Return the name of a silo's database."""
    return make_url(url).database or ""
