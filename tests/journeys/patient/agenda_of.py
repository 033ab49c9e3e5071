"""What the front silo says of one journey's time: its hold, and whose cells are taken."""

from uuid import UUID

from sqlalchemy import func, select

from app.booking.holds import current_hold
from app.front.models import Hold, SlotCell
from tests.factories.house import House
from tests.factories.patient import Patient, draft_of


def hold_of(house: House, patient: Patient) -> Hold | None:
    """Return what a patient's journey holds now."""
    with house.db.reading("front") as session:
        return current_hold(session, draft_of(house, patient.token).id, house.clock())


def cells_taken(house: House, owner: UUID | None = None, kind: str | None = None) -> int:
    """Count the cells that somebody has, of an owner or of a kind where named."""
    wanted = select(func.count()).select_from(SlotCell)
    if owner is not None:
        wanted = wanted.where(SlotCell.owner == owner)
    if kind is not None:
        wanted = wanted.where(SlotCell.kind == kind)
    with house.db.reading("front") as session:
        return session.scalar(wanted) or 0
