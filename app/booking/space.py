"""The patient's space: reading it, and the few acts it allows. Each act is one front transaction.

An act frees or turns the cells, rewrites the sealed space and leaves a sealed line for the worker, all at once.
Once everything is asked to be erased nothing else can be done but take that back, or not wait for its end; from
that end on the space is gone, even while the worker is still to come.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy.orm import Session

from app.booking.holds import accept_proposal
from app.booking.journey import Funnel
from app.booking.signed import Signed, sign_in, sign_out
from app.front import cells, spaces
from app.front.models import FrontOutbox, Space
from app.retention import GRACE, term_of, was_held
from app.vault.sealing import Context, seal_json, unseal_json

OVER = frozenset({"arrived", "seen", "absent", "cancelled", "declined"})
"""States after which a patient can change nothing."""
CONFIRMING = frozenset({"booked", "move_asked", "arrived", "seen", "absent"})
"""States that only an agreed appointment comes to."""
SPACE_KEPT = timedelta(days=400)
"""How long a space can be returned to when nothing else ends it."""


class SpaceGone(Exception):
    """The space is no more: it ran out or was erased."""


class SpaceChanged(Exception):
    """The space changed since its page was shown; nothing was done."""


class TooLate(Exception):
    """The clinic's delay to cancel or move has passed: the patient is told to call."""


class NotPossible(Exception):
    """This act makes no sense in the present state."""


@dataclass(frozen=True, slots=True)
class SpaceView:
    """A space as read: its document, its version, and what may be done with it now."""

    document: dict[str, Any]
    version: int
    now: datetime
    sent_at: datetime

    @property
    def starts_at(self) -> datetime | None:
        """When the visit or window begins, in UTC."""
        return datetime.fromisoformat(self.document["starts_at"]) if self.document["starts_at"] else None

    @property
    def is_over(self) -> bool:
        """Whether nothing can be changed any more."""
        return self.document["state"] in OVER

    @property
    def is_appointment(self) -> bool:
        """Whether a time is agreed: asked for, or asked for and answered by another proposal, is not yet one."""
        agreed = self.document.get("confirmed") or self.document["state"] in CONFIRMING
        return bool(agreed) and self.document["kind"] == "appointment"

    @property
    def in_time(self) -> bool:
        """Whether the clinic's delay still allows to cancel or move online; what is not agreed always can be."""
        if self.starts_at is None or not self.is_appointment:
            return True
        return self.now + timedelta(hours=self.document["cancel_hours"]) <= self.starts_at

    @property
    def may_cancel(self) -> bool:
        """Whether the cancel button is shown."""
        return not self.is_over and self.in_time

    @property
    def may_move(self) -> bool:
        """Whether another time can be asked for."""
        return self.may_cancel and self.document["kind"] == "appointment" and self.document["state"] != "move_asked"

    @property
    def is_past(self) -> bool:
        """Whether the time of an agreed visit is over, whatever staff have noted of it."""
        if self.starts_at is None or not self.is_appointment:
            return False
        return self.starts_at + timedelta(minutes=self.document["minutes"]) <= self.now

    @property
    def was_held(self) -> bool:
        """Whether the visit took place: the law then makes the clinic keep what it needs of it until the term."""
        state: str = self.document["state"]
        return was_held(state, self.starts_at, self.now, confirmed=self.is_appointment)

    @property
    def erasing_until(self) -> datetime | None:
        """When the erasing that was asked for becomes final, in UTC; None when none was."""
        asked: str | None = self.document.get("erasing_until")
        return datetime.fromisoformat(asked) if asked else None

    @property
    def calls_off(self) -> bool:
        """Whether to erase everything cancels something still to come."""
        return not self.is_over and not self.is_past

    @property
    def may_erase(self) -> bool:
        """Whether everything can be erased here: not what is to come and too near to be cancelled online."""
        return self.erasing_until is None and (self.in_time or not self.calls_off)

    def term(self, kept_days: int) -> datetime:
        """Return when the clinic destroys all of it by itself, in UTC."""
        return term_of(self.starts_at, self.document["minutes"], self.sent_at, kept_days)

    def proposals(self) -> list[dict[str, Any]]:
        """Return the slots the clinic proposes that are still kept."""
        offered: list[dict[str, Any]] = self.document["proposals"]
        return [one for one in offered if datetime.fromisoformat(one["expires_at"]) > self.now]


def read_space(funnel: Funnel, signed: Signed) -> SpaceView:
    """Open a signed-in patient's space. Raises SpaceGone."""
    with funnel.db.reading("front") as session:
        return _load(session, signed, funnel.clock())


def cancel(funnel: Funnel, signed: Signed, version: int) -> None:
    """Cancel a visit or a request, and free its time at once. Raises SpaceChanged, TooLate, NotPossible."""
    with funnel.db.writing("front") as session:
        view = _load_at(session, signed, version, funnel.clock())
        if view.is_over:
            raise NotPossible
        if not view.in_time:
            raise TooLate
        cells.free(session, signed.submission)
        _act(session, signed, view, "cancel", {}, {"state": "cancelled", "proposals": []})


def ask_move(funnel: Funnel, signed: Signed, version: int) -> None:
    """Ask for another time; the present one stays until the clinic proposes. Raises as `cancel` does."""
    with funnel.db.writing("front") as session:
        view = _load_at(session, signed, version, funnel.clock())
        if view.is_over or view.document["kind"] != "appointment" or view.document["state"] == "move_asked":
            raise NotPossible
        if not view.in_time:
            raise TooLate
        _act(session, signed, view, "move", {}, {"state": "move_asked"})


def accept(funnel: Funnel, signed: Signed, version: int, code: str) -> None:
    """Take a slot the clinic proposed. Raises SpaceChanged, NotPossible when it is no longer kept."""
    with funnel.db.writing("front") as session:
        view = _load_at(session, signed, version, funnel.clock())
        offered = next((one for one in view.proposals() if one["code"] == code), None)
        if view.is_over or offered is None:
            raise NotPossible
        try:
            accept_proposal(session, signed.submission, UUID(offered["slot"]["proposal"]), view.now)
        except cells.SlotTaken as error:
            raise NotPossible from error
        names = ("starts_at", "minutes", "site", "practitioner", "room")
        changes = {name: offered[name] for name in names} | {
            "kind": "appointment",
            "state": "booked",
            "confirmed": True,
            "proposals": [],
        }
        _act(session, signed, view, "accept", {"code": code, "slot": offered["slot"]}, changes)


def erase(funnel: Funnel, signed: Signed, version: int) -> None:
    """Ask that everything be erased, and cancel what is still to come. It is final after the grace.

    Raises SpaceChanged, NotPossible when it was asked for already, TooLate when the visit is too near.
    """
    with funnel.db.writing("front") as session:
        view = _load_at(session, signed, version, funnel.clock())
        if not view.may_erase:
            raise TooLate
        changes: dict[str, Any] = {"erasing_until": (view.now + GRACE).isoformat()}
        if view.calls_off:
            cells.free(session, signed.submission)
            changes |= {"state": "cancelled", "proposals": []}
        _act(session, signed, view, "erase", {"cancels": view.calls_off}, changes)


def keep(funnel: Funnel, signed: Signed, version: int) -> None:
    """Take an erasing back; what it cancelled stays so. Raises SpaceChanged, NotPossible, SpaceGone."""
    with funnel.db.writing("front") as session:
        view = _load_at(session, signed, version, funnel.clock(), erasing=True)
        _act(session, signed, view, "keep", {}, {"erasing_until": None})


def destroy_now(funnel: Funnel, signed: Signed, version: int) -> None:
    """Make an erasing final at once: the space is gone. Raises SpaceChanged, NotPossible, SpaceGone."""
    with funnel.db.writing("front") as session:
        view = _load_at(session, signed, version, funnel.clock(), erasing=True)
        _act(session, signed, view, "destroy", {}, {"erasing_until": view.now.isoformat()})


def stay(funnel: Funnel, token: bytes, signed: Signed) -> None:
    """Push the end of a browser's stay back: it ends after idleness, not while somebody reads."""
    with funnel.db.writing("front") as session:
        sign_in(session, token, signed, funnel.clock(), funnel.settings)


def leave_space(funnel: Funnel, token: bytes) -> None:
    """Sign a browser out."""
    with funnel.db.writing("front") as session:
        sign_out(session, token)


def _load(session: Session, signed: Signed, now: datetime) -> SpaceView:
    row = spaces.load(session, signed.space_id, now)
    if row is None:
        raise SpaceGone
    view = _view(row, signed, now)
    if view.erasing_until is not None and view.erasing_until <= now:
        raise SpaceGone
    return view


def _view(row: Space, signed: Signed, now: datetime) -> SpaceView:
    document = unseal_json(signed.secret, row.sealed, _context(signed, row.version))
    return SpaceView(document, row.version, now, row.expires_at - SPACE_KEPT)


def _load_at(session: Session, signed: Signed, version: int, now: datetime, *, erasing: bool = False) -> SpaceView:
    """Return the space a form was drawn for. Raises NotPossible when it is being erased and the act is not of that,
    or the other way round.
    """
    view = _load(session, signed, now)
    if view.version != version:
        raise SpaceChanged
    if (view.erasing_until is not None) != erasing:
        raise NotPossible
    return view


def _act(
    session: Session,
    signed: Signed,
    view: SpaceView,
    kind: str,
    details: dict[str, Any],
    changes: dict[str, Any],
) -> None:
    """Rewrite the space, and leave the act for the worker, sealed for the clinic."""
    document = view.document | changes
    version = view.version + 1
    sealed = seal_json(signed.secret, document, _context(signed, version))
    try:
        spaces.replace(session, signed.space_id, sealed, version)
    except spaces.SpaceMoved as error:
        raise SpaceChanged from error
    action_id: UUID = uuid4()
    told = {
        "schema": 1,
        "action": kind,
        "submission": str(signed.submission),
        "from": view.document["state"],
    } | details
    context = Context("front.space_action", signed.pseudonym, "space", action_id, 1)
    action = FrontOutbox(
        id=action_id,
        kind=kind,
        pseudonym=signed.pseudonym,
        sealed=seal_json(signed.secret, told, context),
        created_at=view.now,
    )
    spaces.queue_action(session, action)


def _context(signed: Signed, version: int) -> Context:
    return Context("front.space", signed.pseudonym, "space", signed.space_id, version)
