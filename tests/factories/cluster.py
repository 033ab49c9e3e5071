"""A PostgreSQL server of one's own that asks for passwords: roles are the server's, which other tests share."""

import os
import secrets
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import URL, create_engine, text
from sqlalchemy.exc import OperationalError

from tests.factories.served import free_port

_STARTING = 60.0
_QUICK = (
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "max_connections=300",
    "shared_buffers=32MB",
)


@dataclass(frozen=True)
class Cluster:
    """A running server. `admin` is its superuser's address, password included; `folder` holds all it writes."""

    port: int
    admin: URL
    folder: Path
    programs: Path

    @property
    def admin_url(self) -> str:
        """The superuser's address as text."""
        return self.admin.render_as_string(hide_password=False)

    def run(self, *statements: str, database: str = "postgres") -> None:
        """Run statements as superuser, each committed."""
        engine = create_engine(self.admin.set(database=database), isolation_level="AUTOCOMMIT")
        try:
            with engine.connect() as connection:
                for statement in statements:
                    connection.exec_driver_sql(statement)
        finally:
            engine.dispose()

    def ask(self, question: str, database: str = "postgres") -> list[tuple[Any, ...]]:
        """Return the rows that a question finds, as superuser."""
        engine = create_engine(self.admin.set(database=database))
        try:
            with engine.connect() as connection:
                return [tuple(row) for row in connection.execute(text(question))]
        finally:
            engine.dispose()


@contextmanager
def own_cluster(further: Callable[[Path], Sequence[str]] = lambda _folder: ()) -> Iterator[Cluster]:
    """Start a server in a temporary folder, as a user PostgreSQL accepts; skip where its programs are missing.

    `further` gives settings beside ours, or instead of them, for that folder.
    """
    programs = _programs()
    user = "postgres" if os.geteuid() == 0 else None
    folder = Path(tempfile.mkdtemp(prefix="paravent-cluster-"))
    password, port = secrets.token_hex(8), free_port()
    (folder / "password").write_text(password, encoding="utf-8")
    if user:
        shutil.chown(folder, user)
        shutil.chown(folder / "password", user)
    try:
        _initialise(programs, folder, user)
        settings = [f"-c{one}" for one in (*_QUICK, *further(folder), *_where(port))]
        server = subprocess.Popen(  # noqa: S603 - the server's own program
            [programs / "postgres", "-D", folder / "data", "-c", f"unix_socket_directories={folder}", *settings],
            user=user,
            cwd=folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            admin = URL.create("postgresql+psycopg", "postgres", password, "127.0.0.1", port, "postgres")
            _wait(admin)
            yield Cluster(port, admin, folder, programs)
        finally:
            server.send_signal(3)  # at once: nothing of it is kept
            server.wait(30)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _where(port: int) -> tuple[str, str]:
    return f"port={port}", "listen_addresses=127.0.0.1"


def _programs() -> Path:
    """Return the folder of the newest server's programs."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[4]))
    on_path = shutil.which("initdb")
    if not found and on_path is None:
        pytest.skip("PostgreSQL's own programs (initdb, postgres) are missing: a server can't be started")
    return found[-1].parent if found else Path(str(on_path)).resolve().parent


def _initialise(programs: Path, folder: Path, user: str | None) -> None:
    places = ["-D", str(folder / "data"), "--pwfile", str(folder / "password")]
    command = [str(programs / "initdb"), "-U", "postgres", *places]
    options = ["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-sync"]
    subprocess.run([*command, *options], user=user, cwd=folder, check=True, capture_output=True)  # noqa: S603 - its own program


def _wait(admin: URL) -> None:
    engine = create_engine(admin, connect_args={"connect_timeout": 2})
    until = time.monotonic() + _STARTING
    try:
        while True:
            try:
                engine.connect().close()
                return
            except OperationalError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.1)
    finally:
        engine.dispose()
