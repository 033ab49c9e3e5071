"""The mailbox of closed pairs: emptied, so that no private key of the intake outlives its time."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from app.db import Databases, Silo
from app.front.models import Submission
from app.vault.closing import close, reopen
from app.vault.errors import KeystoreSealed
from app.vault.held import seal_keystore
from app.vault.intake import load_intake_key, seal_for_intake, validity
from app.vault.keystore import SETTLE
from app.vault.models import MailboxEntry, Secret
from app.vault.posting import post_secrets
from app.worker.epochs import turn_keys
from app.worker.intake import take_in
from app.worker.mailbox import UNSETTLED_AT_MOST, tend_mailbox
from tests.factories.house import House
from tests.factories.mortal import killed_everywhere
from tests.unit.worker.agenda import taken_in
from tests.unit.worker.sending import Sent, submit

PAIR, NEXT = "2026-11-23", "2026-11-23T12"
"""The half-day in which a house's clock begins, and the one after."""
NOON = validity(NEXT)[0]
CLOSED = NOON + SETTLE


def go_past(house: House, beyond: timedelta = timedelta(seconds=1)) -> None:
    """Close the first pair when its next one has settled, and move on to when that has settled too, or further."""
    house.keystore.ensure_epoch(NOON)
    with house.db.writing("keys") as session:
        close(session, [PAIR], CLOSED)
    house.clock.now = CLOSED + SETTLE + beyond
    house.keystore.ensure_epoch(house.clock())


def post(house: House, submission: UUID | None = None, epoch: str = PAIR, sealed: bytes = b"no such thing") -> UUID:
    """Post a row as somebody may who took over the patient zone."""
    named = submission or uuid4()
    with house.db.writing("keys") as session:
        post_secrets(session, named, epoch, sealed, house.clock())
    return named


def left(house: House) -> set[UUID]:
    """Return the submissions of the mailbox's rows."""
    with house.db.reading("keys") as session:
        return set(session.scalars(select(MailboxEntry.submission)))


def secrets_of(house: House, sent: Sent) -> int:
    """Return how many secrets are kept of a sending."""
    with house.db.reading("keys") as session:
        wanted = select(func.count()).select_from(Secret).where(Secret.pseudonym == sent.pseudonym)
        return session.scalar(wanted) or 0


def pairs(house: House) -> list[str]:
    """Return the pairs whose private keys there are, after the worker's next turn of keys."""
    turn_keys(house.db, house.vault, house.clock)
    return list(house.keystore.names()["intake"])


def tend(house: House) -> int:
    """Let the worker look after the mailbox."""
    return tend_mailbox(house.db, house.vault, house.clock)


def unreadable_visit(house: House, sent: Sent) -> None:
    """Damage what a submission tells the agenda, so that it can't be carried in."""
    with house.db.writing("front") as session:
        row = session.get_one(Submission, sent.submission)
        row.sealed_visit = bytes(len(row.sealed_visit))


def test_rows_that_nothing_waits_for_go_once_their_pair_is_closed_and_the_key_follows(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(3):
        post(house)
    go_past(house, timedelta(0))
    assert tend(house) == 0
    assert len(left(house)) == 3
    house.clock.forward(seconds=1)
    assert pairs(house) == [PAIR, NEXT]
    caplog.clear()
    assert tend(house) == 3
    assert left(house) == set()
    assert pairs(house) == [NEXT]
    (said,) = (one for one in caplog.records if one.levelno == logging.WARNING)
    assert (said.kind, said.count) == ("orphan", 3)  # type: ignore[attr-defined]
    assert said.event_id  # type: ignore[attr-defined]


def test_rows_of_a_pair_that_is_not_closed_stay(house: House) -> None:
    posted = post(house)
    house.clock.now = validity(PAIR)[1]

    assert tend(house) == 0
    assert left(house) == {posted}


def test_what_waits_behind_a_submission_that_cannot_be_carried_in_is_kept_and_carried_later(house: House) -> None:
    """Who posts a bad submission before a good one of the same patient keeps neither row in the mailbox."""
    bad, good = Sent(), Sent()
    good.pseudonym = bad.pseudonym
    submit(house, bad)
    unreadable_visit(house, bad)
    with house.db.writing("keys") as session:
        session.execute(delete(MailboxEntry))
    house.clock.forward(seconds=1)
    submit(house, good)
    go_past(house)
    assert take_in(house.db, house.vault, house.clock) == 0
    assert left(house) == {good.submission}

    assert tend(house) == 1

    assert (left(house), secrets_of(house, good)) == (set(), 3)
    assert pairs(house) == [NEXT]
    with house.db.writing("front") as session:
        session.execute(delete(Submission).where(Submission.id == bad.submission))
    assert take_in(house.db, house.vault, house.clock) == 1


@pytest.mark.parametrize(
    "changes", [{"secrets": None}, {"pseudonym": str(UUID(int=7))}, {"secrets": {}}], ids=["none", "other", "empty"]
)
def test_a_row_that_no_sending_wrote_goes_although_a_submission_waits(
    house: House, changes: dict[str, Any]
) -> None:
    bad = Sent()
    submit(house, bad, mailbox=bad.mailbox(**changes))
    go_past(house)
    take_in(house.db, house.vault, house.clock)
    assert left(house) == {bad.submission}

    assert tend(house) == 1

    assert (left(house), pairs(house)) == (set(), [NEXT])


def test_a_row_that_opens_by_no_key_goes_although_a_submission_waits(house: House) -> None:
    sent = submit(house, Sent())
    post(house, sent.submission)
    go_past(house)
    take_in(house.db, house.vault, house.clock)

    assert tend(house) == 1
    assert (left(house), pairs(house)) == (set(), [NEXT])


def test_a_second_row_with_other_secrets_of_one_patient_goes(house: House) -> None:
    first = submit(house, Sent())
    take_in(house.db, house.vault, house.clock)
    second = Sent()
    second.pseudonym = first.pseudonym
    submit(house, second)
    go_past(house)

    assert tend(house) == 1
    assert left(house) == set()
    with house.db.reading("keys") as session:
        assert house.keystore.get(session, first.pseudonym, "care") == first.secrets["care"]


@pytest.mark.parametrize("epoch", ["", "week", "2026-W60", "9999-W52"])
def test_a_row_of_no_pair_that_came_by_another_way_goes_at_once(house: House, epoch: str) -> None:
    sent = submit(house, Sent())
    with house.db.writing("keys") as session:
        session.execute(update(MailboxEntry).values(epoch=epoch))
        orphan = MailboxEntry(submission=uuid4(), epoch=epoch, sealed=b"", created_at=house.clock())
        session.add(orphan)

    assert tend(house) == 2
    assert left(house) == set()
    assert secrets_of(house, sent) == 0


def test_a_private_key_that_is_gone_is_given_a_month_to_be_put_back(house: House) -> None:
    sent = submit(house, Sent())
    (house.root / "keystore" / f"intake-{PAIR}.key").rename(house.root / "away")
    go_past(house, UNSETTLED_AT_MOST - SETTLE)
    for _hour in range(3):
        assert tend(house) == 0
    (house.root / "away").rename(house.root / "keystore" / f"intake-{PAIR}.key")
    assert tend(house) == 1
    assert secrets_of(house, sent) == 3
    assert len(house.events("submission.taken_in")) == 1


def test_after_that_month_the_row_goes(house: House, caplog: pytest.LogCaptureFixture) -> None:
    submit(house, Sent())
    (house.root / "keystore" / f"intake-{PAIR}.key").unlink()
    go_past(house, UNSETTLED_AT_MOST)

    assert tend(house) == 1
    assert left(house) == set()
    assert "unsettled" in [getattr(one, "kind", "") for one in caplog.records]


def test_the_only_copy_of_secrets_is_kept_for_a_month_and_no_longer(house: House) -> None:
    """The keys silo was restored to before the intake: what was carried in opens by this entry alone."""
    sent = taken_in(house)
    with house.db.writing("keys") as session:
        session.execute(delete(Secret))
    post(house, sent.submission)
    go_past(house, UNSETTLED_AT_MOST - SETTLE)
    assert tend(house) == 0

    house.clock.forward(seconds=1)
    assert tend(house) == 1


def test_a_row_written_again_after_the_intake_goes(house: House) -> None:
    sent = taken_in(house)
    post(house, sent.submission)
    go_past(house)

    assert tend(house) == 1


def test_a_sending_that_is_repeated_at_that_moment_stays(house: House) -> None:
    sent = Sent()
    post(house, sent.submission)
    go_past(house)
    db = _Interrupted(house.db, lambda: submit_again(house, sent))
    tend_mailbox(db, house.vault, house.clock)
    assert left(house) == {sent.submission}


class _Interrupted(Databases):
    """Silos in which something happens just before the first change."""

    def __init__(self, living: Databases, happens: Callable[[], None]) -> None:
        vars(self).update(vars(living))  # the same engines
        self._happens = [happens]

    @contextmanager
    def writing(self, silo: Silo) -> Iterator[Session]:
        if self._happens:
            self._happens.pop()()
        with super().writing(silo) as session:
            yield session


def submit_again(house: House, sent: Sent) -> None:
    """Press *send* once more, later: the row is sealed to the next key."""
    key = load_intake_key(house.root / "public", house.keystore.verify_key, house.clock())
    post(house, sent.submission, key.epoch, seal_for_intake(key, sent.mailbox(), sent.submission))


def test_a_sealed_keystore_removes_nothing(house: House) -> None:
    sent = submit(house, Sent())
    go_past(house, UNSETTLED_AT_MOST)
    assert seal_keystore(house.root / "keystore")

    with pytest.raises(KeystoreSealed):
        tend(house)
    assert left(house) == {sent.submission}


def test_a_worker_killed_around_any_commit_leaves_what_the_next_one_settles(house: House) -> None:
    sent: list[Sent] = []

    def posted_and_tended(dying: Any) -> None:
        house.clock.now = NOON - SETTLE
        with house.db.writing("keys") as session:
            reopen(session, [PAIR])
        sent.append(submit(house, Sent()))
        post(house)
        go_past(house)
        tend_mailbox(dying, house.vault, house.clock)

    def restarted() -> None:
        tend(house)
        assert left(house) == set()
        assert all(secrets_of(house, one) == 3 for one in sent)

    assert killed_everywhere(house.db, posted_and_tended, restarted) >= 6
