"""A patient's space at a rehearsal: every act it allows is carried out, and it is shown in every state it comes to.

What the clinic would write in it is merged by the worker's own function, in its longest form.
"""

from collections.abc import Iterator
from datetime import date
from typing import Any
from uuid import uuid4

from app.booking.holds import propose
from app.booking.signed import Signed, signed_in
from app.booking.slots import Slot, SlotFilter, find_slots
from app.booking.space import read_space
from app.cli.rehearsal_clinic import words
from app.cli.rehearsal_house import House
from app.cli.rehearsal_journeys import IN_SPACE, PAPERS, Journey, weigh_paper
from app.cli.rehearsal_visitor import LOOKS, USUAL, Visitor
from app.clinic.forms import MESSAGE_LENGTH
from app.clinic.proposals import KEPT_FOR, shown_in_space
from app.desk.models import Proposal, Visit
from app.documents import slip
from app.front import spaces
from app.front.published_directory import current_directory
from app.patient.data_page import CONFIRM, YOUR_DATA
from app.patient.journey import SPACE
from app.patient.space import CHANGED, DONE, GONE, LATE, MOST_PROPOSALS
from app.vault.sealing import Context, seal_json
from app.worker.space_patches import merged

_ENDS = ("declined", "answered", "arrived", "seen", "absent")
_A_YEAR = 365 * 24
_ANY = SlotFilter(None, None, "any", frozenset(), "any", step_free=False, from_day=date.min)


def in_the_space(journey: Journey, visitor: Visitor) -> None:
    """Go through every state of a space that was just opened; then leave as somebody does who is interrupted."""
    signed = _signed(journey.house, visitor)
    if signed is None:
        journey.judge.says(journey.where(IN_SPACE), "page /e: nobody is signed in once the journey is sent")
        return
    _shows(journey, visitor, CHANGED)
    _takes_the_slip(journey, visitor)
    message = words(MESSAGE_LENGTH, 600)
    for state in _ENDS:
        _writes(journey.house, signed, {"state": state, "message": message, "proposals": []})
        _shows(journey, visitor, CHANGED)
        _shows_its_data(journey, visitor)
    _is_proposed(journey, visitor, signed, message)
    _changes_their_mind(journey, visitor, signed)
    _erases(journey, visitor)
    visitor.sends("/x", {})
    visitor.opens(SPACE)
    journey.judge.hears(visitor, journey.where(IN_SPACE))


def _takes_the_slip(journey: Journey, visitor: Visitor) -> None:
    for look in PAPERS:
        where = journey.where(IN_SPACE, look)
        visitor.looks(look)
        weigh_paper(journey.judge, where, visitor.opens(f"{SPACE}/papier"), slip.BYTES)
        journey.judge.hears(visitor, where)


def _is_proposed(journey: Journey, visitor: Visitor, signed: Signed, message: str) -> None:
    """Be offered as many moments as a page shows, and take one. A clinic may have none left to offer."""
    offered = list(_offers(journey))
    state = "proposed" if offered else "booked"
    patch = {"state": state, "message": message, "proposals": offered, "cancel_hours": 0}
    _writes(journey.house, signed, patch)
    _shows(journey, visitor, CHANGED)
    if offered:
        _does(journey, visitor, "take-")


def _changes_their_mind(journey: Journey, visitor: Visitor, signed: Signed) -> None:
    """Be too late to change anything; then, in time again, ask for another moment and cancel."""
    _writes(journey.house, signed, {"cancel_hours": _A_YEAR})
    _shows(journey, visitor, LATE)
    _writes(journey.house, signed, {"cancel_hours": 0})
    moves = read_space(journey.house.funnel, signed).may_move
    for wish in ("move", "cancel") if moves else ("cancel",):
        _does(journey, visitor, wish)
        _shows(journey, visitor, CHANGED)


def _erases(journey: Journey, visitor: Visitor) -> None:
    """Erase everything, think again, erase it once more, and not wait for the end."""
    _shows_its_data(journey, visitor)
    _does(journey, visitor, "erase", CONFIRM)
    _does(journey, visitor, "keep")
    _does(journey, visitor, "erase", CONFIRM)
    _shows(journey, visitor, CHANGED)
    _does(journey, visitor, "destroy", told=GONE)
    _shows(journey, visitor, GONE)


def _shows_its_data(journey: Journey, visitor: Visitor) -> None:
    for path in (YOUR_DATA, CONFIRM):
        _shows(journey, visitor, path=path)


def _does(journey: Journey, visitor: Visitor, wish: str, path: str = SPACE, told: str = DONE) -> None:
    """Press a button of the space. What it asks for must be done, and said to be."""
    visitor.looks(USUAL)
    visitor.opens(path)
    if not visitor.presses(wish) or visitor.told != told:
        journey.judge.says(journey.where(IN_SPACE), f"page {SPACE}: what the button {wish} asks for is not done")
    journey.judge.hears(visitor, journey.where(IN_SPACE))


def _shows(journey: Journey, visitor: Visitor, notice: str = DONE, path: str = SPACE) -> None:
    for look in LOOKS:
        visitor.looks(look, notice)
        visitor.opens(path)
        journey.judge.hears(visitor, journey.where(IN_SPACE, look))
    visitor.looks(USUAL)


def _signed(house: House, visitor: Visitor) -> Signed | None:
    if visitor.token is None:
        return None
    with house.db.reading("front") as session:
        return signed_in(session, visitor.token, house.funnel.clock())


def _writes(house: House, signed: Signed, patch: dict[str, Any]) -> None:
    """Write in a space what the clinic decided, as the worker does."""
    view = read_space(house.funnel, signed)
    version = view.version + 1
    context = Context("front.space", signed.pseudonym, "space", signed.space_id, version)
    sealed = seal_json(signed.secret, merged(view.document, patch), context)
    with house.db.writing("front") as session:
        spaces.replace(session, signed.space_id, sealed, version)


def _offers(journey: Journey) -> Iterator[dict[str, Any]]:
    """Keep slots one after the other, as staff do who propose them, and yield each as the space shows it."""
    now, act = journey.house.funnel.clock(), journey.act
    until = now + KEPT_FOR
    with journey.house.db.writing("front") as session:
        directory = current_directory(session)
        visit = Visit(minutes=act.minutes, buffer_minutes=act.buffer_minutes)
        for _number in range(MOST_PROPOSALS):
            for slot in find_slots(session, directory, act, _ANY, now, 1).slots:
                proposal = _proposal(slot)
                proposal.expires_at = until
                propose(session, proposal.id, slot, now, until)
                yield shown_in_space(proposal, visit, directory)


def _proposal(slot: Slot) -> Proposal:
    return Proposal(
        id=uuid4(),
        starts_at=slot.starts_at,
        site_id=slot.site,
        room_id=slot.room,
        practitioner_id=slot.practitioner,
    )
