"""Contacts of patients, sealed: written once by the intake, found by pseudonym."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.db import insert_for
from app.identity.models import Contact


def put_contact(session: Session, pseudonym: UUID, submission: UUID, sealed: bytes, now: datetime) -> None:
    """Write a patient's contact; the same one twice changes nothing."""
    row = {"pseudonym": pseudonym, "submission": submission, "sealed": sealed, "created_at": now}
    session.execute(insert_for(session, Contact).values(**row).on_conflict_do_nothing())


def get_contacts(session: Session, pseudonyms: Iterable[UUID]) -> Mapping[UUID, Contact]:
    """Return the contacts of these pseudonyms; one that is unknown is left out."""
    wanted = list(set(pseudonyms))
    return {row.pseudonym: row for row in session.scalars(select(Contact).where(Contact.pseudonym.in_(wanted)))}
