"""A slot kept for one journey: held for minutes, then made an appointment or given back.

A hold's cells carry the draft's id as owner. The times of a hold are the caller's settings; what is here is that a
journey has one hold, that it can be prolonged so many times, and that unsent holds leave most of a day open.
"""

from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from app.booking.calendar import date_of, opening_cells
from app.booking.slots import Slot
from app.front import cells
from app.front.cells import SlotTaken
from app.front.directory import Directory
from app.front.models import Hold
from app.front.published_directory import current_directory


class DayTooHeld(Exception):
    """Unsent journeys hold as much of this practitioner's day as they may."""


class NoMoreExtensions(Exception):
    """The hold was prolonged as many times as it may be, or there is none any more."""


def hold(session: Session, draft_id: UUID, slot: Slot, now: datetime, minutes: int, share_percent: int) -> Hold:
    """Keep a slot for a draft, in place of the one it held; holding the same one again changes nothing.

    Unsent holds take at most `share_percent` of the practitioner's opening hours of that day, yet always one.
    Raises SlotTaken or DayTooHeld, and then leaves what the draft held.
    """
    cells.wait_turn(session)
    former = current_hold(session, draft_id, now)
    same = former and (former.practitioner, former.room, former.starts_at, former.cells)
    if former and same == (slot.practitioner, slot.room, slot.starts_at, slot.cells):
        return former
    directory = current_directory(session)
    day = _local_day(directory, slot)
    if _too_held(session, directory, draft_id, slot, day, now, share_percent):
        raise DayTooHeld
    ends = now + timedelta(minutes=minutes)
    with session.begin_nested():
        release(session, draft_id)
        cells.take(session, slot.resources, slot.start_cell, slot.cells, draft_id, "hold", ends, now=now)
    made = Hold(
        id=draft_id,
        draft=draft_id,
        practitioner=slot.practitioner,
        room=slot.room,
        starts_at=slot.starts_at,
        cells=slot.cells,
        day=day.isoformat(),
        expires_at=ends,
        extensions=0,
    )
    session.add(made)
    session.flush()
    return made


def current_hold(session: Session, draft_id: UUID, now: datetime) -> Hold | None:
    """Return what a draft holds, unless it ran out."""
    statement = select(Hold).where(Hold.draft == draft_id, Hold.expires_at > now)
    return session.scalar(statement.execution_options(populate_existing=True))


def extend(session: Session, draft_id: UUID, now: datetime, minutes: int, max_extensions: int) -> Hold:
    """Keep a hold for so many minutes from now. Raises NoMoreExtensions."""
    cells.wait_turn(session)
    held = current_hold(session, draft_id, now)
    if held is None or held.extensions >= max_extensions:
        raise NoMoreExtensions
    held.extensions += 1
    held.expires_at = now + timedelta(minutes=minutes)
    session.flush()
    cells.prolong(session, held.id, held.expires_at)
    return held


def release(session: Session, draft_id: UUID) -> None:
    """Give back what a draft holds, if anything."""
    cells.free(session, draft_id)
    session.execute(delete(Hold).where(Hold.draft == draft_id))


def hand_over(session: Session, draft_id: UUID, new_draft_id: UUID) -> None:
    """Give what a draft holds to the same journey under another id; what that one held is given back."""
    release(session, new_draft_id)
    cells.hand_over(session, draft_id, new_draft_id)
    session.execute(update(Hold).where(Hold.draft == draft_id).values(id=new_draft_id, draft=new_draft_id))


def claim(session: Session, draft_id: UUID, slot: Slot, owner: UUID, now: datetime) -> None:
    """Turn the slot a draft holds into an appointment; if the hold ran out, take the slot again if it is free.

    An owner that has an appointment, wherever staff moved it since, keeps it: claiming again changes nothing.
    Raises SlotTaken, and then changes nothing.
    """
    cells.wait_turn(session)
    if cells.owned(session, owner):
        return
    cells.settle(session, draft_id, owner, slot.resources, slot.start_cell, slot.cells, now)
    session.execute(delete(Hold).where(Hold.draft == draft_id))


def purge_expired(session: Session, now: datetime) -> int:
    """Remove holds that ran out, and every expired cell; return how many holds there were."""
    cells.purge_expired(session, now)
    gone = session.scalars(delete(Hold).where(Hold.expires_at <= now).returning(Hold.id)).all()
    return len(gone)


def propose(session: Session, proposal_id: UUID, slot: Slot, now: datetime, until: datetime) -> None:
    """Keep a slot that staff propose until a moment, under the proposal's id. Raises SlotTaken."""
    cells.take(session, slot.resources, slot.start_cell, slot.cells, proposal_id, "proposal", until, now=now)


def accept_proposal(session: Session, owner: UUID, proposal: UUID, now: datetime) -> None:
    """Turn a proposed slot into the owner's appointment, in place of the one it had.

    Raises SlotTaken when the slot is no longer kept for this proposal, and then changes nothing.
    """
    cells.wait_turn(session)
    extent = cells.owned(session, proposal)
    resource, span = next(iter(extent.items()), (None, range(0)))
    if resource is None or proposal not in cells.owners(session, resource, span, now):
        raise SlotTaken
    cells.settle(session, proposal, owner, tuple(extent), span.start, len(span), now)


def absence(
    session: Session, absence_id: UUID, resource: UUID, start: datetime, end: datetime, now: datetime
) -> set[UUID]:
    """Take what is free of a practitioner or room from `start` to `end`; return whose appointments are there.

    Slots only held or proposed are given back first: their patients are offered others. Repeating it takes what
    became free since, so staff repeat it once the appointments are moved.
    """
    span = range(cells.cell_of(start), cells.cell_of(end - timedelta(microseconds=1)) + 1)
    cells.wait_turn(session)
    there = cells.owners(session, resource, span, now)
    for owner, kind in there.items():
        if kind in ("hold", "proposal"):
            release(session, owner)
    cells.take_what_is_free(session, resource, span, absence_id, now)
    return {owner for owner, kind in there.items() if kind == "appointment"}


def _local_day(directory: Directory, slot: Slot) -> date:
    """Return the slot's day by the clock of its site. Raises SlotTaken for a site that is no more."""
    try:
        return date_of(slot.starts_at, directory.site(slot.site).timezone)
    except KeyError:
        raise SlotTaken from None


def _too_held(
    session: Session, directory: Directory, draft_id: UUID, slot: Slot, day: date, now: datetime, share_percent: int
) -> bool:
    others = select(func.sum(Hold.cells)).where(Hold.draft != draft_id, Hold.expires_at > now)
    same_day = others.where(Hold.practitioner == slot.practitioner, Hold.day == day.isoformat())
    held = session.scalar(same_day) or 0
    opened = opening_cells(directory, slot.practitioner, day)
    return held > 0 and (held + slot.cells) * 100 > opened * share_percent
