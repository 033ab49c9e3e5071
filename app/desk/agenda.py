"""The agenda and the requests: lines without a name or a reason, and what may be done to each.

Who sees what is decided here, once: a practitioner their own visits and those of their pool, the desk every line.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, get_args
from uuid import UUID

from sqlalchemy import ColumnElement, and_, delete, exists, or_, select, update
from sqlalchemy.engine import CursorResult
from sqlalchemy.orm import Session

from app.db import insert_for
from app.desk.errors import NotPossible, VersionConflict, VisitNotFound
from app.desk.models import DeskOutbox, Proposal, Visit, VisitPool

Action = Literal["confirm", "propose", "decline", "keep", "answer", "arrive", "see", "miss", "reopen", "cancel"]
ACTIONS: tuple[Action, ...] = get_args(Action)
BOOKED_STATES = ("booked", "move_asked", "proposed", "requested", "arrived", "seen", "absent")
LIVE_STATES = ("booked", "move_asked", "proposed", "requested")
WAITING_STATES = ("requested", "move_asked")
STATE_ALONE = "space_state"
"""The kind of a row of the outbox without a patch: the space must show the visit's state, as it then is."""


@dataclass(frozen=True, slots=True)
class Rule:
    """From which states and kinds an action may be taken, and the state it leads to."""

    states: frozenset[str]
    kinds: frozenset[str]
    to: str


_VISITS = frozenset({"appointment", "request"})
_CONTACTS = frozenset({"call", "come", "write"})
RULES: Mapping[Action, Rule] = {
    "confirm": Rule(frozenset(LIVE_STATES) - {"booked"}, _VISITS, "booked"),
    "propose": Rule(frozenset(LIVE_STATES), _VISITS | _CONTACTS, "proposed"),
    "decline": Rule(frozenset({"requested", "proposed"}), _VISITS, "declined"),
    "keep": Rule(frozenset({"move_asked", "proposed"}), _VISITS, "booked"),
    "answer": Rule(frozenset({"requested"}), _CONTACTS, "answered"),
    "arrive": Rule(frozenset({"booked", "move_asked", "proposed"}), _VISITS, "arrived"),
    "see": Rule(frozenset({"booked", "arrived"}), _VISITS, "seen"),
    "miss": Rule(frozenset({"booked", "move_asked", "proposed"}), _VISITS, "absent"),
    "reopen": Rule(frozenset({"arrived", "seen", "absent"}), _VISITS, "booked"),
    "cancel": Rule(frozenset(LIVE_STATES), _VISITS | _CONTACTS, "cancelled"),
}
_NEED_A_TIME: frozenset[Action] = frozenset({"confirm", "keep", "arrive", "see", "miss", "reopen"})
_NEED_A_CONFIRMED_TIME: frozenset[Action] = frozenset({"keep", "arrive", "miss"})
"""What would otherwise make an appointment, by a detour, of a request that no practitioner confirmed."""


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who looks: `practitioner` limits what is seen to their own and their pool's; None sees every line."""

    practitioner: UUID | None


def possible(visit: Visit, action: Action, viewer: Viewer) -> bool:
    """Whether this person may take an action on a visit as it stands.

    A request is a practitioner's to confirm, decline or call off, whatever became of it since; not the desk's.
    """
    rule = RULES[action]
    if visit.state not in rule.states or visit.kind not in rule.kinds:
        return False
    if action in _NEED_A_TIME and visit.starts_at is None:
        return False
    if visit.confirmed:
        return action != "confirm"
    if action == "cancel" and visit.kind in _VISITS:
        return viewer.practitioner is not None
    return action not in _NEED_A_CONFIRMED_TIME


def get_visit(session: Session, visit_id: UUID, viewer: Viewer) -> Visit:
    """Return a visit that this person may see. Raises VisitNotFound, whether it is missing or not theirs."""
    found = session.scalar(select(Visit).where(Visit.id == visit_id, _seen_by(viewer)))
    if found is None:
        raise VisitNotFound
    return found


def waiting(session: Session, viewer: Viewer) -> list[Visit]:
    """Return what waits for an answer of the clinic, oldest first, unreachable patients last."""
    query = select(Visit).where(Visit.state.in_(WAITING_STATES), _seen_by(viewer))
    return list(session.scalars(query.order_by(Visit.reachable.desc(), Visit.created_at, Visit.id)))


def proposed(session: Session, viewer: Viewer) -> list[Visit]:
    """Return what waits for an answer of the patient, oldest first, unreachable patients last."""
    query = select(Visit).where(Visit.state == "proposed", _seen_by(viewer))
    return list(session.scalars(query.order_by(Visit.reachable.desc(), Visit.created_at, Visit.id)))


def between(session: Session, viewer: Viewer, from_time: datetime, until: datetime) -> list[Visit]:
    """Return the visits, calls and passages of a stretch of time, in its order; not those called off."""
    query = select(Visit).where(
        Visit.starts_at >= from_time,
        Visit.starts_at < until,
        Visit.state.in_((*BOOKED_STATES, "answered")),
        _seen_by(viewer),
    )
    return list(session.scalars(query.order_by(Visit.starts_at, Visit.id)))


def called_off(session: Session, viewer: Viewer, from_time: datetime, until: datetime) -> int:
    """Return how many visits of a stretch of time were cancelled or declined."""
    query = select(Visit.id).where(
        Visit.starts_at >= from_time,
        Visit.starts_at < until,
        Visit.state.in_(("cancelled", "declined")),
        _seen_by(viewer),
    )
    return len(session.scalars(query).all())


def touched_by(session: Session, resource: UUID, from_time: datetime, until: datetime) -> list[Visit]:
    """Return the visits to come that an absence of a practitioner or room makes impossible; unreachable last."""
    whose = or_(Visit.practitioner_id == resource, Visit.room_id == resource)
    query = select(Visit).where(whose, Visit.state.in_(LIVE_STATES), Visit.starts_at < until)
    found = [v for v in session.scalars(query) if v.starts_at and _ends(v) > from_time]
    return sorted(found, key=lambda v: (not v.reachable, v.starts_at, v.id))


def change(
    session: Session, visit_id: UUID, version: int, action: Action, viewer: Viewer, **values: object
) -> tuple[Visit, str]:
    """Take an action on the version that was shown; return the visit changed and its former state.

    `values` are further columns of the visit. Raises VisitNotFound, VersionConflict, NotPossible.
    """
    visit = get_visit(session, visit_id, viewer)
    if visit.version != version:
        raise VersionConflict
    if not possible(visit, action, viewer):
        raise NotPossible
    former = visit.state
    confirmed = visit.confirmed or action == "confirm"
    columns = {**values, "state": RULES[action].to, "version": version + 1, "confirmed": confirmed}
    done = session.execute(update(Visit).where(Visit.id == visit_id, Visit.version == version).values(**columns))
    if not isinstance(done, CursorResult) or done.rowcount != 1:
        raise VersionConflict
    session.refresh(visit)
    return visit, former


def pool_of(session: Session, visit_id: UUID) -> tuple[UUID, ...]:
    """Return the practitioners who may take a visit."""
    query = select(VisitPool.practitioner_id).where(VisitPool.visit_id == visit_id)
    return tuple(session.scalars(query))


def proposals_of(session: Session, visit_id: UUID) -> Sequence[Proposal]:
    """Return the slots offered to a patient and not yet answered."""
    return session.scalars(select(Proposal).where(Proposal.visit_id == visit_id).order_by(Proposal.starts_at)).all()


def forget_proposals(session: Session, visit_id: UUID) -> tuple[UUID, ...]:
    """Withdraw the slots offered; return the ids their cells carry, for the front silo to free."""
    ids = tuple(session.scalars(select(Proposal.id).where(Proposal.visit_id == visit_id)))
    session.execute(delete(Proposal).where(Proposal.visit_id == visit_id))
    return ids


def queue_patch(session: Session, outbox_id: UUID, pseudonym: UUID, sealed: bytes, now: datetime) -> None:
    """Leave for the worker what the patient's space must now show; the same id twice is one patch."""
    row = {"id": outbox_id, "kind": "space_patch", "pseudonym": pseudonym, "sealed": sealed, "created_at": now}
    session.execute(insert_for(session, DeskOutbox).values(**row).on_conflict_do_nothing())


def queue_state(session: Session, outbox_id: UUID, pseudonym: UUID, now: datetime) -> None:
    """Leave for the worker that a withdrawn space, for which nobody seals, shows the visit's state once back."""
    row = {"id": outbox_id, "kind": STATE_ALONE, "pseudonym": pseudonym, "sealed": b"", "created_at": now}
    session.execute(insert_for(session, DeskOutbox).values(**row).on_conflict_do_nothing())


def _seen_by(viewer: Viewer) -> ColumnElement[bool]:
    if viewer.practitioner is None:
        return Visit.id.is_not(None)
    in_pool = exists().where(VisitPool.visit_id == Visit.id, VisitPool.practitioner_id == viewer.practitioner)
    return or_(Visit.practitioner_id == viewer.practitioner, and_(Visit.practitioner_id.is_(None), in_pool))


def _ends(visit: Visit) -> datetime:
    if visit.starts_at is None:
        raise NotPossible
    return visit.starts_at + timedelta(minutes=visit.minutes)
