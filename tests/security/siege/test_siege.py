"""Somebody has taken the patient zone over, with its logins: of what they try, nothing works but what is known."""

import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import make_url

from app.config import ROOT
from app.db import Silo
from tests.factories.cluster import Cluster
from tests.factories.zoned import Zoned
from tests.security.siege.attempts import BY_HAND, Attempt, by_table

pytestmark = pytest.mark.postgres

ATTEMPTS = (*BY_HAND, *by_table())
SILOS: tuple[Silo, ...] = ("front", "keys", "ledger")
ALONE = ("CREATE DATABASE", "DROP DATABASE", "CREATE SUBSCRIPTION", "ALTER SYSTEM")
"""What PostgreSQL runs outside a transaction only."""


@contextmanager
def taken_over(zoned: Zoned, silo: Silo, **other: Any) -> Iterator["psycopg.Connection[Any]"]:
    """Connect with what the patient zone's file has for a silo, or with something else in its place."""
    url = make_url(zoned.zones["patient"].urls[silo])
    values = {
        "host": url.host,
        "port": url.port,
        "user": url.username,
        "password": url.password,
        "dbname": url.database,
    }
    with psycopg.connect(**(values | other), connect_timeout=5) as connection:
        yield connection


def successes(zoned: Zoned, attempts: Sequence[Attempt]) -> list[str]:
    """Try everything, one after the other; return what succeeded, or failed in another way than it should."""
    found = []
    for silo in SILOS:
        with taken_over(zoned, silo) as connection:
            for attempt in (one for one in attempts if one.silo == silo):
                connection.autocommit = attempt.statement.startswith(ALONE)
                fault = _outcome(connection, attempt)
                connection.rollback()
                found += [f"{silo}: {attempt.what}: {fault}"] if fault else []
    return found


def _outcome(connection: "psycopg.Connection[Any]", attempt: Attempt) -> str:
    """Return what is wrong with how an attempt ended, or nothing."""
    try:
        with connection.cursor() as cursor:
            if attempt.statement.startswith("COPY") and "STDOUT" in attempt.statement:
                with cursor.copy(attempt.statement.encode()) as copy:
                    return f"copied {sum(1 for _ in copy)} blocks"
            cursor.execute(attempt.statement.encode())
            if attempt.ends:
                return "it succeeded"
            return f"{len(cursor.fetchall())} rows" if cursor.rowcount else ""
    except psycopg.Error as error:
        return "" if error.sqlstate in attempt.ends else f"{error.sqlstate}: {error}"


def test_nothing_that_is_tried_succeeds(zoned: Zoned) -> None:
    assert len(BY_HAND) >= 60
    assert len({(one.silo, one.statement) for one in ATTEMPTS}) == len(ATTEMPTS)
    assert successes(zoned, ATTEMPTS) == []


GIVEN = {
    "reading submissions": ("SELECT ON submissions", "paravent_patient_front"),
    "becoming the owner": ("paravent_front_owner", "paravent_patient_front"),
    "sleeping with a connection": ("EXECUTE ON FUNCTION pg_sleep(float8)", "PUBLIC"),
    "a temporary table": ("TEMPORARY ON DATABASE paravent_front", "PUBLIC"),
    "passwords of roles": ("SELECT ON pg_authid", "paravent_patient_front"),
}
"""What an attempt needs to succeed, and for whom."""


@pytest.mark.parametrize("succeeds", GIVEN)
def test_a_right_given_by_mistake_lets_an_attempt_succeed(zoned: Zoned, cluster: Cluster, succeeds: str) -> None:
    right, whose = GIVEN[succeeds]
    tried = [replace(one, statement=one.statement.replace("60", "0")) for one in ATTEMPTS if one.what == succeeds]
    cluster.run(f"GRANT {right} TO {whose}", database="paravent_front")
    try:
        assert [succeeds in fault for fault in successes(zoned, tried)] == [True]
    finally:
        cluster.run(f"REVOKE {right} FROM {whose}", database="paravent_front")
    assert successes(zoned, tried) == []


@pytest.mark.parametrize(
    "database", ["paravent_identity", "paravent_care", "paravent_desk", "paravent_keys", "postgres", "template1"]
)
def test_its_login_enters_no_other_database(zoned: Zoned, database: str) -> None:
    with (
        pytest.raises(psycopg.OperationalError, match="permission denied for database"),
        taken_over(zoned, "front", dbname=database),
    ):
        pass


@pytest.mark.parametrize(
    ("role", "says"),
    [
        ("paravent_clinic_front", "password authentication failed"),
        ("paravent_worker_front", "password authentication failed"),
        ("paravent_migrations", "password authentication failed"),
        ("paravent_front_owner", "password authentication failed"),
        ("paravent_patient_keys", "password authentication failed"),
        ("postgres", "password authentication failed"),
    ],
)
def test_its_password_is_nobody_elses(zoned: Zoned, role: str, says: str) -> None:
    with pytest.raises(psycopg.OperationalError, match=says), taken_over(zoned, "front", user=role):
        pass


def test_an_owner_can_t_log_in_even_with_a_password(zoned: Zoned, cluster: Cluster) -> None:
    cluster.run("ALTER ROLE paravent_front_owner PASSWORD 'known'")
    try:
        with (
            pytest.raises(psycopg.OperationalError, match="not permitted to log in"),
            taken_over(zoned, "front", user="paravent_front_owner", password="known"),
        ):
            pass
    finally:
        cluster.run("ALTER ROLE paravent_front_owner PASSWORD NULL")


def test_connections_beyond_the_number_are_refused(zoned: Zoned) -> None:
    zoned.dispose()
    with pytest.raises(psycopg.OperationalError, match="too many connections for role"):
        _open(zoned, 60)


def _open(zoned: Zoned, left: int) -> None:
    with taken_over(zoned, "ledger"):
        if left:
            _open(zoned, left - 1)


def test_a_query_without_end_is_ended(zoned: Zoned) -> None:
    with taken_over(zoned, "front") as connection:
        connection.execute("SET statement_timeout = '1s'")  # 5 s by itself, as the next test says
        with pytest.raises(psycopg.errors.QueryCanceled):
            connection.execute("SELECT count(*) FROM pg_class a, pg_class b, pg_class c, pg_class d")


def test_each_session_begins_bounded(zoned: Zoned) -> None:
    wanted = {"statement_timeout": "5s", "lock_timeout": "4s", "idle_in_transaction_session_timeout": "10s"}
    for silo in SILOS:
        with taken_over(zoned, silo) as connection:
            assert {name: _one(connection, f"SHOW {name}") for name in wanted} == wanted
            assert _one(connection, "SHOW search_path") == "public, pg_temp"


def test_a_refused_row_is_not_told(zoned: Zoned) -> None:
    insert = next(one.statement for one in BY_HAND if one.what == "a conflict that names its column")
    insert = insert.partition(" ON CONFLICT")[0]
    with taken_over(zoned, "front") as connection:
        connection.execute(insert.encode())
        with pytest.raises(psycopg.errors.UniqueViolation) as refused:
            connection.execute(insert.encode())
    assert refused.value.diag.message_detail is None


def test_a_mailbox_entry_can_be_replaced_but_not_read_and_a_locator_gives_its_own_alone(zoned: Zoned) -> None:
    mine, others = "00000000-0000-4000-8000-000000000001", "00000000-0000-4000-8000-000000000002"
    with taken_over(zoned, "keys") as connection:
        for sealed in (b"first", b"second"):
            connection.execute("SELECT post_secrets(%s, '2026-W47', %s, '2026-11-18')", (mine, sealed))
            connection.execute("SELECT keep_space_secret(%s, %s, %s, now()::timestamp)", (b"m" * 32, mine, sealed))
        connection.execute("SELECT keep_space_secret(%s, %s, %s, now()::timestamp)", (b"m" * 32, others, b"third"))
        found = connection.execute("SELECT sealed, submission::text FROM space_secret(%s)", (b"m" * 32,)).fetchall()
        connection.rollback()
    assert found == [(b"second", mine)]


def test_the_patients_unix_user_reads_no_key(zoned: Zoned, tmp_path: Path) -> None:
    """The folders above are opened here on purpose, so that the files' own rights are what holds."""
    if not Path("/usr/bin/setpriv").exists() or not _is_root():
        pytest.skip("only root can act as another user, with setpriv")
    root = zoned.owner.root
    secret = [*(root / "keystore").iterdir(), *(root / "env").iterdir(), root / "unlock"]
    public = sorted((root / "public").iterdir())
    above = [folder for folder in (root, *root.parents) if str(folder).startswith("/tmp/")]  # noqa: S108 - pytest's own
    before = {folder: folder.stat().st_mode for folder in above}
    try:
        for folder in above:
            folder.chmod(0o755)
        readable = [path for path in (*secret, *public) if _reads_as_nobody(path)]
    finally:
        for folder, mode in before.items():
            folder.chmod(mode)
    assert len(secret) >= 6
    assert readable == public


def _reads_as_nobody(path: Path) -> bool:
    command = ["/usr/bin/setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "cat", str(path)]
    return subprocess.run(command, cwd=ROOT.anchor, capture_output=True).returncode == 0  # noqa: S603 - our own files


def _is_root() -> bool:
    return subprocess.run(["/usr/bin/id", "-u"], capture_output=True, text=True).stdout.strip() == "0"


def _one(connection: "psycopg.Connection[Any]", question: str) -> object:
    row = connection.execute(question.encode()).fetchone()
    assert row is not None
    return row[0]
