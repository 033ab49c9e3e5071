"""Each right changed in turn, in a transaction that is then undone: the check must see every one of them."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session

from app.cli.silo_catalogue import declared, found
from app.cli.silos import METADATA
from app.db import SILOS, Silo
from app.rights import FUNCTIONS, LOGINS, RIGHTS, Names, Rights
from tests.factories.cluster import Cluster
from tests.factories.zoned import Zoned

pytestmark = [pytest.mark.postgres, pytest.mark.usefixtures("zoned")]

NAMES = Names()
PRIVILEGES = ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER")

BY_HAND: dict[str, tuple[Silo, str]] = {
    "superuser": ("front", "ALTER ROLE paravent_patient_front SUPERUSER"),
    "making roles": ("front", "ALTER ROLE paravent_patient_front CREATEROLE"),
    "making databases": ("front", "ALTER ROLE paravent_patient_front CREATEDB"),
    "replication": ("keys", "ALTER ROLE paravent_patient_keys REPLICATION"),
    "row security": ("keys", "ALTER ROLE paravent_patient_keys BYPASSRLS"),
    "inheriting": ("front", "ALTER ROLE paravent_patient_front INHERIT"),
    "connections without number": ("front", "ALTER ROLE paravent_patient_front CONNECTION LIMIT -1"),
    "an owner that logs in": ("front", "ALTER ROLE paravent_front_owner LOGIN"),
    "migrations that are superuser": ("desk", "ALTER ROLE paravent_migrations SUPERUSER"),
    "a login that can't": ("front", "ALTER ROLE paravent_patient_front NOLOGIN"),
    "joining the owner": ("front", "GRANT paravent_front_owner TO paravent_patient_front"),
    "joining the owner with the right to bring others": (
        "care",
        "GRANT paravent_care_owner TO paravent_worker_care WITH ADMIN OPTION",
    ),
    "joining the clinic": ("front", "GRANT paravent_clinic_front TO paravent_patient_front"),
    "joining those who read everything": ("front", "GRANT pg_read_all_data TO paravent_patient_front"),
    "joining those who see all statistics": ("front", "GRANT pg_monitor TO paravent_patient_front"),
    "migrations that read files": ("desk", "GRANT pg_read_server_files TO paravent_migrations"),
    "migrations that left": ("desk", "REVOKE paravent_desk_owner FROM paravent_migrations"),
    "a zone that joins another's owner": ("identity", "GRANT paravent_identity_owner TO paravent_patient_front"),
    "a search path of its own": ("front", "ALTER ROLE paravent_patient_front SET search_path TO pg_temp, public"),
    "a setting in this database alone": (
        "front",
        "ALTER ROLE paravent_patient_front IN DATABASE paravent_front SET statement_timeout TO '1h'",
    ),
    "a setting of the database": ("front", "ALTER DATABASE paravent_front SET search_path TO pg_temp"),
    "migrations that are themselves": (
        "front",
        "ALTER ROLE paravent_migrations IN DATABASE paravent_front RESET role",
    ),
    "everybody connects": ("keys", "GRANT CONNECT ON DATABASE paravent_keys TO PUBLIC"),
    "everybody has temporary tables": ("keys", "GRANT TEMPORARY ON DATABASE paravent_keys TO PUBLIC"),
    "a zone makes schemas": ("keys", "GRANT CREATE ON DATABASE paravent_keys TO paravent_patient_keys"),
    "a zone connects elsewhere": ("front", "GRANT CONNECT ON DATABASE paravent_identity TO paravent_patient_front"),
    "another zone connects here": (
        "identity",
        "GRANT CONNECT ON DATABASE paravent_identity TO paravent_patient_front",
    ),
    "everybody connects to the server's own": ("front", "GRANT CONNECT ON DATABASE postgres TO PUBLIC"),
    "a zone does not connect": ("front", "REVOKE CONNECT ON DATABASE paravent_front FROM paravent_patient_front"),
    "a database of another": ("front", "ALTER DATABASE paravent_front OWNER TO postgres"),
    "everybody uses the schema": ("keys", "GRANT USAGE ON SCHEMA public TO PUBLIC"),
    "everybody makes tables": ("keys", "GRANT CREATE ON SCHEMA public TO PUBLIC"),
    "a zone makes tables": ("keys", "GRANT CREATE ON SCHEMA public TO paravent_patient_keys"),
    "a schema of another": ("keys", "ALTER SCHEMA public OWNER TO postgres"),
    "a second schema": ("keys", "CREATE SCHEMA more; GRANT USAGE ON SCHEMA more TO paravent_patient_keys"),
    "a table of another": ("keys", "ALTER TABLE secrets OWNER TO postgres"),
    "a table of a zone": ("keys", "ALTER TABLE secrets OWNER TO paravent_patient_keys"),
    "a right to pass on": ("ledger", "GRANT INSERT ON events TO paravent_patient_ledger WITH GRANT OPTION"),
    "one column": ("ledger", "GRANT SELECT (payload) ON events TO paravent_patient_ledger"),
    "one column for everybody": ("ledger", "GRANT SELECT (payload) ON events TO PUBLIC"),
    "a view": (
        "front",
        "CREATE VIEW seen AS SELECT * FROM submissions; GRANT SELECT ON seen TO paravent_patient_front",
    ),
    "a sequence": ("front", "CREATE SEQUENCE counted; GRANT USAGE ON SEQUENCE counted TO paravent_patient_front"),
    "revisions": ("front", "GRANT SELECT ON alembic_version TO paravent_patient_front"),
    "a function for everybody": ("keys", "GRANT EXECUTE ON FUNCTION post_secrets TO PUBLIC"),
    "a function as its caller": ("keys", "ALTER FUNCTION space_secret SECURITY INVOKER"),
    "a function that looks names up anywhere": ("keys", "ALTER FUNCTION space_secret RESET search_path"),
    "a function that looks names up elsewhere": ("keys", "ALTER FUNCTION space_secret SET search_path TO public"),
    "a function of the superuser": ("keys", "ALTER FUNCTION space_secret OWNER TO postgres"),
    "one function more": (
        "keys",
        "CREATE FUNCTION more() RETURNS SETOF secrets LANGUAGE sql SECURITY DEFINER AS 'SELECT * FROM secrets'",
    ),
    "a function less": ("keys", "DROP FUNCTION space_secret"),
    "large objects for everybody": ("front", "GRANT EXECUTE ON FUNCTION lo_creat(int) TO PUBLIC"),
    "sleeping for everybody": ("front", "GRANT EXECUTE ON FUNCTION pg_sleep(float8) TO PUBLIC"),
    "migrations kept waiting": ("front", "GRANT EXECUTE ON FUNCTION pg_advisory_lock(bigint) TO PUBLIC"),
    "files for a zone": ("front", "GRANT EXECUTE ON FUNCTION pg_read_file(text) TO paravent_patient_front"),
    "files for everybody": ("front", "GRANT EXECUTE ON FUNCTION pg_ls_dir(text) TO PUBLIC"),
    "passwords for a zone": ("front", "GRANT SELECT ON pg_authid TO paravent_patient_front"),
    "passwords for everybody": ("front", "GRANT SELECT (rolpassword) ON pg_authid TO PUBLIC"),
    "statistics for everybody": ("front", "GRANT SELECT ON pg_statistic TO PUBLIC"),
    "a language": ("front", "GRANT USAGE ON LANGUAGE plpgsql TO PUBLIC"),
    "tables to come": (
        "keys",
        "ALTER DEFAULT PRIVILEGES FOR ROLE paravent_keys_owner GRANT SELECT ON TABLES TO paravent_patient_keys",
    ),
    "functions to come": (
        "keys",
        "ALTER DEFAULT PRIVILEGES FOR ROLE paravent_keys_owner GRANT EXECUTE ON FUNCTIONS TO PUBLIC",
    ),
    "a parameter": ("front", "GRANT SET ON PARAMETER session_replication_role TO paravent_patient_front"),
    "a tablespace": ("front", "GRANT CREATE ON TABLESPACE pg_default TO paravent_patient_front"),
    "a large object that is there": ("front", "SELECT lo_create(4711)"),
}
"""Mistakes thought out one by one: where, and what somebody ran."""


def mutations(silo: Silo) -> Iterator[tuple[str, str]]:
    """Yield every right on tables and functions that is not declared, given; and each declared, taken."""
    for zone, login in NAMES.logins(silo).items():
        for table in METADATA[silo].sorted_tables:
            yield from _of_table(table.name, login, RIGHTS[silo][zone].get(table.name, Rights()))
        for setting in LOGINS[zone].settings():
            yield f"{login} without {setting}", f"ALTER ROLE {login} RESET {setting}"
        for function in FUNCTIONS.get(silo, ()):
            verb, towards = ("REVOKE", "FROM") if zone in function.zones else ("GRANT", "TO")
            yield f"{login} {verb} {function.name}", f"{verb} EXECUTE ON FUNCTION {function.name} {towards} {login}"
    for privilege in PRIVILEGES:
        first = METADATA[silo].sorted_tables[0].name
        yield f"PUBLIC {privilege} {first}", f"GRANT {privilege} ON {first} TO PUBLIC"


def _of_table(table: str, login: str, rights: Rights) -> Iterator[tuple[str, str]]:
    there = list(rights.privileges())
    for privilege in PRIVILEGES:
        if (privilege, "") not in there:
            yield f"{login} {privilege} {table}", f"GRANT {privilege} ON {table} TO {login}"
    for privilege, column in there:
        what = f"{privilege} ({column})" if column else privilege
        yield f"{login} without {what} {table}", f"REVOKE {what} ON {table} FROM {login}"


@contextmanager
def undone(cluster: Cluster, silo: Silo) -> Iterator[Session]:
    """Open a silo as superuser, in a transaction that leaves nothing."""
    engine = create_engine(cluster.admin.set(database=NAMES.database(silo)))
    with engine.connect() as connection, Session(connection) as session:
        yield session
    engine.dispose()


def unseen(cluster: Cluster, silo: Silo, wrong: Iterator[tuple[str, str]]) -> list[str]:
    """Make each mistake and undo it; return those after which the catalogue still looked as declared."""
    wanted, missed = declared(silo, NAMES), []
    with undone(cluster, silo) as session:
        assert found(session, silo, NAMES) ^ wanted == set()
        for what, statement in wrong:
            with session.begin_nested() as step:
                session.execute(text(statement))
                if found(session, silo, NAMES) == wanted:
                    missed.append(what)
                step.rollback()
        assert found(session, silo, NAMES) ^ wanted == set()
    return missed


@pytest.mark.parametrize("silo", SILOS)
def test_every_right_of_every_table_given_or_taken_is_seen(cluster: Cluster, silo: Silo) -> None:
    wrong = list(mutations(silo))
    assert len(wrong) > 10
    assert unseen(cluster, silo, iter(wrong)) == []


@pytest.mark.parametrize("silo", SILOS)
def test_every_mistake_thought_of_is_seen(cluster: Cluster, silo: Silo) -> None:
    wrong = [(what, statement) for what, (where, statement) in BY_HAND.items() if where == silo]
    assert wrong
    assert unseen(cluster, silo, iter(wrong)) == []


def test_the_check_says_what_differs(zoned: Zoned, cluster: Cluster) -> None:
    from app.cli.silo_rights import check

    login = zoned.zones["patient"].db.engine("keys").url.username
    cluster.run(f"GRANT SELECT ON secrets TO {login}", database="paravent_keys")
    try:
        assert check(zoned.owner.db, "keys") == [f"not declared: table secrets: SELECT to {login}"]
    finally:
        cluster.run(f"REVOKE ALL ON secrets FROM {login}", database="paravent_keys")
    assert check(zoned.owner.db, "keys") == []
