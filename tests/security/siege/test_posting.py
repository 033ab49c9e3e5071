"""What the patient zone's real login may post: a row for an intake pair there could be, no younger than the pair,
and none for a pair that is closed."""

from datetime import datetime
from uuid import UUID, uuid4

import psycopg
import pytest

from app.vault.closing import IntakeClosed, close, reopen
from app.vault.posting import post_secrets
from tests.factories.zoned import Zoned
from tests.security.siege.test_siege import taken_over

IN_TIME = datetime(2026, 11, 18)  # noqa: DTZ001 - as the column holds it
LAST = datetime(2026, 11, 26, 23, 59)  # noqa: DTZ001
TOO_YOUNG = datetime(2026, 11, 27)  # noqa: DTZ001
_POST = b"SELECT post_secrets(%s, %s, %s, %s)"
_NO_WEEK = ("", "week", "2026-W00", "2026-W54", "2027-W53", "2026-W47 ", "2026-w47", "9999-W52", "2026-W4'")
_NO_HALF_DAY = (
    "2026-02-30",
    "2026-00-10",
    "2026-13-01",
    "2026-11-00",
    "2026-11-18T00",
    "2026-11-18t12",
    "9999-12-31",
)


def posted(zoned: Zoned, epoch: str, at: datetime, submission: UUID | None = None) -> object:
    """Post a row as the patient zone's login does, in a transaction that is rolled back; return the answer."""
    with taken_over(zoned, "keys") as connection:
        (answer,) = connection.execute(_POST, (submission or uuid4(), epoch, b"sealed", at)).fetchone() or (None,)
        connection.rollback()
    return answer


@pytest.mark.parametrize("epoch", ["2026-11-18", "2026-11-18T12", "2028-02-29", "2026-W47"])
def test_a_row_of_a_half_day_or_of_a_former_week_is_taken(zoned: Zoned, epoch: str) -> None:
    assert posted(zoned, epoch, IN_TIME) is True


@pytest.mark.parametrize("epoch", [*_NO_WEEK, *_NO_HALF_DAY])
def test_a_row_of_what_is_no_pair_is_refused(zoned: Zoned, epoch: str) -> None:
    with pytest.raises(psycopg.DatabaseError) as refused:
        posted(zoned, epoch, IN_TIME)
    assert refused.value.sqlstate == "23514"


@pytest.mark.parametrize("epoch", ["2026-11-22", "2026-11-22T12", "2026-W47"])
def test_a_row_of_a_past_pair_may_not_look_young(zoned: Zoned, epoch: str) -> None:
    """Its age is what raises the alarm after a day."""
    assert posted(zoned, epoch, LAST) is True
    with pytest.raises(psycopg.errors.CheckViolation):
        posted(zoned, epoch, TOO_YOUNG)


def test_a_row_that_is_there_cannot_be_made_one_of_no_pair(zoned: Zoned) -> None:
    submission = uuid4()
    with taken_over(zoned, "keys") as connection:
        connection.execute(_POST, (submission, "2026-11-18", b"sealed", IN_TIME))
        with pytest.raises(psycopg.errors.CheckViolation):
            connection.execute(_POST, (submission, "no pair", b"sealed", IN_TIME))


def test_nothing_is_taken_for_a_pair_that_the_worker_closed(zoned: Zoned) -> None:
    worker, patient = zoned.zones["worker"], zoned.zones["patient"]
    submission = uuid4()
    with worker.db.writing("keys") as session:
        close(session, ["2026-11-23"], worker.clock())
    try:
        assert posted(zoned, "2026-11-23", IN_TIME) is False
        assert posted(zoned, "2026-11-23T12", IN_TIME) is True
        with pytest.raises(IntakeClosed), patient.db.writing("keys") as session:
            post_secrets(session, submission, "2026-11-23", b"sealed", patient.clock())
        with taken_over(zoned, "keys") as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("DELETE FROM closed_intakes")
    finally:
        with worker.db.writing("keys") as session:
            reopen(session, ["2026-11-23"])
    with patient.db.writing("keys") as session:
        post_secrets(session, submission, "2026-11-23", b"sealed", patient.clock())
