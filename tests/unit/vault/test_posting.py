"""Leaving sealed secrets in the mailbox: only for an intake pair there could be, and never for a closed one."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from app.db import SiloUnavailable
from app.vault.closing import IntakeClosed, close, closings, reopen
from app.vault.models import MailboxEntry
from app.vault.posting import NotAnEpoch, post_secrets
from tests.factories.house import House

PAIR = "2026-11-23"
_NO_WEEK = ("", "week", "2026-W00", "2026-W54", "2027-W53", "9999-W52", "2026-W47 ")
_NO_HALF_DAY = ("2026-02-30", "2026-11-18T00", "9999-12-31")


def left(house: House) -> dict[UUID, bytes]:
    """Return what lies in the mailbox."""
    with house.db.reading("keys") as session:
        rows = session.execute(select(MailboxEntry.submission, MailboxEntry.sealed)).all()
    return {row.submission: row.sealed for row in rows}


def post(house: House, submission: UUID, epoch: str = PAIR, sealed: bytes = b"first") -> None:
    """Post a row, in a commit of its own."""
    with house.db.writing("keys") as session:
        post_secrets(session, submission, epoch, sealed, house.clock())


@pytest.mark.parametrize("epoch", [*_NO_WEEK, *_NO_HALF_DAY])
def test_no_row_is_posted_under_what_is_no_pair(house: House, epoch: str) -> None:
    with pytest.raises(NotAnEpoch):
        post(house, uuid4(), epoch)
    assert left(house) == {}


@pytest.mark.parametrize("epoch", ["2026-W47", "2026-11-23", "2026-11-23T12"])
def test_a_row_of_a_half_day_or_of_a_former_week_is_posted(house: House, epoch: str) -> None:
    submission = uuid4()
    post(house, submission, epoch)
    assert left(house) == {submission: b"first"}


def test_nothing_is_taken_for_a_closed_pair_and_what_was_there_stays(house: House) -> None:
    before, after = uuid4(), uuid4()
    post(house, before)
    with house.db.writing("keys") as session:
        close(session, [PAIR], house.clock())
        close(session, [PAIR], house.clock() + timedelta(hours=1))
        assert list(closings(session)) == [PAIR]

    for submission in (after, before):
        with pytest.raises(IntakeClosed) as refused:
            post(house, submission, sealed=b"second")
        assert isinstance(refused.value, SiloUnavailable), "pages keep the draft, and say to try again"

    assert left(house) == {before: b"first"}
    post(house, after, "2026-11-23T12")
    with house.db.writing("keys") as session:
        reopen(session, [PAIR])
    post(house, before, sealed=b"second")
    assert left(house) == {before: b"second", after: b"first"}
