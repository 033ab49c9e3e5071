"""What staff and the agenda have, for a test of the worker: a visit taken in, patches, proposals, cells."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import select

from app.desk import agenda
from app.desk.models import Proposal, Visit
from app.front import cells
from app.front.models import SlotCell
from app.vault.sealing import Context, seal_json
from app.worker.intake import take_in
from tests.factories.house import House
from tests.unit.worker.sending import Sent, submit

LATER = datetime.fromisoformat("2026-11-26T10:00:00+00:00")


def taken_in(house: House, **visit: Any) -> Sent:
    """Send, and take in."""
    sent = submit(house, Sent(), **visit)
    take_in(house.db, house.vault, house.clock)
    return sent


def visit_of(house: House, sent: Sent) -> Visit:
    """Return the agenda's line of a sending."""
    with house.db.reading("desk") as session:
        return session.get_one(Visit, sent.submission)


def leave_patch(house: House, sent: Sent, **patch: Any) -> UUID:
    """Leave for the worker what a staff decision changes in the space."""
    patch_id = uuid4()
    context = Context("desk.space_patch", sent.pseudonym, "space", patch_id, 1)
    sealed = seal_json(sent.secrets["space"], {"schema": 1, **patch}, context)
    with house.db.writing("desk") as session:
        agenda.queue_patch(session, patch_id, sent.pseudonym, sealed, house.clock())
    return patch_id


def staff_change(house: House, sent: Sent, state: str) -> None:
    """Change a visit as staff do."""
    with house.db.writing("desk") as session:
        visit = session.get_one(Visit, sent.submission)
        visit.state, visit.version = state, visit.version + 1


def propose(house: House, sent: Sent) -> dict[str, Any]:
    """Keep a slot for a visit as staff do, and return it as the space shows it."""
    proposal = Proposal(
        id=uuid4(),
        visit_id=sent.submission,
        starts_at=LATER,
        site_id=uuid4(),
        room_id=uuid4(),
        practitioner_id=uuid4(),
        expires_at=house.clock() + timedelta(days=3),
    )
    with house.db.writing("front") as session:
        resources = (proposal.practitioner_id, proposal.room_id)
        ends, now = proposal.expires_at, house.clock()
        cells.take(session, resources, cells.cell_of(LATER), 6, proposal.id, "proposal", ends, now=now)
    slot = {
        "starts_at": LATER.isoformat(),
        "minutes": 30,
        "site": str(proposal.site_id),
        "room": str(proposal.room_id),
        "practitioner": str(proposal.practitioner_id),
    }
    with house.db.writing("desk") as session:
        session.add(proposal)
    return slot


def book(house: House, sent: Sent) -> None:
    """Take cells for a visit."""
    with house.db.writing("front") as session:
        cells.take(
            session, (sent.practitioner,), 5_000_000, 6, sent.submission, "appointment", None, now=house.clock()
        )


def owners(house: House) -> set[UUID]:
    """Return whoever has a cell."""
    with house.db.reading("front") as session:
        return set(session.scalars(select(SlotCell.owner)))
