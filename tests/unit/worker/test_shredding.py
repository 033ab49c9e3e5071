"""What is due is destroyed in every silo, whatever happens to the worker; what is held or a pile is not."""

import logging
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.db import Databases
from app.desk import legal_holds
from app.desk.models import Visit
from app.front.models import Submission
from app.identity import persons
from app.identity.models import Contact, Join
from app.ledger.service import LedgerUnavailable, record
from app.vault import withdrawals
from app.vault.door import Vault
from app.vault.errors import SecretMissing, SecretWithdrawn
from app.vault.models import MailboxEntry, Secret
from app.vault.sealing import Context
from app.worker.patient_actions import carry_actions
from app.worker.reconcile import Orphans, find
from app.worker.shredding import shred
from tests.factories.house import House
from tests.factories.mortal import killed_everywhere
from tests.unit.worker.agenda import taken_in
from tests.unit.worker.sending import Sent, leave_action
from tests.unit.worker.shredded import (
    ALL,
    EVERYTHING,
    left_of,
    pass_time,
    said,
    visit_in,
    whole,
    withdraw,
    withdrawn,
)

NO_ORPHAN = Orphans(*(frozenset(),) * 5)


def test_nothing_is_left_in_any_silo(house: House) -> None:
    sent, other = whole(house), whole(house)
    withdraw(house, sent)
    assert left_of(house, sent) == EVERYTHING
    before = left_of(house, other)

    assert shred(house.db, house.vault, house.clock) == 1

    assert left_of(house, sent) == set()
    assert left_of(house, other) == before
    told = said(house, sent, "purpose.destroyed")
    assert {one["purpose"] for one in told} == set(ALL)
    assert {(one["origin"], one["submission"]) for one in told} == {("staff", str(sent.submission))}
    assert said(house, sent, "destruction.begun") == [{"counted": "yes"}]


def test_what_is_not_due_stays(house: House) -> None:
    sent = whole(house)
    withdraw(house, sent, due=house.clock() + timedelta(seconds=1))

    assert shred(house.db, house.vault, house.clock) == 0
    assert left_of(house, sent) == EVERYTHING


def test_a_purpose_alone_leaves_the_others_and_the_line_of_the_agenda(house: House) -> None:
    sent = whole(house)
    with house.db.writing("keys") as session:
        withdrawals.withdraw(session, sent.pseudonym, ["space"], "patient", house.clock(), house.clock())

    shred(house.db, house.vault, house.clock)

    assert left_of(house, sent) == EVERYTHING - {"spaces", "space_secrets", "withdrawals"}
    assert _purposes(house, sent) == {"care", "contact"}
    withdraw(house, sent)
    shred(house.db, house.vault, house.clock)
    assert left_of(house, sent) == set()


def test_killed_anywhere_and_begun_again_the_end_is_the_same(house: House) -> None:
    sents = [whole(house) for _ in range(2)]
    for sent in sents:
        withdraw(house, sent, "patient")
    orphans = []

    def repeat() -> None:
        pass_time(house, hours=2)
        orphans.append(find(house.db, house.clock))

    deaths = killed_everywhere(house.db, lambda db: shred(db, house.vault, house.clock), repeat)

    assert deaths > 16
    assert {one for sent in sents for one in left_of(house, sent)} == set()
    assert set(orphans) == {NO_ORPHAN}
    for sent in sents:
        told = {(one["purpose"], one["submission"]) for one in said(house, sent, "purpose.destroyed")}
        assert told == {(purpose, str(sent.submission)) for purpose in ALL}


def test_who_was_one_person_with_it_stays_alone(house: House) -> None:
    sent, other = whole(house), whole(house)
    with house.db.writing("identity") as session:
        persons.join(session, sent.pseudonym, other.pseudonym, uuid4(), house.clock())
    withdraw(house, sent)

    shred(house.db, house.vault, house.clock)

    with house.db.reading("identity") as session:
        assert session.scalars(select(Join)).all() == []


def test_another_process_can_t_open_from_its_very_next_try_on(house: House) -> None:
    sent = whole(house)
    elsewhere = Databases(house.urls, sealer=house.db.sealer)
    vault, sealed = Vault(house.keystore, elsewhere), _contact(house, sent)
    try:
        _open(house, vault, sent, sealed)
        withdraw(house, sent)
        with pytest.raises(SecretWithdrawn):
            _open(house, vault, sent, sealed)
        shred(house.db, house.vault, house.clock)
        with pytest.raises(SecretMissing):
            _open(house, vault, sent, sealed)
    finally:
        elsewhere.dispose()


def test_nothing_is_destroyed_while_the_ledger_can_t_be_written(house: House) -> None:
    sent = whole(house)
    withdraw(house, sent, "patient")
    mute = Databases(
        {**house.urls, "ledger": f"sqlite:///{house.root}/nowhere/ledger.sqlite"}, sealer=house.db.sealer
    )
    before = left_of(house, sent)

    with pytest.raises(LedgerUnavailable):
        shred(mute, house.vault, house.clock)

    mute.dispose()
    assert left_of(house, sent) == before


def test_a_file_that_can_t_be_destroyed_is_told_and_holds_up_no_other(
    house: House, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, good = whole(house), whole(house)
    withdraw(house, bad, "patient", house.clock() - timedelta(seconds=1))
    withdraw(house, good, "patient")
    part = persons.part

    def refuses(session: Session, pseudonym: UUID) -> None:
        if pseudonym == bad.pseudonym:
            raise ValueError("a row that no code foresaw")
        part(session, pseudonym)

    monkeypatch.setattr(persons, "part", refuses)
    with house.db.writing("identity") as session:
        persons.join(session, bad.pseudonym, uuid4(), uuid4(), house.clock())

    assert shred(house.db, house.vault, house.clock) == 1
    assert left_of(house, good) == set()
    assert "withdrawals" in left_of(house, bad)
    assert [one.levelno for one in caplog.records] == [logging.ERROR]
    monkeypatch.undo()
    assert shred(house.db, house.vault, house.clock) == 1
    assert left_of(house, bad) == set()


def test_a_file_under_a_legal_hold_stays_until_it_is_lifted(house: House) -> None:
    sent = whole(house)
    withdraw(house, sent)
    with house.db.writing("desk") as session:
        legal_holds.place(session, sent.pseudonym, "claim", uuid4(), house.clock())

    assert shred(house.db, house.vault, house.clock) == 0
    assert left_of(house, sent) == EVERYTHING
    with house.db.writing("desk") as session:
        legal_holds.lift(session, sent.pseudonym)
    assert shred(house.db, house.vault, house.clock) == 1


def test_an_act_of_the_patient_that_waits_is_heard_first_but_not_for_ever(house: House) -> None:
    sent = taken_in(house, **visit_in(house, 2))
    leave_action(house, sent, "erase", "booked", cancels=True)
    carry_actions(house.db, house.vault, house.clock)
    pass_time(house, hours=9, minutes=59)
    leave_action(house, sent, "keep", "cancelled")
    pass_time(house, minutes=5)

    assert shred(house.db, house.vault, house.clock) == 0
    carry_actions(house.db, house.vault, house.clock)
    assert withdrawn(house, sent) == {}
    withdraw(house, sent, "patient")
    leave_action(house, sent, "erase", "cancelled")
    pass_time(house, hours=1)
    assert shred(house.db, house.vault, house.clock) == 1


def test_a_clock_set_back_destroys_nothing(house: House) -> None:
    sent = whole(house)
    withdraw(house, sent, due=house.clock() + timedelta(hours=10))
    pass_time(house, days=-30)

    assert shred(house.db, house.vault, house.clock) == 0
    assert left_of(house, sent) == EVERYTHING


def test_a_line_that_a_restored_desk_lacks_is_found_by_the_other_silos(house: House) -> None:
    sent = whole(house)
    with house.db.writing("desk") as session:
        session.delete(session.get_one(Visit, sent.submission))
    withdraw(house, sent)

    assert shred(house.db, house.vault, house.clock) == 1
    assert left_of(house, sent) <= {"slot_cells"}, "reconciling gives those back"


def test_a_submission_and_a_mailbox_row_left_behind_go_with_the_rest(house: House) -> None:
    sent = whole(house)
    with house.db.writing("front") as session:
        session.add(
            Submission(
                id=sent.submission,
                pseudonym=sent.pseudonym,
                sealed_visit=b"-",
                sealed_contact=b"-",
                sealed_care=b"-",
                created_at=house.clock(),
            )
        )
    with house.db.writing("keys") as session:
        session.add(
            MailboxEntry(submission=sent.submission, epoch="2026-W48", sealed=b"-", created_at=house.clock())
        )
    withdraw(house, sent)

    shred(house.db, house.vault, house.clock)

    assert left_of(house, sent) == set()


def _purposes(house: House, sent: Sent) -> set[str]:
    with house.db.reading("keys") as session:
        return set(session.scalars(select(Secret.purpose).where(Secret.pseudonym == sent.pseudonym)))


def _contact(house: House, sent: Sent) -> bytes:
    with house.db.reading("identity") as session:
        return session.get_one(Contact, sent.pseudonym).sealed


def _open(house: House, vault: Vault, sent: Sent, sealed: bytes) -> None:
    about, now = [sent.pseudonym], house.clock()
    receipt = record(house.db, now, "worker", "submission.taken_in", about, ["contact"], submission=sent.submission)
    vault.open_json(sealed, receipt, Context("identity.contact", sent.pseudonym, "contact", sent.submission, 1))
