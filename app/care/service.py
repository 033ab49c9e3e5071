"""Cases, sealed: written once by the intake, found by id."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from app.care.models import Case
from app.db import insert_for


class CaseMissing(Exception):
    """There is no such case."""


def put_case(session: Session, case_id: UUID, pseudonym: UUID, sealed: bytes, now: datetime) -> None:
    """Write a case; the same one twice changes nothing."""
    row = {"id": case_id, "pseudonym": pseudonym, "sealed": sealed, "created_at": now}
    session.execute(insert_for(session, Case).values(**row).on_conflict_do_nothing())


def get_case(session: Session, case_id: UUID) -> Case:
    """Return a case. Raises CaseMissing."""
    found = session.get(Case, case_id)
    if found is None:
        raise CaseMissing
    return found
