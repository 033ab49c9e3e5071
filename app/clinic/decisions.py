"""What staff decide about a visit. Each is one crossing: ledger, then desk (state and patch), then freed cells.

The desk's commit is the commit point: it holds the new state, compared with the version that was shown, and the
sealed patch that the worker merges into the patient's space.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy.orm import Session

from app.booking.closures import apply_absences
from app.clinic.errors import NobodyToTell
from app.clinic.journal import write
from app.clinic.people import SignedIn
from app.clinic.services import ClinicServices
from app.desk import agenda
from app.desk.agenda import Action
from app.desk.errors import NotPossible, VersionConflict
from app.desk.models import Visit
from app.front import cells
from app.vault import withdrawals
from app.vault.errors import SecretMissing, SecretWithdrawn
from app.vault.receipts import Receipt
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

    Raises VisitNotFound, VersionConflict, NotPossible, NobodyToTell (a message to somebody who erased their file),
    LedgerUnavailable, SiloUnavailable.
    """
    receipt = announce(services, person, visit_id, version, action, words=bool(message))
    patch: dict[str, Any] = {"state": agenda.RULES[action].to, "message": message or "", "proposals": []}
    now = services.clock()
    with services.db.writing("desk") as session:
        visit, _former = agenda.change(session, visit_id, version, action, person.viewer)
        ended: tuple[UUID, ...] = ()
        if action in _ENDING_PROPOSALS:
            ended = agenda.forget_proposals(session, visit_id)
        if action not in _SILENT:
            tell(services, session, receipt, visit.pseudonym, patch, now)
    _free(services, visit_id if action in _FREEING else None, ended)
    return visit


def announce(
    services: ClinicServices, person: SignedIn, visit_id: UUID, version: int, action: Action, *, words: bool
) -> Receipt:
    """Check that an action is possible, and write it to the ledger before it happens.

    The receipt lets the patient's space be told, unless it is not to be. `words` says whether there is something
    that only the patient can read. Raises as `decide` does.
    """
    with services.db.reading("desk") as session:
        visit = agenda.get_visit(session, visit_id, person.viewer)
    if visit.version != version:
        raise VersionConflict
    if not agenda.possible(visit, action, person.viewer):
        raise NotPossible
    if words:
        _check_reads(services, visit.pseudonym)
    return write(
        services,
        person,
        "visit.changed",
        subjects=[visit.pseudonym],
        purposes=[] if action in _SILENT else ["space"],
        visit=visit_id,
        from_state=visit.state,
        to_state=agenda.RULES[action].to,
    )


def tell(
    services: ClinicServices,
    session: Session,
    receipt: Receipt,
    pseudonym: UUID,
    patch: Mapping[str, Any],
    now: datetime,
) -> None:
    """Leave for the worker a JSON merge-patch (RFC 7396), sealed for the patient's space, as `announce` was told.

    Nobody seals for a space that is withdrawn: should it be given back, the worker says how the visit stands then.
    Raises NobodyToTell for what would be lost by that: words, and slots that wait for an answer.
    """
    outbox_id = uuid4()
    context = Context("desk.space_patch", pseudonym, "space", outbox_id, 1)
    try:
        sealed = services.vault.seal_json({"schema": 1, **patch}, receipt, context)
    except SecretMissing as missing:
        if patch.get("message") or patch.get("proposals"):
            raise NobodyToTell from None
        if isinstance(missing, SecretWithdrawn):
            agenda.queue_state(session, outbox_id, pseudonym, now)
    else:
        agenda.queue_patch(session, outbox_id, pseudonym, sealed, now)


def _check_reads(services: ClinicServices, pseudonym: UUID) -> None:
    """Raise NobodyToTell when the patient's file is withdrawn, all of it or the space alone."""
    with services.db.reading("keys") as session:
        if withdrawals.withdrawals_of(session, pseudonym):
            raise NobodyToTell


def _free(services: ClinicServices, visit_id: UUID | None, ended: tuple[UUID, ...]) -> None:
    """Give back the cells that nobody needs now. Proposals also expire by themselves."""
    owners = (*((visit_id,) if visit_id else ()), *ended)
    if not owners:
        return
    with services.db.writing("front") as session:
        for owner in owners:
            cells.free(session, owner)
    apply_absences(services.db, services.clock())
