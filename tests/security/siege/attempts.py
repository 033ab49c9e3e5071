"""What somebody who has the patient zone's logins would try, as data: what, in which silo, and how it must end.

Codes are PostgreSQL's (appendix A of its manual): 42501 is *insufficient privilege*.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from app.cli.silos import METADATA
from app.db import Silo
from app.rights import RIGHTS

DENIED = "42501"
OUT_OF_BOUNDS = "23514"
_ID = "00000000-0000-4000-8000-000000000000"
_SUBMISSION = "INSERT INTO submissions (id, pseudonym, sealed_visit, sealed_contact, sealed_care, created_at) "
_VALUES = f"VALUES ('{_ID}', '{_ID}', '', '', '', now())"
_OUTBOX = f"INSERT INTO outbox (id, kind, pseudonym, sealed, created_at) VALUES ('{_ID}', '', '{_ID}', '', "  # noqa: S608
_EVENT = f"INSERT INTO events (id, zone, name, salt, leaf, payload, at) VALUES ('{_ID}', '', '', '', '', "  # noqa: S608
_UNREADABLE = ("infinity", "-infinity", "0044-03-15 BC", "10000-01-01")
"""Times that PostgreSQL keeps and Python has none for: a row with one would stop whoever reads it."""


@dataclass(frozen=True)
class Attempt:
    """One thing tried. It fails with one of these codes; without any, it may run but must find no row."""

    silo: Silo
    what: str
    statement: str
    ends: tuple[str, ...] = (DENIED,)


def _unreadable(silo: Silo, before: str) -> Iterator[Attempt]:
    """Yield the insertions, or calls, that end in a time which nobody could read."""
    for at in _UNREADABLE:
        yield Attempt(silo, f"{before.split('(')[0].strip()} at {at}", f"{before}'{at}')", (OUT_OF_BOUNDS,))


def _denied(silo: Silo, statements: Mapping[str, str]) -> tuple[Attempt, ...]:
    return tuple(Attempt(silo, what, statement) for what, statement in statements.items())


BY_HAND: tuple[Attempt, ...] = (
    *_denied(
        "front",
        {
            "copying out what was sent": "COPY submissions TO STDOUT",
            "being told what was just inserted": _SUBMISSION + _VALUES + " RETURNING id",
            "inserting what was sent elsewhere": "INSERT INTO guesses SELECT sealed_visit, 1, 1 FROM submissions",
            "explaining a reading by doing it": "EXPLAIN ANALYZE SELECT * FROM submissions",
            "a conflict that names its column": _SUBMISSION + _VALUES + " ON CONFLICT (id) DO NOTHING",
            "a conflict that overwrites": _SUBMISSION
            + _VALUES
            + " ON CONFLICT (id) DO UPDATE SET created_at = now()",
            "the same in the outbox": "INSERT INTO outbox VALUES (gen_random_uuid(), '', gen_random_uuid(), '')"
            " ON CONFLICT (id) DO NOTHING",
            "locking rows one can't read": "SELECT id FROM submissions FOR UPDATE",
            "a view over another's table": "CREATE VIEW seen AS SELECT * FROM submissions",
            "a rule on one's own table": "CREATE RULE r AS ON INSERT TO drafts DO ALSO SELECT 1",
            "a trigger on one's own table": "CREATE TRIGGER t BEFORE UPDATE ON drafts FOR EACH ROW "
            "EXECUTE FUNCTION suppress_redundant_updates_trigger()",
            "a row policy": "CREATE POLICY p ON drafts",
            "an index, which would be computed as the owner": "CREATE INDEX i ON drafts (id)",
            "a table": "CREATE TABLE t (i int)",
            "a temporary table": "CREATE TEMPORARY TABLE t (i int)",
            "a temporary view": "CREATE TEMPORARY VIEW v AS SELECT 1",
            "a schema": "CREATE SCHEMA s",
            "a function": "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
            "a temporary function": "CREATE FUNCTION pg_temp.f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
            "a type": "CREATE TYPE y AS ENUM ('a')",
            "a sequence": "CREATE SEQUENCE q",
            "a loop in a block of code": "DO $$ BEGIN LOOP END LOOP; END $$",
            "a way to other servers": "CREATE FOREIGN DATA WRAPPER w",
            "a publication": "CREATE PUBLICATION p",
            "a subscription": "CREATE SUBSCRIPTION s CONNECTION 'host=localhost' PUBLICATION p",
            "an event trigger": "CREATE EVENT TRIGGER e ON ddl_command_start EXECUTE FUNCTION f()",
            "a database": "CREATE DATABASE another",
            "a role": "CREATE ROLE another LOGIN",
            "dropping one's own table": "DROP TABLE drafts",
            "changing one's own table": "ALTER TABLE drafts ADD COLUMN c text",
            "owning one's own table": "ALTER TABLE drafts OWNER TO CURRENT_USER",
            "giving oneself the database": "ALTER DATABASE paravent_front OWNER TO CURRENT_USER",
            "dropping the database": "DROP DATABASE paravent_identity",
            "making oneself superuser": "ALTER ROLE CURRENT_USER SUPERUSER",
            "letting oneself make roles": "ALTER ROLE CURRENT_USER CREATEROLE",
            "passing over row security": "ALTER ROLE CURRENT_USER BYPASSRLS",
            "having more connections": "ALTER ROLE CURRENT_USER CONNECTION LIMIT -1",
            "another's password": "ALTER ROLE paravent_clinic_front PASSWORD 'mine'",
            "another's settings": "ALTER ROLE paravent_clinic_front SET search_path TO pg_temp",
            "settings of the whole database": "ALTER DATABASE paravent_front SET search_path TO pg_temp",
            "joining the owner": "GRANT paravent_front_owner TO CURRENT_USER",
            "joining those who read all": "GRANT pg_read_all_data TO CURRENT_USER",
            "becoming the owner": "SET ROLE paravent_front_owner",
            "becoming the clinic": "SET ROLE paravent_clinic_front",
            "becoming the migrations": "SET ROLE paravent_migrations",
            "becoming superuser": "SET ROLE postgres",
            "becoming superuser for the session": "SET SESSION AUTHORIZATION postgres",
            "passwords of roles": "SELECT * FROM pg_authid",
            "passwords of users": "SELECT * FROM pg_shadow",
            "statistics of values": "SELECT * FROM pg_statistic",
            "contents of large objects": "SELECT * FROM pg_largeobject",
            "who may come from where": "SELECT * FROM pg_hba_file_rules",
            "the server's settings, file by file": "SELECT * FROM pg_file_settings",
            "where the data lies": "SHOW data_directory",
            "a file of the machine": "SELECT pg_read_file('/etc/passwd')",
            "the same, as bytes": "SELECT pg_read_binary_file('/etc/passwd')",
            "a folder of the machine": "SELECT pg_ls_dir('/')",
            "a file's size": "SELECT pg_stat_file('/etc/passwd')",
            "the server's log files": "SELECT pg_ls_logdir()",
            "its write-ahead log": "SELECT pg_ls_waldir()",
            "a file into a table": "COPY drafts FROM '/etc/passwd'",
            "a table into a file": "COPY drafts TO '/tmp/out'",
            "a command of the machine": "COPY drafts FROM PROGRAM 'id'",
            "a command that gets a table": "COPY drafts TO PROGRAM 'cat'",
            "a library of the machine": "LOAD '/tmp/evil.so'",
            "a large object": "SELECT lo_creat(-1)",
            "a large object by number": "SELECT lo_create(4711)",
            "a large object with something in it": "SELECT lo_from_bytea(0, 'x')",
            "a file into a large object": "SELECT lo_import('/etc/passwd')",
            "a large object into a file": "SELECT lo_export(1, '/tmp/out')",
            "reading a large object": "SELECT lo_get(1)",
            "opening a large object": "SELECT lo_open(1, 262144)",
            "writing into a large object": "SELECT lo_put(1, 0, 'x')",
            "removing a large object": "SELECT lo_unlink(1)",
            "sleeping with a connection": "SELECT pg_sleep(60)",
            "sleeping by another name": "SELECT pg_sleep_for('1 minute')",
            "sleeping until tomorrow": "SELECT pg_sleep_until(now() + interval '1 day')",
            "keeping migrations waiting": "SELECT pg_advisory_lock(7064201)",
            "the same, for a transaction": "SELECT pg_advisory_xact_lock(7064201)",
            "the same, if it is free": "SELECT pg_try_advisory_lock(7064201)",
            "filling the write-ahead log": "SELECT pg_logical_emit_message(true, 'a', repeat('x', 1000))",
            "ending another's session": "SELECT pg_terminate_backend(1)",
            "ending another's query": "SELECT pg_cancel_backend(1)",
            "reloading the settings": "SELECT pg_reload_conf()",
            "a new log file": "SELECT pg_rotate_logfile()",
            "beginning a backup": "SELECT pg_backup_start('x')",
            "a replication slot": "SELECT pg_create_physical_replication_slot('x')",
            "a point to restore to": "SELECT pg_create_restore_point('x')",
            "forgetting statistics": "SELECT pg_stat_reset()",
            "the server's settings": "ALTER SYSTEM SET log_statement = 'all'",
            "what is logged": "SET log_statement = 'none'",
            "switching triggers off": "SET session_replication_role = 'replica'",
            "locking what was sent against all": "LOCK TABLE submissions IN ACCESS EXCLUSIVE MODE",
            "locking the spaces against all": "LOCK TABLE spaces IN ACCESS EXCLUSIVE MODE",
            "locking the profiles against all": "LOCK TABLE published_profiles IN ACCESS EXCLUSIVE MODE",
            "moving oneself to another schema": "ALTER TABLE drafts SET SCHEMA pg_catalog",
            "writing to the catalogue": "UPDATE pg_class SET relacl = NULL",
            "the revision, so that migrations run again": "DELETE FROM alembic_version",
        },
    ),
    *_denied(
        "keys",
        {
            "filling the mailbox by hand": "INSERT INTO mailbox VALUES (gen_random_uuid(), '2026-W47', '', now())",
            "giving everybody the mailbox": "GRANT SELECT ON mailbox TO PUBLIC",
            "copying the sealed secrets out": "COPY space_secrets TO STDOUT",
            "changing what a function does": "CREATE OR REPLACE FUNCTION space_secret(locator bytea) RETURNS TABLE "
            "(sealed bytea, submission uuid) LANGUAGE sql AS 'SELECT sealed, submission FROM space_secrets'",
            "letting a function look elsewhere": "ALTER FUNCTION space_secret(bytea) SET search_path TO pg_temp",
            "dropping a function": "DROP FUNCTION post_secrets(uuid, text, bytea, timestamp)",
            "sleeping in the keys silo": "SELECT pg_sleep(60)",
            "a large object in the keys silo": "SELECT lo_creat(-1)",
            "a temporary table in the keys silo": "CREATE TEMPORARY TABLE mailbox (submission uuid)",
            "explaining a reading of secrets": "EXPLAIN SELECT * FROM secrets",
        },
    ),
    *_denied(
        "ledger",
        {
            "being told of an event": "INSERT INTO event_subjects VALUES (gen_random_uuid(), gen_random_uuid()) "
            "ON CONFLICT (subject, event) DO NOTHING",
            "reading one's own back": "INSERT INTO event_subjects VALUES (gen_random_uuid(), gen_random_uuid()) "
            "RETURNING event",
            "copying the ledger out": "COPY events TO STDOUT",
            "locking the ledger against all": "LOCK TABLE events IN ACCESS EXCLUSIVE MODE",
            "a large object in the ledger": "SELECT lo_creat(-1)",
        },
    ),
    Attempt("front", "another database by its name", "SELECT * FROM paravent_identity.public.contacts", ("0A000",)),
    Attempt("front", "another database by a link", "SELECT dblink('dbname=paravent_care', 'SELECT 1')", ("42883",)),
    Attempt("front", "an extension", "CREATE EXTENSION dblink", (DENIED, "0A000", "58P01")),
    Attempt("front", "a language", "CREATE EXTENSION plpython3u", (DENIED, "0A000", "58P01")),
    Attempt("front", "a transaction that outlives its session", "PREPARE TRANSACTION 'x'", ("55000",)),
    Attempt(
        "front",
        "statistics of columns one can't read",
        "SELECT * FROM pg_stats WHERE tablename = 'submissions'",
        (),
    ),
    Attempt(
        "front",
        "what others ask at this moment",
        "SELECT query FROM pg_stat_activity WHERE usename <> current_user"
        " AND query NOT IN ('', '<insufficient privilege>')",
        (),
    ),
    Attempt(
        "front",
        "from where others come",
        "SELECT client_addr FROM pg_stat_activity WHERE usename <> current_user AND client_addr IS NOT NULL",
        (),
    ),
    Attempt("front", "connections kept for replication", "SELECT slot_name FROM pg_replication_slots", ()),
    *_unreadable("front", _SUBMISSION + _VALUES.removesuffix("now())")),
    *_unreadable("front", _OUTBOX),
    *_unreadable("keys", f"SELECT post_secrets('{_ID}', '2026-W47', '', "),
    *_unreadable("keys", f"SELECT keep_space_secret(decode(repeat('00', 32), 'hex'), '{_ID}', '', "),
    *_unreadable("ledger", _EVENT + "'', "),
    Attempt("ledger", "an event of a megabyte", _EVENT + "repeat('x', 1048576), now())", (OUT_OF_BOUNDS,)),
    Attempt("keys", "a locator nobody has", "SELECT * FROM space_secret(decode(repeat('00', 32), 'hex'))", ()),
    Attempt("keys", "no locator at all", "SELECT * FROM space_secret(NULL)", ()),
)
"""Attempts thought out one by one."""


def by_table() -> Iterator[Attempt]:
    """Yield every reading and writing that is not declared, of each table and column of the patient's silos."""
    for silo, zones in RIGHTS.items():
        for table in METADATA[silo].sorted_tables if "patient" in zones else ():
            rights = zones["patient"].get(table.name)
            allowed = set(rights.privileges()) if rights else set()
            yield from _of_table(silo, table.name, [column.name for column in table.columns], allowed)


def _of_table(silo: Silo, table: str, columns: list[str], allowed: set[tuple[str, str]]) -> Iterator[Attempt]:
    """Yield them of one table, whose name is our own."""
    statements = {"INSERT": f"INSERT INTO {table} DEFAULT VALUES", "DELETE": f"DELETE FROM {table}"}  # noqa: S608
    if ("SELECT", "") not in allowed:
        yield Attempt(silo, f"reading {table}", f"TABLE {table}")
        for column in columns:
            yield Attempt(silo, f"counting by {table}.{column}", f"SELECT count({column}) FROM {table}")  # noqa: S608
    for privilege, statement in statements.items():
        if (privilege, "") not in allowed:
            yield Attempt(silo, f"{privilege.lower()} in {table}", statement)
    for column in columns:
        if not {("UPDATE", ""), ("UPDATE", column)} & allowed:
            yield Attempt(silo, f"changing {table}.{column}", f"UPDATE {table} SET {column} = DEFAULT")  # noqa: S608
    yield Attempt(silo, f"emptying {table} whole", f"TRUNCATE {table}")
