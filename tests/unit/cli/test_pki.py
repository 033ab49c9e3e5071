"""`paravent pki`, as a person types it: what it makes, what it says, and every way its folder can be wrong."""

import argparse
import re
import stat
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import make_url

from app.cli import pki
from app.cli.pki_folder import Folder, client_path, served
from app.clock import system_clock
from app.db import SILOS
from app.rights import RIGHTS, Names
from app.vault.pki import Pair, facts_of, issue, new_authority, read_certificate
from app.vault.pki_errors import (
    AlreadyIssued,
    AuthorityDamaged,
    AuthorityExists,
    AuthorityLocked,
    AuthorityMissing,
    ClockBehind,
    NameOutside,
    NameRefused,
    PkiError,
)

NOW = system_clock()
ROLE = "paravent_worker_care"
Typed = Callable[..., tuple[int, str, str]]


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """Where the authority of a test is."""
    return Folder(tmp_path / "pki")


@pytest.fixture
def typed(folder: Folder, capsys: pytest.CaptureFixture[str]) -> Typed:
    """Run a command on that folder; return its status, what it printed, and what it complained of."""
    parser = argparse.ArgumentParser()
    pki.add_to(parser.add_subparsers())

    def run_it(*words: str, **environ: str) -> tuple[int, str, str]:
        capsys.readouterr()
        arguments = parser.parse_args(["pki", *words])
        status = arguments.act(arguments, {"PARAVENT_VAR": str(folder.path.parent)} | environ)
        said = capsys.readouterr()
        return status, said.out, said.err

    return run_it


def test_the_authority_is_made_once_and_kept_private(folder: Folder, typed: Typed) -> None:
    status, said, _ = typed("init", "--domain", "clinic.example.fr")
    assert (status, "not locked" in said) == (0, True)
    assert (_mode(folder.path), _mode(folder.path / "authority.key")) == (0o700, 0o600)
    before = _contents(folder)

    with pytest.raises(AuthorityExists, match="keep it, or move"):
        typed("init")
    assert _contents(folder) == before


def test_half_an_authority_is_never_completed_by_another_half(folder: Folder, typed: Typed) -> None:
    typed("init")
    (folder.path / "authority.pem").unlink()
    key = (folder.path / "authority.key").read_bytes()

    with pytest.raises(AuthorityExists):
        typed("init")
    assert (folder.path / "authority.key").read_bytes() == key
    with pytest.raises(AuthorityMissing, match="pki init"):
        typed("status")


def test_a_passphrase_locks_the_authoritys_key(typed: Typed, folder: Folder) -> None:
    typed("init", PARAVENT_KEYSTORE_PASSPHRASE="quatre saisons au jardin")

    assert b"PRIVATE KEY" not in (folder.path / "authority.key").read_bytes()
    assert typed("issue", "--client", ROLE, PARAVENT_KEYSTORE_PASSPHRASE="quatre saisons au jardin")[0] == 0
    with pytest.raises(AuthorityLocked):
        typed("issue", "--client", "other")
    assert typed("status")[0] == 0  # needs no key


def test_a_servers_certificate_is_written_once_under_its_name(folder: Folder, typed: Typed) -> None:
    typed("init")
    said = typed("issue", "--server", "DB.internal", "--also", "10.0.0.5")[1]

    path = folder.path / "servers" / "db.internal.pem"
    assert said.strip() == str(path)
    assert facts_of(folder.read(path)).names == ("db.internal", "10.0.0.5")
    assert (_mode(path), _mode(path.parent)) == (0o600, 0o700)
    with pytest.raises(AlreadyIssued, match="pki renew"):
        typed("issue", "--server", "db.internal")


@pytest.mark.parametrize(
    ("role", "place"),
    [
        (ROLE, "worker"), ("paravent_patient_front", "patient"), ("trial_x_clinic_desk", "clinic"),
        ("paravent_migrations", "cli"), ("paravent", "clients"), ("paravent_cook_care", "clients"),
        ("paravent_worker_soup", "clients"), ("_", "clients"),
    ],
)  # fmt: skip
def test_a_login_goes_to_the_folder_of_its_zone(folder: Folder, role: str, place: str) -> None:
    assert client_path(folder, role) == folder.path / place / f"{role}.pem"


def test_everything_postgresql_needs_is_made_at_once_and_nothing_twice(folder: Folder, typed: Typed) -> None:
    typed("init")
    said = typed("issue", "--all", "--database", "db.internal", "--also", "10.0.0.5")[1]
    before = _contents(folder)

    made = {path.relative_to(folder.path).as_posix() for path in folder.issued()}
    logins = {f"{zone}/{Names().login(zone, silo)}.pem" for silo in SILOS for zone in RIGHTS[silo]}
    assert made == logins | {"postgresql.pem", "cli/paravent_migrations.pem"}
    assert {_mode(path) for path in folder.issued()} == {0o600}
    assert {_mode(path.parent) for path in folder.issued()} == {0o700}
    assert {path.name for path in (folder.path / "patient").iterdir()} == {
        "authority.pem", "paravent_patient_front.pem", "paravent_patient_keys.pem", "paravent_patient_ledger.pem",
    }  # fmt: skip
    assert facts_of(folder.read(folder.path / "postgresql.pem")).names == ("db.internal", "10.0.0.5")
    assert typed("issue", "--all", "--database", "DB.internal")[1] == said.replace("@db.", "@DB.")
    assert _contents(folder) == before
    with pytest.raises(AlreadyIssued, match="lacks other.internal"):
        typed("issue", "--all", "--database", "other.internal")


def test_an_installation_of_another_name_gets_its_own_logins(folder: Folder, typed: Typed) -> None:
    typed("init")
    said = typed("issue", "--all", "--name", "trial")[1]
    roles, name = {facts_of(folder.read(path)).names[0] for path in folder.issued()}, Names("trial")
    logins = {name.login(zone, silo) for silo in SILOS for zone in RIGHTS[silo]}
    assert roles == logins | {name.migrations, "localhost"}
    assert ("/trial_front?" in said, "/paravent_" in said) == (True, False)
    with pytest.raises(PkiError, match="the name must be"):
        typed("issue", "--all", "--name", "Trial; x")


def test_the_printed_addresses_ask_for_both_sides_certified(folder: Folder, typed: Typed) -> None:
    typed("init")
    said = typed("issue", "--all", "--database", "fd00::5")[1]
    lines = re.findall(r"^PARAVENT_DB_(\w+)='(.*)'$", said, re.MULTILINE)

    assert len(lines) == sum(len(zones) for zones in RIGHTS.values()) + len(SILOS)
    for silo, line in lines:
        url = make_url(line)
        own, root = Path(str(url.query["sslcert"])), Path(str(url.query["sslrootcert"]))
        assert (url.host, url.database) == ("fd00::5", f"paravent_{silo.lower()}")
        assert (url.query["sslmode"], url.query["ssl_min_protocol_version"]) == ("verify-full", "TLSv1.3")
        assert url.query["sslkey"] == str(own)
        assert facts_of(folder.read(own)).names == (url.username,)
        assert root.read_bytes() == (folder.path / "authority.pem").read_bytes()
    assert said.index("# patient.env") < said.index("paravent_patient_front") < said.index("# clinic.env")


def test_what_ends_soon_is_renewed_whole_and_what_to_do_is_said(folder: Folder, typed: Typed) -> None:
    authority = _old_authority(folder)
    soon, far = client_path(folder, ROLE), client_path(folder, "paravent_patient_front")
    folder.keep(soon, _aged(authority, ROLE, days=61))
    folder.keep(far, _aged(authority, "paravent_patient_front", days=59))
    before = _contents(folder)

    status, said, _ = typed("renew")

    assert status == 0
    assert "worker/paravent_worker_care.pem: renewed until" in said
    assert "paravent_patient_front" not in said
    assert "copy each folder" in said
    assert far.read_bytes() == before[far]
    key, certificate = soon.read_bytes().split(b"-----BEGIN CERTIFICATE")
    assert key not in before[soon]
    assert certificate
    assert (facts_of(folder.read(soon)).names, _mode(soon)) == ((ROLE,), 0o600)
    assert typed("renew")[1] == "nothing was renewed\n"
    assert {path.name for path in soon.parent.iterdir()} == {soon.name}


def test_everything_is_renewed_when_asked_with_what_to_reload(folder: Folder, typed: Typed) -> None:
    typed("init")
    typed("issue", "--all")
    typed("issue", "--server", "localhost")
    before = _contents(folder)

    said = typed("renew", "--all")[1]

    assert "SELECT pg_reload_conf()" in said
    assert "start again what serves" in said
    assert not [path for path in folder.issued() if path.read_bytes() == before[path]]


def test_one_bad_file_does_not_keep_the_others_from_being_renewed(folder: Folder, typed: Typed) -> None:
    authority = _old_authority(folder)
    folder.keep(client_path(folder, ROLE), _aged(authority, ROLE, days=80))
    for name, content in (("cut", b"x"), ("other", _aged(new_authority("x", NOW), "other", days=0).pem())):
        (folder.path / "worker" / f"{name}.pem").write_bytes(content)
        (folder.path / "worker" / f"{name}.pem").chmod(0o600)

    status, said, faults = typed("renew", "--all")

    assert (status, "paravent_worker_care.pem: renewed" in said) == (1, True)
    assert "worker/cut.pem: a certificate's file is damaged" in faults
    assert "worker/other.pem: a certificate was signed by another authority" in faults
    status, said, _ = typed("status")
    assert (status, said.count("issue it anew")) == (1, 2)


@pytest.mark.parametrize(("age", "status", "said"), [(76, 0, "14 days left"), (77, 1, "13 days"), (91, 1, "ENDED")])
def test_status_alarms_under_fourteen_days(folder: Folder, typed: Typed, age: int, status: int, said: str) -> None:
    pair = _aged(_old_authority(folder), ROLE, days=age, hours=-1)
    folder.keep(client_path(folder, ROLE), pair)

    found, lines, _ = typed("status")

    assert (found, said in lines) == (status, True)
    assert f"client     worker/{ROLE}.pem ({ROLE}): until {facts_of(pair.certificate).ends:%Y-%m-%d}" in lines


def test_a_file_open_to_others_is_named(folder: Folder, typed: Typed) -> None:
    typed("init")
    typed("issue", "--client", ROLE)
    client_path(folder, ROLE).chmod(0o640)
    assert typed("status")[0] == 1
    assert "chmod 600" in typed("status")[1]

    (folder.path / "authority.key").chmod(0o644)
    with pytest.raises(AuthorityDamaged, match="other users can read"):
        typed("renew")


def test_the_authoritys_key_may_be_kept_elsewhere(folder: Folder, typed: Typed) -> None:
    with pytest.raises(AuthorityMissing, match="pki init"):
        typed("issue", "--client", ROLE)
    typed("init")
    (folder.path / "authority.key").rename(folder.path.parent / "kept")

    assert typed("status")[0] == 0
    with pytest.raises(AuthorityMissing, match="put authority.key back"):
        typed("renew")


def test_a_clock_before_the_authority_is_named(folder: Folder, typed: Typed) -> None:
    folder.create("Paravent", NOW + timedelta(days=2))
    with pytest.raises(ClockBehind, match="set the clock"):
        typed("issue", "--client", ROLE)
    status, said, _ = typed("status")
    assert (status, "look at this machine's clock" in said) == (1, True)


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        (["--server", "../x"], NameRefused), (["--server", "db", "--also", "*"], NameRefused),
        (["--client", "a/b"], NameRefused), (["--server", "www.example.com"], NameOutside),
    ],
)  # fmt: skip
def test_an_odd_name_writes_nothing(folder: Folder, typed: Typed, words: list[str], fault: type[PkiError]) -> None:
    folder.create("Paravent", NOW)
    before = _contents(folder)
    with pytest.raises(fault):
        typed("issue", *words)
    assert _contents(folder) == before


def test_run_takes_a_certificate_for_its_host_and_renews_it(folder: Folder) -> None:
    path = served(folder, "127.0.0.1", NOW - timedelta(days=50))
    first = path.read_bytes()
    assert served(folder, "127.0.0.1", NOW - timedelta(days=20)).read_bytes() == first

    assert served(folder, "127.0.0.1", NOW).read_bytes() == first
    assert served(folder, "127.0.0.1", NOW + timedelta(days=11)).read_bytes() != first
    assert facts_of(read_certificate(path.read_bytes())).names == ("127.0.0.1",)
    with pytest.raises(NameRefused, match=r"0\.0\.0\.0"):
        served(folder, "0.0.0.0", NOW)  # noqa: S104 - refused
    path.write_bytes(b"x")
    with pytest.raises(PkiError, match="damaged"):
        served(folder, "127.0.0.1", NOW)


def _old_authority(folder: Folder) -> Pair:
    return folder.create("Paravent", NOW - timedelta(days=200))


def _aged(authority: Pair, role: str, *, days: int, hours: int = 0) -> Pair:
    """Return a client's pair that was made some days ago."""
    return issue(authority, [role], "client", NOW - timedelta(days=days, hours=hours))


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def _contents(folder: Folder) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.path.rglob("*") if path.is_file()}
