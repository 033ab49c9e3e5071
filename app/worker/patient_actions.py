"""What a patient did in their space (cancel, ask to move, accept a slot), carried to the agenda.

The order is ledger → desk → front. The patient zone has already changed the space and the cells; here the agenda
follows, staff's own change of the same moment is settled, cells that nobody needs any more are given back, and the
act's row is removed last.
"""

from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any, Literal
from uuid import UUID, uuid4, uuid5

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.clock import Clock
from app.db import Databases
from app.desk import agenda
from app.desk.models import Visit
from app.front import cells
from app.front.models import FrontOutbox
from app.ledger.service import record
from app.vault.door import Vault
from app.vault.errors import SecretMissing
from app.vault.sealing import Context
from app.worker.drain import NotYet, Setbacks, drain
from app.worker.space_patches import space_id_of

_TO = {"cancel": "cancelled", "move": "move_asked", "accept": "booked"}
_CALLED_OFF = frozenset({"cancelled", "declined"})
_OVER = _CALLED_OFF | {"arrived", "seen", "absent"}


class Slot(BaseModel):
    """The slot a patient accepted, by ids of the directory."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    starts_at: AwareDatetime
    minutes: Annotated[int, Field(gt=0, le=1440)]
    site: UUID
    room: UUID
    practitioner: UUID


class Action(BaseModel):
    """The sealed document `front.space_action`, schema 1. `from` is the state the patient saw."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    schema_number: Literal[1] = Field(alias="schema")
    action: Literal["cancel", "move", "accept"]
    seen: str = Field(alias="from")
    slot: Slot | None = None

    @model_validator(mode="after")
    def _slot_when_accepted(self) -> "Action":
        if (self.slot is not None) != (self.action == "accept"):
            raise ValueError("a slot goes with an acceptance, and with nothing else")
        return self


@dataclass(frozen=True, slots=True)
class _Act:
    """An act with the row that carries it."""

    row: FrontOutbox
    told: Action


def carry_actions(db: Databases, vault: Vault, clock: Clock, setbacks: Setbacks | None = None) -> int:
    """Carry every act that waits to the agenda, oldest first; return how many went through.

    An act about a visit that is not taken in yet waits. Raises SiloUnavailable.
    """
    carry = partial(_carry, db, vault, clock)
    return drain(db, "front", FrontOutbox, clock, Setbacks() if setbacks is None else setbacks, carry)


def _carry(db: Databases, vault: Vault, clock: Clock, front: Session, row: FrontOutbox) -> None:
    visit = _visit_of(db, row.pseudonym)
    act = _open(db, vault, clock, row)
    if act is None:
        return
    state = visit.state
    if visit.last_action != row.id and _applies(act, visit):
        state = _change(db, vault, clock, act, visit)
    _give_back(db, front, act, visit, state)


def _visit_of(db: Databases, pseudonym: UUID) -> Visit:
    """Return a patient's line of the agenda. Raises NotYet before its submission is taken in."""
    with db.reading("desk") as session:
        visit = session.scalar(select(Visit).where(Visit.pseudonym == pseudonym))
    if visit is None:
        raise NotYet
    return visit


def _open(db: Databases, vault: Vault, clock: Clock, row: FrontOutbox) -> _Act | None:
    """Open an act; None once the space's secret is destroyed."""
    try:
        space_id = space_id_of(db, vault, row.pseudonym)
    except SecretMissing:
        return None
    receipt = record(
        db, clock(), "worker", "space.updated", [row.pseudonym], ["space"], space=space_id, cause="patient"
    )
    context = Context("front.space_action", row.pseudonym, "space", row.id, 1)
    return _Act(row, Action.model_validate(vault.open_json(row.sealed, receipt, context)))


def _applies(act: _Act, visit: Visit) -> bool:
    """Whether an act still changes the agenda: staff may have changed it since the patient looked.

    A cancellation always wins over what is to come; a slot taken is theirs unless the visit is called off; a wish
    to move holds only for the state it was made in, since staff's answer is on its way to the space.
    """
    if visit.state in _OVER:
        return False
    return act.told.action != "move" or visit.state == act.told.seen


def _change(db: Databases, vault: Vault, clock: Clock, act: _Act, seen: Visit) -> str:
    """Write the act to the ledger, once, then to the agenda over the version seen. Raises NotYet."""
    now, to = clock(), _TO[act.told.action]
    record(
        db,
        now,
        "worker",
        "visit.changed",
        [seen.pseudonym],
        once=uuid5(act.row.id, str(seen.version)),
        actor=None,
        role="patient",
        visit=seen.id,
        from_state=seen.state,
        to_state=to,
    )
    with db.writing("desk") as session:
        visit = session.get_one(Visit, seen.id, with_for_update=True)
        if visit.version != seen.version:
            raise NotYet
        visit.state, visit.version, visit.last_action = to, seen.version + 1, act.row.id
        if act.told.slot is not None:
            _give_slot(visit, act.told.slot)
            visit.confirmed, visit.moved_at = True, now
        if act.told.action == "accept" and seen.state != act.told.seen:
            _say_again(session, vault, visit, clock)
    return to


def _give_slot(visit: Visit, slot: Slot) -> None:
    visit.kind = "appointment"
    visit.starts_at, visit.minutes = slot.starts_at, slot.minutes
    visit.site_id, visit.room_id, visit.practitioner_id = slot.site, slot.room, slot.practitioner


def _say_again(session: Session, vault: Vault, visit: Visit, clock: Clock) -> None:
    """Tell the space what stands, after the patch that staff's change of the same moment left for it."""
    patch: dict[str, Any] = {"schema": 1, "state": visit.state, "proposals": []}
    patch_id = uuid4()
    sealed = vault.seal_json(Context("desk.space_patch", visit.pseudonym, "space", patch_id, 1), patch)
    agenda.queue_patch(session, patch_id, visit.pseudonym, sealed, clock())


def _give_back(db: Databases, front: Session, act: _Act, visit: Visit, state: str) -> None:
    """Free what the visit no longer needs: its own cells once called off, and slots that were only proposed."""
    if state in _CALLED_OFF:
        cells.free(front, visit.id)
    if state in _CALLED_OFF or (act.told.action == "accept" and state == _TO["accept"]):
        with db.reading("desk") as session:
            offered = [one.id for one in agenda.proposals_of(session, visit.id)]
        for proposal in offered:
            cells.free(front, proposal)
