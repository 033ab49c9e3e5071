"""Persons: pseudonyms that a member of staff said to be one, and may take apart again. Never found by a machine."""

from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from app.db import insert_for
from app.identity.models import Join


def others_of(session: Session, pseudonym: UUID) -> set[UUID]:
    """Return the other pseudonyms that are the same person."""
    person = select(Join.person).where(Join.pseudonym == pseudonym).scalar_subquery()
    return set(session.scalars(select(Join.pseudonym).where(Join.person == person))) - {pseudonym}


def join(session: Session, pseudonym: UUID, other: UUID, by: UUID, now: datetime) -> None:
    """Say that two pseudonyms are one person, with whoever each was joined to; again changes nothing."""
    person, merged = (_person_of(session, one, by, now) for one in sorted((pseudonym, other)))
    session.execute(update(Join).where(Join.person == merged).values(person=person))


def part(session: Session, pseudonym: UUID) -> None:
    """Say that a pseudonym is nobody else; who would be left alone by it is no longer joined either."""
    left = others_of(session, pseudonym)
    gone = {pseudonym} if len(left) > 1 else {pseudonym, *left}
    session.execute(delete(Join).where(Join.pseudonym.in_(gone)))


def _person_of(session: Session, pseudonym: UUID, by: UUID, now: datetime) -> UUID:
    """Return the person of a pseudonym, a new one if it had none, and hold it until the transaction ends.

    Of two joinings at once the second waits, and finds the person that the first one made.
    """
    row = {"pseudonym": pseudonym, "person": uuid4(), "by": by, "at": now}
    session.execute(insert_for(session, Join).values(**row).on_conflict_do_nothing())
    return session.scalars(select(Join.person).where(Join.pseudonym == pseudonym).with_for_update()).one()
