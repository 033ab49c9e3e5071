"""Whether a file is destroyed, or being so at this moment, so that a hold comes too late for it.

The clinic's zone can't read the ledger, where the worker says that it begins: what is missing tells it.
"""

from sqlalchemy import select

from app.clinic.services import ClinicServices
from app.desk.models import Visit
from app.vault import withdrawals
from app.vault.models import Secret


def is_being_destroyed(services: ClinicServices, visit: Visit) -> bool:
    """Say whether a visit's line is gone, or a secret that is due; ask once the hold is committed, not before.

    A worker that has begun but removed no secret yet is not seen; what it began, it ends. Raises SiloUnavailable.
    """
    with services.db.reading("keys") as session:
        rows = withdrawals.withdrawals_of(session, visit.pseudonym)
        there = set(session.scalars(select(Secret.purpose).where(Secret.pseudonym == visit.pseudonym)))
    with services.db.reading("desk") as session:
        known = session.get(Visit, visit.id) is not None
    due = {purpose for purpose, row in rows.items() if row.due_at <= services.clock()}
    return not known or not due <= there
