"""A sending whose patient left a contact, and what the keys silo makes of it."""

from typing import Any
from uuid import UUID

from sqlalchemy import select

from app.front.models import Submission
from app.vault.models import BlindIndex
from tests.factories.house import House
from tests.unit.worker.sending import Sent, submit

PHONE = "+33 6 39 98 00 12".replace(" ", "")


def submit_reached(house: House, contact: dict[str, Any], **visit: Any) -> Sent:
    """Write what a sending writes, with a way to reach the patient."""
    sent = submit(house, Sent(), **visit)
    document = {"schema": 1, "call_name": "Lou", "phone": None, "email": None} | contact
    with house.db.writing("front") as session:
        row = session.get_one(Submission, sent.submission)
        row.sealed_contact = sent.seal("identity.contact", "contact", document, sent.submission)
    return sent


def indexed(house: House) -> set[tuple[UUID, str, str]]:
    """Return pseudonym, field and epoch of every row of the blind indexes."""
    with house.db.reading("keys") as session:
        return {(row.pseudonym, row.field, row.epoch) for row in session.scalars(select(BlindIndex))}
