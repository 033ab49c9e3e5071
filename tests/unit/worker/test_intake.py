"""The intake: everything a sending left arrives once, whatever kills the worker, and a bad one blocks nobody."""

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.care.models import Case
from app.db import Databases, Silo, SiloUnavailable
from app.desk.models import Visit, VisitPool
from app.front.models import Submission
from app.identity.models import Contact
from app.ledger.models import Event
from app.vault.door import Vault
from app.vault.keystore import Keystore
from app.vault.models import MailboxEntry, Secret
from app.vault.sealing import Context, unseal_json
from app.worker.drain import Setbacks
from app.worker.intake import take_in
from tests.factories.house import House
from tests.factories.mortal import killed_everywhere
from tests.unit.worker.sending import Sent, submit


def test_a_submission_is_carried_into_every_silo_and_leaves_the_front(house: House) -> None:
    sent = submit(house, Sent())

    assert take_in(house.db, house.vault, house.clock) == 1

    assert _arrived(house, sent)
    assert _count(house, "front", Submission) == 0
    assert _count(house, "keys", MailboxEntry) == 0
    told = sorted(entry.name for entry in house.events_for(sent.pseudonym))  # at one time: in no order
    assert told == ["submission.kept", "submission.taken_in"]


def test_the_ciphertexts_are_moved_unchanged_and_open_with_the_secrets_kept(house: House) -> None:
    sent = submit(house, Sent())
    take_in(house.db, house.vault, house.clock)

    with house.db.reading("care") as session:
        case = session.get_one(Case, sent.submission)
    with house.db.reading("keys") as session:
        secret = house.keystore.get(session, sent.pseudonym, "care")
    context = Context("care.answers", sent.pseudonym, "care", sent.submission, 1)
    assert unseal_json(secret, case.sealed, context) == {"schema": 1, "age": 30}


def test_taking_in_nothing_does_nothing(house: House) -> None:
    assert take_in(house.db, house.vault, house.clock) == 0
    assert _count(house, "ledger", Event) == 0


def test_a_worker_killed_around_any_commit_loses_and_doubles_nothing(house: House) -> None:
    everybody: list[Sent] = []

    def sent_and_taken_in(dying: Databases) -> None:
        everybody.extend(submit(house, Sent()) for _ in range(2))
        take_in(dying, Vault(house.keystore, dying), house.clock)

    def restarted() -> None:
        take_in(house.db, house.vault, house.clock)
        assert all(_arrived(house, sent) for sent in everybody)
        assert _count(house, "front", Submission) == 0

    deaths = killed_everywhere(house.db, sent_and_taken_in, restarted)

    assert deaths == 2 * 16  # before and after each of two submissions' eight commits
    for silo, model in (("identity", Contact), ("care", Case), ("desk", Visit)):
        assert _count(house, silo, model) == len(everybody)  # type: ignore[arg-type]
    assert _count(house, "keys", Secret) == 3 * len(everybody)


BAD_MAILBOX: dict[str, dict[str, Any]] = {
    "of another pseudonym": {"pseudonym": str(UUID(int=7))},
    "without a secret": {"secrets": {"contact": base64.b64encode(bytes(32)).decode()}},
    "with a word for a secret": {"secrets": {"contact": "é", "care": "é", "space": "é"}},
    "with numbers for secrets": {"secrets": {"contact": 1, "care": 2, "space": 3}},
    "with a short secret": {"secrets": {"contact": "AA==", "care": "AA==", "space": "AA=="}},
    "without secrets": {"secrets": None},
}


@pytest.mark.parametrize("changes", BAD_MAILBOX.values(), ids=BAD_MAILBOX.keys())
def test_a_mailbox_entry_that_is_not_ours_is_left_and_blocks_nobody(house: House, changes: dict[str, Any]) -> None:
    bad = Sent()
    submit(house, bad, mailbox=bad.mailbox(**changes))
    house.clock.forward(seconds=1)
    good = submit(house, Sent())

    assert take_in(house.db, house.vault, house.clock) == 1

    assert _arrived(house, good)
    assert not _arrived(house, bad)
    assert _count(house, "front", Submission) == 1


BAD_VISITS: dict[str, dict[str, Any]] = {
    "another schema": {"schema": 2},
    "an unknown kind": {"kind": "party"},
    "an unknown state": {"state": "seen"},
    "a naive time": {"starts_at": "2026-11-25T09:00:00"},
    "endless minutes": {"minutes": 10**9},
    "a pool that is no list of ids": {"pool": ["me"]},
    "one field more": {"name": "Lou"},
}


@pytest.mark.parametrize("changes", BAD_VISITS.values(), ids=BAD_VISITS.keys())
def test_a_visit_that_is_not_ours_goes_nowhere(house: House, changes: dict[str, Any]) -> None:
    bad = submit(house, Sent(), **changes)

    assert take_in(house.db, house.vault, house.clock) == 0

    assert not _arrived(house, bad)
    assert _count(house, "identity", Contact) == 0


def test_a_submission_can_not_replace_the_secrets_of_another(house: House) -> None:
    victim = submit(house, Sent())
    take_in(house.db, house.vault, house.clock)
    thief = Sent(pseudonym=victim.pseudonym)
    submit(house, thief)

    assert take_in(house.db, house.vault, house.clock) == 0

    with house.db.reading("keys") as session:
        kept = {purpose: house.keystore.get(session, victim.pseudonym, purpose) for purpose in victim.secrets}
    assert kept == victim.secrets


def test_a_bad_submission_is_tried_again_later_and_later(house: House, caplog: pytest.LogCaptureFixture) -> None:
    bad = Sent()
    submit(house, bad, mailbox=bad.mailbox(secrets=None))
    setbacks = Setbacks()

    def tries() -> int:
        caplog.clear()
        take_in(house.db, house.vault, house.clock, setbacks)
        return len(caplog.records)

    assert [tries(), tries()] == [1, 0]
    house.clock.forward(seconds=3)
    assert [tries(), tries()] == [1, 0]
    house.clock.forward(seconds=3)
    assert tries() == 0  # the second pause is longer
    house.clock.forward(hours=2)
    assert tries() == 1
    assert len(setbacks) == 1
    assert {"event_id", "count"} <= vars(caplog.records[0]).keys()


def test_a_stopped_silo_ends_the_round_and_nothing_is_lost(house: House) -> None:
    sent = submit(house, Sent())
    stopped = _Stopped(house.db, "care")

    with pytest.raises(SiloUnavailable):
        take_in(stopped, house.vault, house.clock)

    assert _count(house, "front", Submission) == 1
    assert take_in(house.db, house.vault, house.clock) == 1
    assert _arrived(house, sent)


def test_an_intake_key_of_last_week_still_opens_what_came_then(house: House) -> None:
    sent = submit(house, Sent())
    house.clock.forward(days=8)
    house.keystore.ensure_epoch(house.clock())

    assert take_in(house.db, house.vault, house.clock) == 1
    assert _arrived(house, sent)


class _Stopped(Databases):
    """Silos of which one is down."""

    def __init__(self, living: Databases, down: Silo) -> None:
        vars(self).update(vars(living))  # the same engines
        self._down = down

    @contextmanager
    def writing(self, silo: Silo) -> Iterator[Session]:
        """Write as the living do, except where it is down."""
        if silo == self._down:
            raise SiloUnavailable(silo)
        with super().writing(silo) as session:
            yield session


def _arrived(house: House, sent: Sent) -> bool:
    """Say whether a sending is whole in every silo."""
    with house.db.reading("identity") as session:
        contact = session.get(Contact, sent.pseudonym)
    with house.db.reading("care") as session:
        case = session.get(Case, sent.submission)
    with house.db.reading("desk") as session:
        visit = session.get(Visit, sent.submission)
        pool = session.scalars(select(VisitPool).where(VisitPool.visit_id == sent.submission)).all()
    kept = _secrets(house.db, house.keystore, sent) == sent.secrets
    return bool(
        contact and case and visit and len(pool) == 2 and visit.practitioner_id == sent.practitioner and kept
    )


def _secrets(db: Databases, keystore: Keystore, sent: Sent) -> dict[str, bytes]:
    with db.reading("keys") as session:
        purposes = session.scalars(select(Secret.purpose).where(Secret.pseudonym == sent.pseudonym)).all()
        return {purpose: keystore.get(session, sent.pseudonym, purpose) for purpose in purposes}


def _count(house: House, silo: Silo, model: type[Any]) -> int:
    with house.db.reading(silo) as session:
        return session.scalar(select(func.count()).select_from(model)) or 0
