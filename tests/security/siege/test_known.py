"""What PostgreSQL tells or lets anybody do who can log in, and nobody can take back: known, listed, and no more."""

import psycopg
import pytest
from sqlalchemy import inspect

from app.rights import RIGHTS
from tests.factories.cluster import Cluster
from tests.factories.zoned import Zoned
from tests.security.siege.test_siege import SILOS, taken_over

pytestmark = pytest.mark.postgres

KNOWN = {
    "names of every role": "SELECT rolname FROM pg_roles WHERE rolname = 'paravent_clinic_identity'",
    "names of every database": "SELECT datname FROM pg_database WHERE datname = 'paravent_identity'",
    "names of tables and columns of its own silo": "SELECT attname FROM pg_attribute WHERE attname = 'sealed_care'",
    "estimates of rows": "SELECT reltuples FROM pg_class WHERE relname = 'submissions'",
    "counts of rows": "SELECT n_live_tup FROM pg_stat_user_tables WHERE relname = 'submissions'",
    "the code of functions": "SELECT prosrc FROM pg_proc WHERE proname = 'now'",
    "sizes of tables": "SELECT pg_relation_size('submissions')",
    "which role is connected to which database": "SELECT usename, datname FROM pg_stat_activity",
    "how much each database commits": "SELECT xact_commit FROM pg_stat_database WHERE datname = 'paravent_desk'",
    "what locks are held": "SELECT relation FROM pg_locks",
    "most of the server's settings": "SELECT setting FROM pg_settings WHERE name = 'server_version'",
    "rights of all": "SELECT relacl FROM pg_class WHERE relname = 'submissions'",
    "its own settings, for a session and for ever": "ALTER ROLE CURRENT_USER SET statement_timeout TO 0",
    "its own password": "ALTER ROLE CURRENT_USER PASSWORD 'another'",
    "messages to who listens in its silo": "NOTIFY anybody",
    "locking against all what it may remove rows from": "LOCK TABLE drafts IN ACCESS EXCLUSIVE MODE",
    "asking whether a random id is there": "INSERT INTO submissions (id, pseudonym, sealed_visit, sealed_contact,"
    " sealed_care, created_at) VALUES ('00000000-0000-4000-8000-000000000000',"
    " '00000000-0000-4000-8000-000000000000', '', '', '', now()) ON CONFLICT DO NOTHING",
}
"""Each is said in docs/operate.md; those about other silos are why front and keys want servers of their own."""


@pytest.mark.parametrize("question", KNOWN.values(), ids=KNOWN.keys())
def test_what_can_t_be_prevented_is_still_so(zoned: Zoned, question: str) -> None:
    with taken_over(zoned, "front") as connection:
        done = connection.execute(question.encode())
        assert done.description is None or done.fetchall()
        connection.rollback()


def test_only_random_ids_can_be_asked_for_by_inserting(zoned: Zoned) -> None:
    """Who may insert learns whether a unique value is there: none of them may come from a person."""
    random = {
        ("front", "drafts"): [("id",)],
        ("front", "holds"): [("id",), ("draft",)],
        ("front", "submissions"): [("id",)],
        ("front", "spaces"): [("id",)],
        ("front", "space_sessions"): [("id",)],
        ("front", "outbox"): [("id",)],
        ("ledger", "events"): [("id",)],
        ("ledger", "event_keys"): [("id",)],
        ("ledger", "event_subjects"): [("subject", "event")],
    }
    readable = {("front", "slot_cells"), ("front", "agenda_turns"), ("front", "guesses")}
    found = {
        (silo, table): _unique(zoned, silo, table)
        for silo in SILOS
        for table, rights in RIGHTS[silo]["patient"].items()
        if rights.insert and (silo, table) not in readable
    }
    assert found == random


def _unique(zoned: Zoned, silo: str, table: str) -> list[tuple[str, ...]]:
    look = inspect(zoned.owner.db.engine(silo))  # type: ignore[arg-type]  # a silo's name
    key = tuple(look.get_pk_constraint(table)["constrained_columns"])
    return [key, *(tuple(one["column_names"]) for one in look.get_unique_constraints(table))]


def test_a_unique_value_of_others_is_told_by_silence(zoned: Zoned) -> None:
    """The oracle itself, so that nobody believes it closed: no row the second time."""
    insert = KNOWN["asking whether a random id is there"].encode()
    with taken_over(zoned, "front") as connection:
        assert [connection.execute(insert).rowcount for _ in range(2)] == [1, 0]
        connection.rollback()


def test_a_role_that_changed_its_own_settings_is_seen_by_the_check(zoned: Zoned, cluster: Cluster) -> None:
    from app.cli.silo_rights import check

    with taken_over(zoned, "ledger") as connection:
        connection.execute("ALTER ROLE CURRENT_USER SET statement_timeout TO 0")
    try:
        assert check(zoned.owner.db, "ledger") == [
            "missing: setting of paravent_patient_ledger: statement_timeout=5s",
            "not declared: setting of paravent_patient_ledger: statement_timeout=0",
        ]
    finally:
        cluster.run("ALTER ROLE paravent_patient_ledger SET statement_timeout TO '5s'")
    assert check(zoned.owner.db, "ledger") == []


def test_other_databases_are_not_listened_to(zoned: Zoned) -> None:
    with taken_over(zoned, "front") as connection, pytest.raises(psycopg.errors.FeatureNotSupported):
        connection.execute("SELECT * FROM paravent_care.public.cases")
