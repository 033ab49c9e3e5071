"""What staff decide about a visit. Each is one crossing: ledger, then desk (state and patch), then freed cells.

The desk's commit is the commit point: it holds the new state, compared with the version that was shown, and the
sealed patch that the worker merges into the patient's space.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

from app.booking.closures import apply_absences
from app.clinic.journal import write
from app.clinic.people import SignedIn
from app.clinic.services import ClinicServices
from app.desk import agenda
from app.desk.agenda import Action
from app.desk.errors import NotPossible, VersionConflict
from app.desk.models import Visit
from app.front import cells
from app.vault.errors import SecretMissing
from app.vault.sealing import Context

_SILENT: frozenset[Action] = frozenset({"see"})
"""Actions that change nothing a patient would want to read."""
_FREEING: frozenset[Action] = frozenset({"decline", "cancel"})
_ENDING_PROPOSALS: frozenset[Action] = frozenset(
    {"confirm", "decline", "keep", "answer", "arrive", "miss", "cancel"}
)


def decide(
    services: ClinicServices,
    person: SignedIn,
    visit_id: UUID,
    version: int,
    action: Action,
    message: str | None = None,
) -> Visit:
    """Take an action on the version of a visit that was shown, with a message for the patient or none.

    Raises VisitNotFound, VersionConflict, NotPossible, LedgerUnavailable, SiloUnavailable.
    """
    announce(services, person, visit_id, version, action)
    patch: dict[str, Any] = {"state": agenda.RULES[action].to, "message": message or "", "proposals": []}
    now = services.clock()
    with services.db.writing("desk") as session:
        visit, _former = agenda.change(session, visit_id, version, action, person.viewer)
        withdrawn: tuple[UUID, ...] = ()
        if action in _ENDING_PROPOSALS:
            withdrawn = agenda.forget_proposals(session, visit_id)
        if action not in _SILENT:
            sealed = seal_patch(services, visit.pseudonym, outbox_id := uuid4(), patch)
            if sealed is not None:
                agenda.queue_patch(session, outbox_id, visit.pseudonym, sealed, now)
    _free(services, visit_id if action in _FREEING else None, withdrawn)
    return visit


def announce(services: ClinicServices, person: SignedIn, visit_id: UUID, version: int, action: Action) -> Visit:
    """Check that an action is possible, and write it to the ledger before it happens. Raises as `decide` does."""
    with services.db.reading("desk") as session:
        visit = agenda.get_visit(session, visit_id, person.viewer)
    if visit.version != version:
        raise VersionConflict
    if not agenda.possible(visit, action, person.viewer):
        raise NotPossible
    write(
        services,
        person,
        "visit.changed",
        subjects=[visit.pseudonym],
        visit=visit_id,
        from_state=visit.state,
        to_state=agenda.RULES[action].to,
    )
    return visit


def seal_patch(
    services: ClinicServices, pseudonym: UUID, outbox_id: UUID, patch: Mapping[str, Any]
) -> bytes | None:
    """Seal a JSON merge-patch (RFC 7396) for the patient's space; None once the space's secret is destroyed."""
    context = Context("desk.space_patch", pseudonym, "space", outbox_id, 1)
    try:
        return services.vault.seal_json(context, {"schema": 1, **patch})
    except SecretMissing:
        return None


def _free(services: ClinicServices, visit_id: UUID | None, withdrawn: tuple[UUID, ...]) -> None:
    """Give back the cells that nobody needs now. Proposals also expire by themselves."""
    owners = (*((visit_id,) if visit_id else ()), *withdrawn)
    if not owners:
        return
    with services.db.writing("front") as session:
        for owner in owners:
            cells.free(session, owner)
    apply_absences(services.db, services.clock())
