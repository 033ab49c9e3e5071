"""What a patient did in their space (cancel, ask to move, accept a slot, erase), carried to the agenda.

The order is ledger → desk → keys (erasing, `app/worker/erasing.py`) → front. The patient zone has already changed
the space and the cells; here the agenda follows, staff's own change of the same moment is settled, cells that
nobody needs any more are given back, and the act's row is removed last.
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
from app.retention import KEPT_DAYS
from app.vault.door import Taken, Vault
from app.vault.errors import SecretMissing, SecretWithdrawn
from app.vault.sealing import Context
from app.vault.withdrawals import withdrawals_of
from app.worker.drain import NotYet, Setbacks, drain
from app.worker.erasing import ERASING, carry_erasing, open_withdrawn

_TO = {"cancel": "cancelled", "move": "move_asked", "accept": "booked", "erase": "cancelled"}
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
    action: Literal["cancel", "move", "accept", "erase", "keep", "destroy"]
    seen: str = Field(alias="from")
    slot: Slot | None = None
    cancels: bool = False

    @model_validator(mode="after")
    def _slot_when_accepted(self) -> "Action":
        if (self.slot is not None) != (self.action == "accept"):
            raise ValueError("a slot goes with an acceptance, and with nothing else")
        return self


@dataclass(frozen=True, slots=True)
class _Act:
    """An act with the row that carries it, and the secret of its space, unless that was withdrawn."""

    row: FrontOutbox
    told: Action
    taken: Taken | None


def carry_actions(
    db: Databases, vault: Vault, clock: Clock, setbacks: Setbacks | None = None, kept_days: int = KEPT_DAYS
) -> int:
    """Carry every act that waits to the agenda, oldest first; return how many went through.

    An act about a visit that is not taken in yet waits. Raises SiloUnavailable.
    """
    carry = partial(_carry, db, vault, clock, kept_days)
    return drain(db, "front", FrontOutbox, clock, Setbacks() if setbacks is None else setbacks, carry)


def _carry(db: Databases, vault: Vault, clock: Clock, kept_days: int, front: Session, row: FrontOutbox) -> None:
    visit = _visit_of(db, row.pseudonym)
    act = _open(db, vault, clock, row)
    if act is None:
        return
    state = visit.state
    if visit.last_action != row.id and _applies(act, visit):
        state = _change(db, vault, clock, act, visit)
    if act.told.action in ERASING:
        carry_erasing(db, vault.keystore, row, act.told.action, visit, clock(), kept_days)
    _give_back(db, front, act, visit, state)


def _visit_of(db: Databases, pseudonym: UUID) -> Visit:
    """Return a patient's line of the agenda. Raises NotYet before its submission is taken in."""
    with db.reading("desk") as session:
        visit = session.scalar(select(Visit).where(Visit.pseudonym == pseudonym))
    if visit is None:
        raise NotYet
    return visit


def _open(db: Databases, vault: Vault, clock: Clock, row: FrontOutbox) -> _Act | None:
    """Open an act; None once the space's secret is destroyed, or its patient withdrew it and asks something else.

    What others withdrew may be given back: what the patient did meanwhile counts.
    """
    receipt = record(db, clock(), "worker", "space.opened", [row.pseudonym], ["space"], cause="patient")
    taken = vault.take(receipt, [(row.pseudonym, "space")])
    context = Context("front.space_action", row.pseudonym, "space", row.id, 1)
    try:
        return _Act(row, Action.model_validate(taken.open_json(row.sealed, context)), taken)
    except SecretWithdrawn:
        told = Action.model_validate(open_withdrawn(db, vault.keystore, row, context))
        return _Act(row, told, None) if told.action in ERASING or not _is_by_patient(db, row.pseudonym) else None
    except SecretMissing:
        return None


def _is_by_patient(db: Databases, pseudonym: UUID) -> bool:
    with db.reading("keys") as session:
        row = withdrawals_of(session, pseudonym).get("space")
    return row is not None and row.origin == "patient"


def _applies(act: _Act, visit: Visit) -> bool:
    """Whether an act still changes the agenda: staff may have changed it since the patient looked.

    A cancellation always wins over what is to come; a slot taken is theirs unless the visit is called off; a wish
    to move holds only for the state it was made in, since staff's answer is on its way to the space.
    """
    if visit.state in _OVER or act.told.action in ("keep", "destroy"):
        return False
    if act.told.action == "erase":
        return act.told.cancels and visit.state in agenda.LIVE_STATES
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
            _say_again(session, act.taken, visit, clock)
    return to


def _give_slot(visit: Visit, slot: Slot) -> None:
    visit.kind = "appointment"
    visit.starts_at, visit.minutes = slot.starts_at, slot.minutes
    visit.site_id, visit.room_id, visit.practitioner_id = slot.site, slot.room, slot.practitioner


def _say_again(session: Session, taken: Taken | None, visit: Visit, clock: Clock) -> None:
    """Tell the space what stands, after the patch that staff's change of the same moment left for it.

    One that is withdrawn is told once it is given back.
    """
    if taken is None:
        agenda.queue_state(session, uuid4(), visit.pseudonym, clock())
        return
    patch: dict[str, Any] = {"schema": 1, "state": visit.state, "proposals": []}
    patch_id = uuid4()
    sealed = taken.seal_json(patch, Context("desk.space_patch", visit.pseudonym, "space", patch_id, 1))
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
