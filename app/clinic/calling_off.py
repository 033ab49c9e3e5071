"""Calling off a visit to come whose file is erased: an administrator's, who sees no list and no name."""

from typing import Any

from app.clinic.decisions import tell
from app.clinic.journal import write
from app.clinic.people import SignedIn
from app.clinic.services import ClinicServices
from app.desk import agenda
from app.desk.errors import VersionConflict
from app.desk.models import Visit
from app.front import cells

_PATCH: dict[str, Any] = {"state": "cancelled", "message": "", "proposals": []}


def call_off(services: ClinicServices, person: SignedIn, seen: Visit) -> None:
    """Cancel a live visit as it was seen: ledger, then desk (state and patch), then its cells and offered slots.

    Raises VersionConflict, LedgerUnavailable, SiloUnavailable.
    """
    states: dict[str, Any] = {"from_state": seen.state, "to_state": "cancelled"}
    receipt = write(services, person, "visit.changed", [seen.pseudonym], ["space"], visit=seen.id, **states)
    with services.db.writing("desk") as session:
        visit = session.get_one(Visit, seen.id, with_for_update=True)
        if visit.version != seen.version:
            raise VersionConflict
        visit.state, visit.version = "cancelled", seen.version + 1
        offered = agenda.forget_proposals(session, seen.id)
        tell(services, session, receipt, seen.pseudonym, _PATCH, services.clock())
    with services.db.writing("front") as session:
        for owner in (seen.id, *offered):
            cells.free(session, owner)
