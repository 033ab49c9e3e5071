"""Offering a patient another slot: it is kept in the front silo, then the desk and the patient's space say so."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy.orm import Session

from app.booking.holds import propose as keep_slot
from app.booking.slots import Slot, SlotFilter, SlotPage, find_slots, slot_by_code
from app.clinic.decisions import announce, tell
from app.clinic.errors import SlotGone
from app.clinic.people import SignedIn
from app.clinic.services import ClinicServices
from app.desk import agenda
from app.desk.models import Proposal, Visit
from app.front.cells import SlotTaken
from app.front.directory import Directory
from app.front.published_directory import current_directory
from app.vault.receipts import Receipt

KEPT_FOR = timedelta(hours=72)
NOTICE_HOURS = 1
"""Staff may offer a slot nearer than patients may choose alone."""
A_PAGE = 24


@dataclass(frozen=True, slots=True)
class Offered:
    """Slots that may be proposed for a visit, with the directory that names them."""

    page: SlotPage
    directory: Directory


@dataclass(frozen=True, slots=True)
class Wish:
    """What narrows the slots shown: a practitioner, a site, a first day."""

    practitioner: UUID | None
    site: UUID | None
    from_day: date


def offered(services: ClinicServices, person: SignedIn, visit_id: UUID, wish: Wish) -> Offered:
    """Return free slots of those who may take a visit. Raises VisitNotFound, NoDirectory, SiloUnavailable."""
    with services.db.reading("desk") as session:
        visit = agenda.get_visit(session, visit_id, person.viewer)
        able = _able(session, visit)
    wishes = SlotFilter(
        wish.site, wish.practitioner, "any", frozenset(), "any", step_free=False, from_day=wish.from_day
    )
    with services.db.reading("front") as session:
        directory = _narrowed(current_directory(session), able)
        wanted = _as_bookable(visit, directory)
        page = find_slots(session, directory, wanted, wishes, services.clock(), A_PAGE, notice_hours=NOTICE_HOURS)
    return Offered(page, directory)


def propose(
    services: ClinicServices, person: SignedIn, visit_id: UUID, version: int, code: str, message: str
) -> Visit:
    """Offer a slot for a visit and keep it three days: ledger → front (cells) → desk (state, proposal, patch).

    What stops between leaves cells that expire by themselves. Raises SlotGone, and as `decisions.decide` does.
    """
    now, proposal_id = services.clock(), uuid4()
    with services.db.reading("desk") as session:
        visit = agenda.get_visit(session, visit_id, person.viewer)
        able = _able(session, visit)
    with services.db.reading("front") as session:
        directory = _narrowed(current_directory(session), able)
        wanted = _as_bookable(visit, directory)
        slot = slot_by_code(session, directory, wanted, code, now, notice_hours=NOTICE_HOURS)
    if slot is None:
        raise SlotGone
    receipt = announce(services, person, visit_id, version, "propose", words=True)
    until = min(now + KEPT_FOR, slot.starts_at)
    try:
        with services.db.writing("front") as session:
            keep_slot(session, proposal_id, slot, now, until)
    except SlotTaken as error:
        raise SlotGone from error
    with services.db.writing("desk") as session:
        changed, _former = agenda.change(session, visit_id, version, "propose", person.viewer)
        session.add(_row(proposal_id, visit_id, slot, until))
        session.flush()
        kept = [one for one in agenda.proposals_of(session, visit_id) if one.expires_at > now]
        _queue(services, receipt, session, changed, kept, directory, message, now)
    return changed


def _queue(
    services: ClinicServices,
    receipt: Receipt,
    session: Session,
    visit: Visit,
    kept: Sequence[Proposal],
    directory: Directory,
    message: str,
    now: datetime,
) -> None:
    """Leave for the worker what the space must show: every slot still kept, and the message."""
    patch = {
        "state": "proposed",
        "message": message,
        "proposals": [shown_in_space(one, visit, directory) for one in kept],
    }
    tell(services, session, receipt, visit.pseudonym, patch, now)


def _row(proposal_id: UUID, visit_id: UUID, slot: Slot, until: datetime) -> Proposal:
    return Proposal(
        id=proposal_id,
        visit_id=visit_id,
        starts_at=slot.starts_at,
        site_id=slot.site,
        room_id=slot.room,
        practitioner_id=slot.practitioner,
        expires_at=until,
    )


def shown_in_space(proposal: Proposal, visit: Visit, directory: Directory) -> dict[str, Any]:
    """Return a proposal as the space shows it; `slot` is what the worker writes on the visit once accepted."""
    slot = Slot(
        proposal.starts_at,
        visit.minutes,
        visit.buffer_minutes,
        proposal.practitioner_id,
        proposal.room_id,
        proposal.site_id,
    )
    return {
        "code": slot.code,
        "starts_at": slot.starts_at.isoformat(),
        "minutes": slot.minutes,
        "site": directory.site(slot.site).model_dump(mode="json", exclude={"id"}),
        "practitioner": directory.practitioner(slot.practitioner).name,
        "room": directory.room(slot.room).name,
        "expires_at": proposal.expires_at.isoformat(),
        "slot": {
            "proposal": str(proposal.id),
            "starts_at": slot.starts_at.isoformat(),
            "minutes": slot.minutes,
            "site": str(slot.site),
            "room": str(slot.room),
            "practitioner": str(slot.practitioner),
        },
    }


def _able(session: Session, visit: Visit) -> frozenset[UUID]:
    """Return who may take a visit: its pool, or its practitioner when no pool was sent."""
    pool = agenda.pool_of(session, visit.id)
    return frozenset(pool or ([visit.practitioner_id] if visit.practitioner_id else []))


def _narrowed(directory: Directory, able: frozenset[UUID]) -> Directory:
    people = tuple(one for one in directory.practitioners if one.id in able)
    return directory.model_copy(update={"practitioners": people})


@dataclass(frozen=True, slots=True)
class _VisitToPlace:
    """What the search for slots needs of a visit: how long, and by whom; staff need not know what for."""

    minutes: int
    buffer_minutes: int
    practitioner_kinds: tuple[str, ...]


def _as_bookable(visit: Visit, directory: Directory) -> _VisitToPlace:
    kinds = tuple(sorted({kind for one in directory.practitioners for kind in one.kinds}))
    return _VisitToPlace(visit.minutes, visit.buffer_minutes, kinds)
