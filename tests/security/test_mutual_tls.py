"""Links to PostgreSQL: a real server, set as docs/deploy says, lets in its own certified logins and nobody else."""

import argparse
import io
import os
import pwd
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import URL, make_url, text

from app.cli import pki
from app.cli.pki_folder import Folder
from app.clock import system_clock
from app.config import ROOT
from app.db import SILOS, Databases
from app.rights import Names
from app.vault.pki import Pair, certificate_pem, issue, new_authority
from tests.factories.served import free_port

DEPLOY = ROOT / "docs" / "deploy"
ROLE = "paravent_patient_front"
PASSWORD = "three cups"
NOW = system_clock()
_WAITING = 15.0
_MADE = f"CREATE ROLE {ROLE} LOGIN PASSWORD '{PASSWORD}'\nCREATE DATABASE paravent_front\n"

Changes = Mapping[str, str]


@dataclass(frozen=True)
class Server:
    """A PostgreSQL that runs: its data, the authority's folder, and the address printed for the patient zone."""

    data: Path
    folder: Folder
    address: URL
    process: "subprocess.Popen[bytes]"

    def attempt(self, **changes: str) -> str:
        """Try to enter as the printed address says, but for some changes. Return what stopped it, else nothing."""
        url = self.address
        asked: dict[str, Any] = {"host": url.host, "hostaddr": "127.0.0.1", "port": url.port, "user": url.username}
        asked |= {"dbname": url.database, "password": url.password, "connect_timeout": 5, **url.query}
        try:
            psycopg.connect(**asked | changes).close()
        except psycopg.OperationalError as error:
            return str(error)
        return ""

    def shown(self, pair: Pair) -> Changes:
        """Put a pair in a file, and return what makes a client show it."""
        path = self.data.parent / "shown.pem"
        path.write_bytes(pair.pem())
        path.chmod(0o600)
        return _files(path)

    def settle(self, changes: Changes, *, entered: bool) -> bool:
        """Have the server read its files again; say whether an attempt then ends as expected, sooner or later."""
        self.process.send_signal(signal.SIGHUP)
        return _until(lambda: (self.attempt(**changes) == "") == entered, 5.0)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A server of its own in a temporary folder; skip where PostgreSQL's programs are missing."""
    initdb, postgres = _program("initdb"), _program("postgres")
    if not (initdb and postgres):
        pytest.skip("PostgreSQL is missing: no initdb and postgres in the path or in /usr/lib/postgresql")
    with tempfile.TemporaryDirectory(prefix="paravent-tls-") as name:
        root, port = Path(name), free_port()
        os.chown(root, _user(), -1)
        _as_postgres(initdb, "-D", f"{root}/data", "-U", "postgres", "-E", "UTF8", "--locale=C", "--no-sync")
        _as_postgres(postgres, "--single", "-D", f"{root}/data", "postgres", said=_MADE)
        folder = Folder(root / "pki")
        address = _certified(folder).set(port=port, password=PASSWORD)
        _configure(root / "data", folder, port)
        with _running(postgres, root / "data") as process:
            made = Server(root / "data", folder, address, process)
            assert _until(lambda: made.attempt() == ""), made.attempt()
            yield made


def test_the_right_certificate_and_password_enter(server: Server) -> None:
    assert server.attempt() == ""


def test_the_printed_address_serves_the_application(server: Server) -> None:
    db = Databases({"front": server.address.set(host="127.0.0.1").render_as_string(hide_password=False)})
    with db.reading("front") as session:
        seen = session.execute(text("SELECT version, client_dn FROM pg_stat_ssl WHERE pid = pg_backend_pid()"))
        assert seen.one() == ("TLSv1.3", f"/CN={ROLE}")
    db.dispose()


def test_a_renewed_certificate_enters_at_once(server: Server) -> None:
    path = Path(str(server.address.query["sslcert"]))
    before = path.read_bytes()

    _typed(server.folder, "renew", "--all")

    assert path.read_bytes() != before
    assert server.attempt() == ""


def _leaf(server: Server, days: int) -> Changes:
    return server.shown(issue(server.folder.authority(), [ROLE], "client", NOW + timedelta(days=days)))


def _of_another_authority(server: Server) -> Changes:
    return server.shown(issue(new_authority("Paravent trial", NOW), [ROLE], "client", NOW))


def _of_another_login(server: Server) -> Changes:
    return _files(server.folder.path / "clinic" / "paravent_clinic_front.pem")


def _trusting_another(server: Server) -> Changes:
    path = server.data.parent / "other-authority.pem"
    path.write_bytes(certificate_pem(new_authority("Paravent trial", NOW).certificate))
    return {"sslrootcert": str(path)}


NO_CERTIFICATE = {"sslcert": "/nowhere", "sslkey": "/nowhere"}
OLD_TLS = {"ssl_min_protocol_version": "TLSv1.2", "ssl_max_protocol_version": "TLSv1.2"}
IN_CLEAR = {"sslmode": "disable"}

WRONG: dict[str, tuple[Callable[[Server], Changes], str]] = {
    "no certificate": (lambda _: NO_CERTIFICATE, "requires a valid client certificate"),
    "a certificate of another authority": (_of_another_authority, "unknown ca"),
    "one that has ended": (lambda server: _leaf(server, -91), "certificate expired"),
    "one that has not begun": (lambda server: _leaf(server, 1), "bad certificate"),
    "another login's": (_of_another_login, "authentication failed"),
    "the server's own": (lambda server: _files(server.folder.path / "postgresql.pem"), "unsupported certificate"),
    "the right one and a wrong password": (lambda _: {"password": "four cups"}, "password authentication failed"),
    "TLS 1.2": (lambda _: OLD_TLS, "protocol version"),
    "no TLS": (lambda _: IN_CLEAR, "no pg_hba.conf entry"),
    "the server by another name": (lambda _: {"host": "other.test"}, "does not match host name"),
    "a server of another authority": (_trusting_another, "certificate verify failed"),
    "another database": (lambda _: {"dbname": "postgres"}, "no pg_hba.conf entry"),
    "the superuser": (lambda _: {"user": "postgres"}, "no pg_hba.conf entry"),
}


@pytest.mark.parametrize(("changes", "said"), WRONG.values(), ids=WRONG.keys())
def test_whoever_lacks_one_thing_is_refused(
    server: Server, changes: Callable[[Server], Changes], said: str
) -> None:
    assert said in server.attempt(**changes(server))


LOOSENED: dict[str, tuple[str, str, str, Callable[[Server], Changes]]] = {
    "a line that trusts": (
        "pg_hba.conf", "# TYPE", "hostssl all all samenet trust\n#", lambda _: NO_CERTIFICATE | {"password": ""}
    ),
    "a password alone": ("pg_hba.conf", "clientcert=verify-full", "", lambda _: NO_CERTIFICATE),
    "any certificate of ours": ("pg_hba.conf", "verify-full", "verify-ca", _of_another_login),
    "lines without TLS": ("pg_hba.conf", "# TYPE", "host all all samenet scram-sha-256\n#", lambda _: IN_CLEAR),
    "an older TLS": ("postgresql.conf", "'TLSv1.3'", "'TLSv1.2'", lambda _: OLD_TLS),
}  # fmt: skip


@pytest.mark.parametrize(("name", "strict", "loose", "changes"), LOOSENED.values(), ids=LOOSENED.keys())
def test_a_loosened_server_is_seen_to_let_the_wrong_one_in(
    server: Server, name: str, strict: str, loose: str, changes: Callable[[Server], Changes]
) -> None:
    file, asked = server.data / name, changes(server)
    before = file.read_text(encoding="utf-8")
    assert strict in before
    assert server.attempt(**asked)
    try:
        file.write_text(before.replace(strict, loose), encoding="utf-8")
        assert server.settle(asked, entered=True)
    finally:
        file.write_text(before, encoding="utf-8")
        assert server.settle(asked, entered=False)


def test_the_shipped_file_lets_in_the_declared_logins_and_no_other() -> None:
    lines = [line.split() for line in (DEPLOY / "pg_hba.conf").read_text(encoding="utf-8").splitlines()]
    local, *networked = [words for words in lines if words and words[0] != "#"]

    assert local == ["local", "all", "postgres", "peer"]
    found = {}
    for kind, database, users, _network, *how in networked:
        assert (kind, how) == ("hostssl", ["scram-sha-256", "clientcert=verify-full"])
        found[database] = {*users.split(",")}
    names = Names()
    assert len(networked) == len(SILOS)
    assert found == {names.database(silo): {*names.logins(silo).values(), names.migrations} for silo in SILOS}


def _files(path: Path) -> Changes:
    return {"sslcert": str(path), "sslkey": str(path)}


def _certified(folder: Folder) -> URL:
    """Make the authority (long ago, so that it can have signed what has ended), and everything PostgreSQL needs."""
    folder.create("Paravent trial", NOW - timedelta(days=200))
    said = _typed(folder, "issue", "--all", "--database", "db.test", "--also", "127.0.0.1")
    found = re.search(rf"'(.*//{ROLE}:.*)'", said)
    assert found
    return make_url(found[1])


def _typed(folder: Folder, *words: str) -> str:
    """Run a command of `paravent pki`; return what it printed."""
    parser = argparse.ArgumentParser()
    pki.add_to(parser.add_subparsers())
    arguments = parser.parse_args(["pki", *words])
    with redirect_stdout(io.StringIO()) as said:
        assert arguments.act(arguments, {"PARAVENT_VAR": str(folder.path.parent)}) == 0
    return said.getvalue()


def _configure(data: Path, folder: Folder, port: int) -> None:
    """Do what docs/deploy/postgresql.md says, and listen on this machine only."""
    page = (DEPLOY / "postgresql.md").read_text(encoding="utf-8")
    settings = re.search(r"```\n(ssl = on\n.*?)```", page, re.DOTALL)
    assert settings
    own = f"port = {port}\nlisten_addresses = '127.0.0.1'\nunix_socket_directories = ''\nfsync = off\n"
    with (data / "postgresql.conf").open("a", encoding="utf-8") as file:
        file.write(settings[1] + own)
    for path in (DEPLOY / "pg_hba.conf", folder.path / "postgresql.pem", folder.path / "authority.pem"):
        shutil.copy(path, data / path.name)
        os.chown(data / path.name, _user(), -1)


@contextmanager
def _running(postgres: str, data: Path) -> "Iterator[subprocess.Popen[bytes]]":
    process = subprocess.Popen([postgres, "-D", str(data)], user=_user(), stderr=subprocess.DEVNULL)  # noqa: S603 - our own server
    try:
        yield process
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(_WAITING)


def _as_postgres(*command: str, said: str = "") -> None:
    done = subprocess.run(command, user=_user(), input=said, capture_output=True, text=True, timeout=60)  # noqa: S603 - our own command
    assert done.returncode == 0, done.stderr


def _user() -> int:
    """Return who runs the server: us, or when we are root, which PostgreSQL refuses, its own user or nobody."""
    if os.geteuid() != 0:
        return os.geteuid()
    known = {entry.pw_name: entry.pw_uid for entry in pwd.getpwall()}
    return known.get("postgres", known["nobody"])


def _program(name: str) -> str | None:
    places = [str(path.parent) for path in sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), reverse=True)]
    return shutil.which(name) or shutil.which(name, path=os.pathsep.join(places))


def _until(done: Callable[[], bool], seconds: float = _WAITING) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if done():
            return True
        time.sleep(0.05)
    return False
