"""What was never sent is found and cleared; what was sent, or is on its way, is not."""

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID, uuid4

from sqlalchemy import delete

from app.desk.models import Absence, Visit
from app.front import cells
from app.front.models import Draft, Hold, Submission
from app.identity.models import Contact
from app.vault.models import MailboxEntry, SpaceSecret
from app.worker.intake import take_in
from app.worker.reconcile import Orphans, find, reconcile
from tests.factories.house import House
from tests.unit.worker.agenda import book, owners, propose, taken_in
from tests.unit.worker.sending import Sent, submit

NOTHING = Orphans(frozenset(), frozenset(), frozenset(), frozenset(), frozenset())


def _run(house: House, *, dry_run: bool = False, pause: Callable[[], None] = lambda: None) -> Orphans:
    return reconcile(house.db, house.keystore, house.clock, pause, dry_run=dry_run)


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
    with house.db.writing("identity") as session:
        session.execute(delete(Contact).where(Contact.pseudonym == sent.pseudonym))

    assert _run(house).secrets == {sent.pseudonym}
    assert find(house.db, house.clock) == NOTHING


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
