"""What was never sent is found and cleared; what was sent, or is on its way, is not."""

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from app.care.models import Case
from app.db import Databases, Silo
from app.desk.models import Absence, Visit
from app.front import cells
from app.front.models import Draft, Hold, Submission
from app.identity.models import Contact
from app.vault.models import MailboxEntry, Secret, SpaceSecret
from app.worker.intake import take_in
from app.worker.reconcile import FEW, Orphans, TooManyOrphans, find, reconcile
from tests.factories.house import House
from tests.unit.worker.agenda import book, owners, propose, taken_in
from tests.unit.worker.sending import Sent, submit

NOTHING = Orphans(frozenset(), frozenset(), frozenset(), frozenset(), frozenset())


KNOWING: tuple[Silo, ...] = ("identity", "care", "desk")
"""The silos that know of a submission once it is taken in."""


def _run(
    house: House, *, dry_run: bool = False, pause: Callable[[], None] = lambda: None, really: Collection[int] = ()
) -> Orphans:
    return reconcile(house.db, house.keystore, house.clock, pause, dry_run=dry_run, really=really)


def test_a_house_in_order_has_no_orphan(house: House) -> None:
    waiting, sent = submit(house, Sent()), taken_in(house)
    for one in (waiting, sent):
        book(house, one)
        _words_of(house, one)
    propose(house, sent)
    _absence(house)
    _hold(house, with_draft=True)
    house.clock.forward(hours=2)

    assert find(house.db, house.clock) == NOTHING


def test_secrets_of_a_sending_that_never_came_go_after_an_hour(house: House) -> None:
    sent = _never_sent(house)
    assert find(house.db, house.clock) == NOTHING
    house.clock.forward(hours=1, seconds=1)

    found = _run(house)

    assert found.mailbox == found.space_secrets == {sent.submission}
    assert find(house.db, house.clock) == NOTHING


def test_a_dry_run_changes_nothing(house: House) -> None:
    _never_sent(house)
    house.clock.forward(hours=2)

    first = _run(house, dry_run=True)

    assert first.counts() == {"mailbox": 1, "space_secrets": 1, "holds": 0, "cells": 0, "secrets": 0}
    assert _run(house, dry_run=True) == first


def test_a_mailbox_entry_written_again_after_the_intake_goes(house: House) -> None:
    sent = taken_in(house)
    with house.db.writing("keys") as session:
        session.add(
            MailboxEntry(submission=sent.submission, epoch="2026-W48", sealed=b"", created_at=house.clock())
        )
    house.clock.forward(hours=2)

    assert _run(house).mailbox == {sent.submission}
    assert find(house.db, house.clock) == NOTHING


def test_holds_without_a_draft_and_cells_without_an_owner_go(house: House) -> None:
    hold, lost = _hold(house, with_draft=False), Sent()
    book(house, lost)

    found = _run(house)

    assert found.holds == {hold}
    assert found.cells == {lost.submission}
    assert owners(house) == set()
    assert find(house.db, house.clock) == NOTHING


def test_secrets_of_nobody_go(house: House) -> None:
    sent = taken_in(house)
    for silo in KNOWING:
        _forget(house, silo, sent)

    assert _run(house).secrets == {sent.pseudonym}
    assert find(house.db, house.clock) == NOTHING


@pytest.mark.parametrize("remembers", KNOWING)
def test_what_one_silo_remembers_is_left_alone_whatever_the_others_forgot(house: House, remembers: Silo) -> None:
    """As after a restoration of silos from unlike moments."""
    sent = taken_in(house)
    book(house, sent)
    _words_of(house, sent)
    for silo in KNOWING:
        if silo != remembers:
            _forget(house, silo, sent)
    house.clock.forward(hours=2)

    assert _run(house) == NOTHING


def test_a_submission_that_waits_keeps_its_secrets(house: House) -> None:
    sent = submit(house, Sent())
    with house.db.writing("keys") as session:
        house.keystore.put(session, sent.pseudonym, "care", sent.secrets["care"], house.clock())

    assert _run(house) == NOTHING


def test_an_appointment_keeps_its_words_and_they_keep_it(house: House) -> None:
    """Every clinic silo was restored to before the sending: the patient still has a space and a time."""
    sent = Sent()
    book(house, sent)
    _words_of(house, sent)
    house.clock.forward(hours=2)

    assert _run(house) == NOTHING


def test_the_mailbox_is_kept_when_it_has_the_only_copy_of_secrets(house: House) -> None:
    """The keys silo was restored to before the intake: what was carried in opens by this entry alone."""
    sent = taken_in(house)
    with house.db.writing("keys") as session:
        session.execute(delete(Secret))
        row = MailboxEntry(submission=sent.submission, epoch="2026-W48", sealed=b"", created_at=house.clock())
        session.add(row)
    house.clock.forward(hours=2)

    assert _run(house) == NOTHING


def test_more_than_a_few_go_only_by_their_number(house: House) -> None:
    lost = [Sent() for _ in range(FEW + 1)]
    for number, one in enumerate(lost):
        with house.db.writing("front") as session:
            cells.take(session, (uuid4(),), number, 1, one.submission, "appointment", None, now=house.clock())
    _never_sent(house)
    house.clock.forward(hours=2)
    before = find(house.db, house.clock)

    for said in ((), (FEW,), (FEW + 2,)):
        with pytest.raises(TooManyOrphans, match=f"{FEW + 1} cells: nothing was cleared"):
            _run(house, really=said)
    assert find(house.db, house.clock) == before
    assert _run(house, dry_run=True) == before

    assert len(_run(house, really=(FEW + 1,)).cells) == FEW + 1
    assert find(house.db, house.clock) == NOTHING


def test_what_a_repeated_sending_wrote_again_after_the_looks_stays(house: House) -> None:
    sent = _never_sent(house)
    house.clock.forward(hours=2)

    def sends_again() -> None:
        with house.db.writing("keys") as session:
            session.execute(update(MailboxEntry).values(created_at=house.clock()))
            session.execute(update(SpaceSecret).values(created_at=house.clock()))

    db = _Interrupted(house.db, sends_again)
    assert reconcile(db, house.keystore, house.clock, lambda: None, dry_run=False).mailbox == {sent.submission}
    with house.db.reading("keys") as session:
        assert len(session.scalars(select(MailboxEntry)).all()) == 1
        assert len(session.scalars(select(SpaceSecret)).all()) == 1


def test_what_is_being_written_between_the_two_looks_is_left_alone(house: House) -> None:
    sent = Sent()
    book(house, sent)

    def its_owner_comes() -> None:
        submit(house, sent)
        take_in(house.db, house.vault, house.clock)

    assert _run(house, pause=its_owner_comes) == NOTHING
    assert owners(house) == {sent.submission}
    with house.db.reading("desk") as session:
        assert session.get(Visit, sent.submission)


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


def _forget(house: House, silo: Silo, sent: Sent) -> None:
    model: Any = {"identity": Contact, "care": Case, "desk": Visit}[silo]
    with house.db.writing(silo) as session:
        session.execute(delete(model).where(model.pseudonym == sent.pseudonym))


def _never_sent(house: House) -> Sent:
    """Leave what a sending leaves when it dies before its last commit."""
    sent = submit(house, Sent())
    _words_of(house, sent)
    with house.db.writing("front") as session:
        session.execute(delete(Submission))
    return sent


def _words_of(house: House, sent: Sent) -> None:
    with house.db.writing("keys") as session:
        row = SpaceSecret(
            locator=uuid4().bytes * 2, submission=sent.submission, sealed=b"", created_at=house.clock()
        )
        session.add(row)


def _absence(house: House) -> None:
    now, absence = house.clock(), uuid4()
    with house.db.writing("desk") as session:
        session.add(Absence(id=absence, resource=uuid4(), starts_at=now, ends_at=now + timedelta(hours=4)))
    with house.db.writing("front") as session:
        cells.take(session, (uuid4(),), 7_000_000, 2, absence, "absence", None, now=now)


def _hold(house: House, *, with_draft: bool) -> UUID:
    now, draft, ends = house.clock(), uuid4(), house.clock() + timedelta(days=1)
    with house.db.writing("front") as session:
        if with_draft:
            session.add(Draft(id=draft, sealed=b"", version=1, expires_at=ends))
        practitioner, room = uuid4(), uuid4()
        cells.take(session, (practitioner, room), 6_000_000, 2, draft, "hold", ends, now=now)
        places = {"practitioner": practitioner, "room": room}
        whole = {"starts_at": now, "cells": 2, "day": "2026-11-23", "expires_at": ends, "extensions": 0}
        session.add(Hold(id=draft, draft=draft, **places, **whole))
    return draft
