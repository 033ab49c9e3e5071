"""Rights on PostgreSQL: declared in one place, made on an empty server, given again, and what bad input is told."""

import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url
from sqlalchemy.exc import ProgrammingError

from app.cli.environment import file_of, read_file, write_file
from app.cli.main import main
from app.cli.setup import set_up
from app.cli.silo_errors import RightsError
from app.cli.silo_rights import check, create, grant
from app.config import SILOS_OF_ZONE
from app.db import SILOS, Databases
from app.rights import ZONES, Names
from tests.factories.cluster import Cluster, own_cluster
from tests.factories.zoned import prepare, urls_of

on_server = pytest.mark.postgres


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """A server that asks for passwords, for this module."""
    with own_cluster() as started:
        yield started


@pytest.fixture(scope="module")
def made(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an installation whose silos were made there."""
    root = tmp_path_factory.mktemp("made")
    prepare(root)
    assert create(cluster.admin_url, root, Names()) == []
    return root


@on_server
def test_each_zone_s_file_has_its_own_logins_and_no_other(made: Path) -> None:
    for zone in ZONES:
        urls = urls_of(made, zone)
        assert urls.keys() == set(SILOS_OF_ZONE[zone])
        for silo, url in urls.items():
            assert make_url(url).username == f"paravent_{zone}_{silo}"
        assert stat.S_IMODE(file_of(made, zone).stat().st_mode) == 0o600
    passwords = [make_url(url).password for zone in (*ZONES, "cli") for url in urls_of(made, zone).values()]
    assert len(set(passwords)) == len(passwords) - 5  # the command line has one login for its six silos
    assert all(len(str(password)) >= 32 for password in passwords)


@on_server
def test_the_server_keeps_no_password(made: Path, cluster: Cluster) -> None:
    kept: dict[Any, Any] = dict(
        cluster.ask("SELECT rolname, rolpassword FROM pg_authid WHERE rolname LIKE 'paravent%'")
    )
    owners = {name for name in kept if str(name).endswith("_owner")}
    assert len(owners) == 6
    assert {kept[name] for name in owners} == {None}
    assert all(str(kept[name]).startswith("SCRAM-SHA-256$") for name in kept.keys() - owners)


@on_server
def test_making_them_again_changes_nothing(made: Path, cluster: Cluster) -> None:
    before = _everything(made, cluster)
    assert create(cluster.admin_url, made, Names()) == []
    assert _everything(made, cluster) == before


@on_server
def test_every_login_enters_and_the_command_line_acts_as_the_owner(made: Path) -> None:
    for zone in (*ZONES, "cli"):
        db = Databases(urls_of(made, zone))
        for silo in urls_of(made, zone):
            with db.reading(silo) as session:
                user = session.connection().exec_driver_sql("SELECT current_user").scalar()
            assert user == (f"paravent_{silo}_owner" if zone == "cli" else f"paravent_{zone}_{silo}")
        db.dispose()


@on_server
def test_a_killed_making_is_gone_on_with(tmp_path: Path, cluster: Cluster) -> None:
    prepare(tmp_path)
    cluster.run("CREATE ROLE killed_front_owner NOLOGIN", "CREATE ROLE killed_patient_front LOGIN")
    cluster.run("CREATE DATABASE killed_front OWNER killed_front_owner")

    assert create(cluster.admin_url, tmp_path, Names("killed"), ("front", "keys")) == []
    assert create(cluster.admin_url, tmp_path, Names("killed")) == []

    db = Databases(urls_of(tmp_path, "patient"))
    with db.reading("front") as session:
        assert session.connection().exec_driver_sql("SELECT count(*) FROM drafts").scalar() == 0
    db.dispose()


@on_server
def test_an_address_that_a_file_has_is_kept(tmp_path: Path, cluster: Cluster) -> None:
    prepare(tmp_path)
    given = (
        f"postgresql+psycopg://given_patient_keys:chosen-by-hand@127.0.0.1:{cluster.port}/given_keys?sslmode=prefer"
    )
    write_file(file_of(tmp_path, "patient"), {"PARAVENT_ZONE": "patient", "PARAVENT_DB_KEYS": given})

    assert create(cluster.admin_url, tmp_path, Names("given"), ("keys",)) == []

    assert urls_of(tmp_path, "patient")["keys"] == given
    db = Databases({"keys": given})
    with db.reading("keys") as session, pytest.raises(ProgrammingError, match="permission denied"):
        session.connection().exec_driver_sql("SELECT * FROM secrets")
    db.dispose()


@on_server
def test_without_a_superuser_what_can_t_be_taken_back_is_said(tmp_path: Path, cluster: Cluster) -> None:
    prepare(tmp_path)
    cluster.run(
        "CREATE ROLE builder LOGIN CREATEROLE CREATEDB PASSWORD 'builds'",
        "GRANT CONNECT ON DATABASE postgres TO builder",
    )
    admin = cluster.admin.set(username="builder", password="builds")

    url = admin.render_as_string(hide_password=False)

    left = create(url, tmp_path, Names("built"), ("front", "keys"), shared=True)

    assert [one for one in left if " catalogue function " not in one and " language plpgsql" not in one] == []
    assert "front: not declared: catalogue function pg_sleep(double precision): EXECUTE to PUBLIC" in left
    assert create(url, tmp_path, Names("built"), ("front", "keys"), shared=True) == left


BAD: dict[str, tuple[list[str], dict[str, Any], str]] = {
    "no server": ([], {"admin_url": "postgresql://postgres@127.0.0.1:1"}, "no server answers at 127.0.0.1"),
    "a wrong password": ([], {"password": "wrong"}, "does not let postgres into the database"),
    "another kind of server": ([], {"admin_url": "sqlite:///x"}, "must be the address of a PostgreSQL server"),
    "no address": ([], {"admin_url": "nonsense"}, "must be the address of a PostgreSQL server"),
    "an administrator who may not": (
        ["CREATE ROLE weak LOGIN PASSWORD 'weak'", "GRANT CONNECT ON DATABASE postgres TO weak"],
        {"username": "weak", "password": "weak"},
        "weak may not make roles and databases. Take a superuser",
    ),
    "a database of another": (
        ["CREATE DATABASE bad_front"],
        {},
        "bad_front is there already and belongs to postgres",
    ),
    "a role that is superuser": (
        ["CREATE ROLE bad_clinic_care SUPERUSER"],
        {},
        "bad_clinic_care is there already and is superuser",
    ),
    "a file with another login": (
        [],
        {"written": "postgresql+psycopg://me@db/mine"},
        "gives PARAVENT_DB_FRONT another login than bad_patient_front",
    ),
    "no file": ([], {"written": None}, "run `paravent setup` first"),
}


@on_server
@pytest.mark.parametrize(("first", "given", "says"), BAD.values(), ids=BAD.keys())
def test_what_stands_in_the_way_is_said_with_the_next_step(
    tmp_path: Path, cluster: Cluster, first: list[str], given: dict[str, Any], says: str
) -> None:
    prepare(tmp_path)
    if "written" in given:
        file_of(tmp_path, "patient").unlink()
        if given["written"]:
            write_file(file_of(tmp_path, "patient"), {"PARAVENT_DB_FRONT": given.pop("written")})
    given.pop("written", None)
    cluster.run(*first)
    url = given.pop("admin_url", None) or cluster.admin.set(**given).render_as_string(hide_password=False)
    try:
        with pytest.raises(RightsError, match=says) as refusal:
            create(url, tmp_path, Names("bad"))
        assert str(cluster.admin.password) not in str(refusal.value)
    finally:
        _drop(cluster)


@on_server
def test_rights_are_given_again_by_an_upgrade(
    made: Path, cluster: Cluster, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    values = read_file(file_of(made, "cli")) | {"PARAVENT_VERIFY_KEY": "00" * 32, "PARAVENT_WORDS_SALT": "00" * 16}
    for name, value in (values | {"PARAVENT_VAR": str(made)}).items():
        monkeypatch.setenv(name, value)
    cluster.run(
        "REVOKE ALL ON events FROM paravent_patient_ledger",
        "GRANT DELETE ON events TO paravent_clinic_ledger",
        database="paravent_ledger",
    )

    assert main(["silos", "check"]) == 1
    said = capsys.readouterr().out
    assert "  missing: table events: INSERT to paravent_patient_ledger" in said
    assert "  not declared: table events: DELETE to paravent_clinic_ledger" in said
    assert main(["silos", "upgrade"]) == 0
    assert main(["silos", "check"]) == 0
    assert "files" not in capsys.readouterr().out


@on_server
def test_the_command_makes_them_and_says_so(
    tmp_path: Path, cluster: Cluster, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PARAVENT_VAR", str(tmp_path))
    set_up({"PARAVENT_VAR": str(tmp_path)})
    words = ["silos", "create", "--admin-url", cluster.admin_url, "--name", "typed"]

    assert main(words) == 0
    said = capsys.readouterr().out
    assert said.startswith("front, identity, care, desk, keys, ledger: made.")
    assert str(cluster.admin.password) not in said
    assert main(["silos", "check"]) == 0
    before = [file_of(tmp_path, zone).read_text() for zone in (*ZONES, "cli")]
    assert main(["setup"]) == 0
    assert [file_of(tmp_path, zone).read_text() for zone in (*ZONES, "cli")] == before
    assert main([*words[:3], "postgresql://x@127.0.0.1:1", *words[4:], "--only", "front"]) == 1
    assert "no server answers" in capsys.readouterr().err
    assert main([*words[:-1], "a b"]) == 1
    assert main([*words[:3], "postgresql://x@db2.example.fr", *words[4:]]) == 1
    assert "ledger: on another server already" in capsys.readouterr().err


def test_files_enforce_nothing_and_the_check_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PARAVENT_VAR", str(tmp_path))
    settings = set_up({"PARAVENT_VAR": str(tmp_path)})
    db = Databases(settings.databases)
    assert [check(db, silo) for silo in SILOS] == [[]] * 6
    assert grant(db) == []
    db.dispose()

    assert main(["silos", "check"]) == 0
    assert capsys.readouterr().out.splitlines()[-1].startswith("SQLite files enforce no rights")


@on_server
def test_a_database_made_by_hand_is_said_to_be(cluster: Cluster) -> None:
    cluster.run("CREATE DATABASE byhand_front")
    db = Databases({"front": cluster.admin.set(database="byhand_front").render_as_string(hide_password=False)})
    assert "was not made by `paravent silos create`" in check(db, "front")[0]
    assert "no rights are given" in grant(db, ("front",))[0]
    db.dispose()


def _everything(root: Path, cluster: Cluster) -> list[Any]:
    """Return all that making silos could change: files, roles, settings, memberships, rights."""
    files = [file_of(root, zone).read_text() for zone in (*ZONES, "cli")]
    return [
        files,
        [cluster.ask(one) for one in _SHARED],
        [cluster.ask(o, f"paravent_{s}") for o in _OWN for s in SILOS],
    ]


_SHARED = (
    "SELECT row_to_json(t)::text FROM pg_authid t ORDER BY 1",
    "SELECT row_to_json(t)::text FROM pg_auth_members t ORDER BY 1",
    "SELECT row_to_json(t)::text FROM pg_db_role_setting t ORDER BY 1",
    "SELECT datname, datacl::text, datdba FROM pg_database ORDER BY 1",
)
_OWN = (
    "SELECT oid, relacl::text FROM pg_class ORDER BY oid",
    "SELECT oid, proacl::text FROM pg_proc ORDER BY oid",
    "SELECT oid, nspacl::text FROM pg_namespace ORDER BY oid",
)


def _drop(cluster: Cluster) -> None:
    """Remove what a refused making may have left."""
    for (database,) in cluster.ask("SELECT datname FROM pg_database WHERE datname LIKE 'bad%'"):
        cluster.run(f"DROP DATABASE {database} WITH (FORCE)")
    for (role,) in cluster.ask("SELECT rolname FROM pg_roles WHERE rolname LIKE 'bad%' OR rolname = 'weak'"):
        cluster.run(f"REVOKE ALL ON DATABASE postgres FROM {role}", f"DROP ROLE {role}")
