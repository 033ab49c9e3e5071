"""Addresses of silos that are made in several runs: no run takes a password from another, or gives it away."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.cli.environment import file_of, write_file
from app.cli.silo_addresses import addresses, check_here, server_of, shown
from app.cli.silo_errors import MadeElsewhere, PasswordsElsewhere, QueryRefused
from app.cli.silo_rights import create
from app.db import Databases
from app.rights import ZONES, Names
from tests.factories.cluster import Cluster, own_cluster
from tests.factories.zoned import prepare, urls_of

on_server = pytest.mark.postgres


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """A server that asks for passwords, for this module."""
    with own_cluster() as started:
        yield started


@on_server
def test_the_command_line_enters_every_silo_of_a_server_made_in_two_runs(tmp_path: Path, cluster: Cluster) -> None:
    prepare(tmp_path)
    assert create(cluster.admin_url, tmp_path, Names("twice"), ("front",)) == []
    assert create(cluster.admin_url, tmp_path, Names("twice"), ("keys",)) == []

    db = Databases(urls_of(tmp_path, "cli"))
    for silo in ("front", "keys"):
        with db.reading(silo) as session:
            assert session.connection().exec_driver_sql("SELECT current_user").scalar() == f"twice_{silo}_owner"
    db.dispose()


@pytest.mark.parametrize(
    ("written", "same"),
    [
        ("x_migrations:known@db/x_front", True),
        ("x_migrations:known@db:5432/x_front?sslmode=require", True),
        ("x_migrations:known@/x_front?host=db", True),
        ("x_migrations:known@db:5433/x_front", False),
        ("x_migrations:known@/x_front?host=db&port=5433", False),
        ("x_migrations:known@db2/x_front", False),
        ("y_migrations:known@db/y_front", False),
    ],
)
def test_a_password_is_known_for_the_same_login_host_and_port_alone(
    tmp_path: Path, written: str, same: bool
) -> None:
    prepare(tmp_path)
    write_file(file_of(tmp_path, "cli"), {"PARAVENT_DB_FRONT": f"postgresql+psycopg://{written}"})

    found = addresses(server_of("postgresql://admin@db"), tmp_path, Names("x"), ("keys",))

    ours = next(one for one in found if one.zone == "cli")
    assert (ours.url.password == "known", ours.drawn) == (same, not same)


def test_two_sockets_are_two_servers(tmp_path: Path) -> None:
    prepare(tmp_path)
    written = "postgresql+psycopg://x_migrations:known@/x_front?host=/run/one"
    write_file(file_of(tmp_path, "cli"), {"PARAVENT_DB_FRONT": written})

    check_here("postgresql://admin@/?host=/run/one", tmp_path, ("front",))
    with pytest.raises(MadeElsewhere, match="front: on another server"):
        check_here("postgresql://admin@/?host=/run/two", tmp_path, ("front",))


@pytest.mark.parametrize("parameter", ["user", "password", "dbname", "service", "options"])
def test_an_administrator_named_in_parameters_is_refused(parameter: str) -> None:
    with pytest.raises(QueryRefused, match=f"must not have {parameter} after") as refusal:
        server_of(f"postgresql:///?host=/run/postgresql&{parameter}=of-the-admin")
    assert "of-the-admin" not in str(refusal.value)


def test_zones_get_the_server_s_parameters_and_none_of_the_administrator_s(tmp_path: Path) -> None:
    prepare(tmp_path)
    theirs = {"host": "/run/db", "port": "5433", "sslmode": "require", "sslrootcert": "ca", "connect_timeout": "2"}
    own = {"sslkey": "of-the-admin", "passfile": "of-the-admin", "krbsrvname": "of-the-admin"}
    server = server_of(shown(server_of("postgresql://admin:of-the-admin@").set(query=theirs | own)))

    found = addresses(server, tmp_path, Names(), ("front",))

    assert {one.zone for one in found} == {"patient", "clinic", "worker", "cli"}
    for one in found:
        assert dict(one.url.query) == theirs
        assert "admin" not in shown(one.url)


@on_server
def test_another_folder_resets_no_password_of_silos_in_use(tmp_path: Path, cluster: Cluster) -> None:
    first, second, names = tmp_path / "first", tmp_path / "second", Names("running")
    prepare(first)
    prepare(second)
    assert create(cluster.admin_url, first, names, ("front",)) == []
    kept = "SELECT rolname, rolpassword FROM pg_authid WHERE rolname LIKE 'running%' ORDER BY 1"
    before = cluster.ask(kept)

    with pytest.raises(PasswordsElsewhere) as refusal:
        create(cluster.admin_url, second, names, ("front",))
    assert all(str(file_of(second, zone)) in str(refusal.value) for zone in (*ZONES, "cli"))
    with pytest.raises(PasswordsElsewhere, match="running_migrations: there already"):
        create(cluster.admin_url, second, names, ("keys",))

    assert cluster.ask(kept) == before
    assert urls_of(second, "cli") == {}
    for zone in (*ZONES, "cli"):
        write_file(file_of(second, zone), {f"PARAVENT_DB_{s.upper()}": u for s, u in urls_of(first, zone).items()})
    assert create(cluster.admin_url, second, names, ("front", "keys")) == []
