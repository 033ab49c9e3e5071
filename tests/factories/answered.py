"""What the clinic writes into a patient's space, done as the worker does it but without a worker."""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from app.booking.holds import propose
from app.booking.slots import Slot
from app.front import spaces
from app.front.models import Space
from app.vault.sealing import Context, seal_json
from app.vault.tokens import derive_id
from tests.factories.house import House, clinic_directory
from tests.factories.patient import Parcel


def space_of(house: House, parcel: Parcel) -> tuple[dict[str, Any], int]:
    """Open a patient's space: its document and version."""
    space_id = derive_id(parcel.secrets["space"], "space")
    with house.db.reading("front") as session:
        row = session.get_one(Space, space_id)
    return parcel.opened(row.sealed, "front.space", "space", space_id, row.version), row.version


def write_in_space(house: House, parcel: Parcel, **changes: Any) -> None:
    """Write the next version of a patient's space."""
    document, version = space_of(house, parcel)
    space_id = derive_id(parcel.secrets["space"], "space")
    context = Context("front.space", parcel.pseudonym, "space", space_id, version + 1)
    sealed = seal_json(parcel.secrets["space"], document | changes, context)
    with house.db.writing("front") as session:
        spaces.replace(session, space_id, sealed, version + 1)


def as_proposal(proposal: UUID, slot: Slot, until: datetime) -> dict[str, Any]:
    """Return a slot as the space shows a proposal."""
    directory = clinic_directory()
    return {
        "code": slot.code,
        "starts_at": slot.starts_at.isoformat(),
        "minutes": slot.minutes,
        "site": directory.site(slot.site).model_dump(mode="json", exclude={"id"}),
        "practitioner": directory.practitioner(slot.practitioner).name,
        "room": directory.room(slot.room).name,
        "expires_at": until.isoformat(),
        "slot": {
            "proposal": str(proposal),
            "starts_at": slot.starts_at.isoformat(),
            "minutes": slot.minutes,
            "site": str(slot.site),
            "room": str(slot.room),
            "practitioner": str(slot.practitioner),
        },
    }


def propose_slot(house: House, parcel: Parcel, slot: Slot, until: datetime, message: str | None = None) -> None:
    """Keep a slot for a patient, and offer it in their space."""
    proposal = uuid4()
    with house.db.writing("front") as session:
        propose(session, proposal, slot, house.clock(), until)
    offered = [as_proposal(proposal, slot, until)]
    write_in_space(house, parcel, state="proposed", proposals=offered, message=message)
