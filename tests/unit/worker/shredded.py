"""What a test of destruction asks: what is withdrawn of a sending, and which silos still hold something of it."""

import shutil
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import select

from app.care.models import Case
from app.db import Silo
from app.desk.models import DeskOutbox, Visit, VisitPool
from app.front.models import FrontOutbox, SlotCell, Space, Submission
from app.identity.models import Contact
from app.ledger.opening import EventKeys
from app.ledger.service import events_for
from app.vault import withdrawals
from app.vault.models import BlindIndex, MailboxEntry, Secret, SpaceSecret, Withdrawal
from app.vault.withdrawals import Origin
from app.worker.intake import take_in
from tests.factories.house import House
from tests.unit.worker.agenda import book, leave_patch
from tests.unit.worker.reached import submit_reached
from tests.unit.worker.sending import Sent

ALL = ("care", "contact", "space")
EVERYTHING = {
    "spaces",
    "slot_cells",
    "contacts",
    "cases",
    "visits",
    "visit_pool",
    "outbox",
    "secrets",
    "space_secrets",
    "blind_indexes",
    "withdrawals",
}
"""The tables in which `whole` leaves something, and a withdrawal."""


def withdrawn(house: House, sent: Sent) -> dict[str, Withdrawal]:
    """Return the withdrawals of a sending's pseudonym."""
    with house.db.reading("keys") as session:
        return dict(withdrawals.withdrawals_of(session, sent.pseudonym))


def withdraw(
    house: House, sent: Sent, origin: Origin = "staff", due: datetime | None = None, asked: datetime | None = None
) -> None:
    """Withdraw everything of a sending, due now unless told."""
    now = house.clock()
    with house.db.writing("keys") as session:
        withdrawals.withdraw(session, sent.pseudonym, ALL, origin, asked or now, due or now)


def words_of(house: House, sent: Sent) -> None:
    """Keep the space's secret, sealed to words, as a sending does."""
    with house.db.writing("keys") as session:
        row = SpaceSecret(
            locator=sent.submission.bytes * 2, submission=sent.submission, sealed=b"-", created_at=house.clock()
        )
        session.add(row)


def left_of(house: House, sent: Sent) -> set[str]:
    """Return the tables that hold something of a sending, in any silo but the ledger."""
    about: tuple[tuple[Silo, Any, UUID], ...] = (
        ("front", Space.id, sent.space_id),
        ("front", Submission.pseudonym, sent.pseudonym),
        ("front", FrontOutbox.pseudonym, sent.pseudonym),
        ("front", SlotCell.owner, sent.submission),
        ("identity", Contact.pseudonym, sent.pseudonym),
        ("care", Case.pseudonym, sent.pseudonym),
        ("desk", Visit.pseudonym, sent.pseudonym),
        ("desk", VisitPool.visit_id, sent.submission),
        ("desk", DeskOutbox.pseudonym, sent.pseudonym),
        ("keys", Secret.pseudonym, sent.pseudonym),
        ("keys", BlindIndex.pseudonym, sent.pseudonym),
        ("keys", MailboxEntry.submission, sent.submission),
        ("keys", SpaceSecret.submission, sent.submission),
        ("keys", Withdrawal.pseudonym, sent.pseudonym),
    )
    found = set()
    for silo, column, value in about:
        with house.db.reading(silo) as session:
            if session.execute(select(column).where(column == value).limit(1)).first() is not None:
                found.add(column.class_.__tablename__)
    return found


def said(house: House, sent: Sent, name: str) -> list[dict[str, Any]]:
    """Return the fields of each event of a name about a sending's pseudonym."""
    events = events_for(house.db, sent.pseudonym, EventKeys(house.db, house.keystore))
    return [one.content.fields for one in events if one.name == name and one.content is not None]


def pass_time(house: House, **duration: float) -> None:
    """Let so much time pass, and have the keys of the new day, week and month made, as the worker does first."""
    house.clock.forward(**duration)
    house.keystore.ensure_epoch(house.clock())


def visit_in(house: House, days: float) -> dict[str, str]:
    """Return what makes a sending's visit be in so many days."""
    return {"starts_at": (house.clock() + timedelta(days=days)).isoformat()}


def copy_silo(house: House, silo: Silo) -> None:
    """Keep a copy of a silo as it is now."""
    house.db.engine(silo).dispose()
    for suffix in ("", "-wal", "-shm"):
        file = house.root / f"{silo}.sqlite{suffix}"
        if file.exists():
            shutil.copy(file, house.root / f"{silo}.copy{suffix}")


def restore_silo(house: House, silo: Silo) -> None:
    """Put a silo's copy in its place."""
    house.db.engine(silo).dispose()
    for suffix in ("", "-wal", "-shm"):
        (house.root / f"{silo}.sqlite{suffix}").unlink(missing_ok=True)
        copy = house.root / f"{silo}.copy{suffix}"
        if copy.exists():
            shutil.copy(copy, house.root / f"{silo}.sqlite{suffix}")


def whole(house: House) -> Sent:
    """Take in a sending that leaves something in every table."""
    contact = {"email": f"{uuid4().hex}@exemple.fr"}
    sent = submit_reached(house, contact, **visit_in(house, 9))
    take_in(house.db, house.vault, house.clock)
    words_of(house, sent)
    book(house, sent)
    leave_patch(house, sent, state="booked")
    return sent
