"""Sending: a fixed order of single-silo commits, ledger → keys → front, the last of which is the commit point.

Every id and secret was made with the draft, so that any step can be repeated; until the last commit nothing
has happened for anybody, and after it nothing is lost.
"""

import base64
import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy.orm import Session

from app.booking.draft import Draft
from app.booking.errors import DraftChanged, SlotLost
from app.booking.holds import claim, current_hold
from app.booking.journey import Funnel
from app.booking.outlook import SLOT, Outlook
from app.booking.signed import Signed, hand_over, sign_in
from app.booking.slots import Slot, slot_by_code
from app.booking.space import SPACE_KEPT
from app.booking.submission import (
    Entered,
    Request,
    care_document,
    contact_document,
    space_document,
    visit_document,
)
from app.booking.words import WordsLock
from app.front import drafts, spaces
from app.front.cells import SlotTaken
from app.front.models import Space, Submission
from app.ledger.service import record
from app.vault.intake import IntakeKey, seal_for_intake
from app.vault.posting import keep_space_secret, post_secrets
from app.vault.sealing import Context, seal_json
from app.vault.tokens import derive_id, new_token
from app.vault.words import seal_to_words

_SCHEMA = 1


@dataclass(frozen=True, slots=True)
class _Parcel:
    """A journey sealed for its three readers, with the ids and secrets made beforehand."""

    submission: UUID
    pseudonym: UUID
    space_secret: bytes
    row: Submission
    space: Space
    mailbox: bytes
    epoch: str
    locator: bytes
    for_words: bytes
    slot: Slot | None
    kind: str


def send(
    funnel: Funnel, intake: IntakeKey, draft: Draft, outlook: Outlook, lock: WordsLock, entered: Entered
) -> UUID:
    """Send a journey whose steps are all answered; return its submission id. Repeating it changes nothing.

    Raises SlotLost when the slot went to somebody else or its moment passed, DraftChanged when another page
    changed an answer meanwhile, LedgerUnavailable or SiloUnavailable when a silo is down.
    """
    now = funnel.clock()
    slot = _slot_of(funnel, draft, outlook, now)
    request = Request(draft.journey, outlook, slot, funnel.catalogue.directory(), entered, now)
    parcel = _seal(request, intake, lock)
    zone: Literal["patient", "clinic"] = "patient" if entered.how == "self" else "clinic"
    record(
        funnel.db,
        now,
        zone,
        "submission.sent",
        subjects=[parcel.pseudonym],
        submission=parcel.submission,
        kind=parcel.kind,
        digest=_digest(parcel.row),
    )
    with funnel.db.writing("keys") as session:
        _write_keys(session, parcel, now)
    with funnel.db.writing("front") as session:
        _write_front(session, draft, parcel, entered, now, funnel)
    return parcel.submission


def _slot_of(funnel: Funnel, draft: Draft, outlook: Outlook, now: datetime) -> Slot | None:
    """Return the slot held, or the same one found again after its hold ran out. Raises SlotLost."""
    chosen = draft.journey.answers[SLOT]
    if chosen["kind"] != "appointment":
        if chosen["starts_at"] and datetime.fromisoformat(chosen["starts_at"]) <= now:
            raise SlotLost("window_over")
        return None
    act, directory = outlook.chosen_act, funnel.catalogue.directory()
    with funnel.db.reading("front") as session:
        held = current_hold(session, draft.id, now)
        if held is None:
            # The notice was kept when the slot was chosen.
            step_free = bool(chosen["step_free"])
            found = slot_by_code(session, directory, act, chosen["code"], now, step_free=step_free, notice_hours=0)
            if found is None:
                raise SlotLost
            return found
    try:
        room = directory.room(held.room)
        directory.practitioner(held.practitioner)
    except KeyError as gone:  # the clinic changed its rooms or its staff under the hold
        raise SlotLost from gone
    return Slot(held.starts_at, act.minutes, act.buffer_minutes, held.practitioner, room.id, room.site)


def _seal(request: Request, intake: IntakeKey, lock: WordsLock) -> _Parcel:
    made = request.journey.parcel
    submission, pseudonym = UUID(made["submission"]), UUID(made["pseudonym"])
    secrets = {purpose: base64.b64decode(made[purpose]) for purpose in ("contact", "care", "space")}

    def sealed(kind: str, purpose: str, document: dict[str, object], object_id: UUID = submission) -> bytes:
        return seal_json(secrets[purpose], document, Context(kind, pseudonym, purpose, object_id, 1))

    space_id = derive_id(secrets["space"], "space")
    to_clinic = {"schema": _SCHEMA, "pseudonym": str(pseudonym), "secrets": {p: made[p] for p in secrets}}
    to_words = {
        "schema": _SCHEMA,
        "pseudonym": str(pseudonym),
        "submission": str(submission),
        "space": made["space"],
    }
    row = Submission(
        id=submission,
        pseudonym=pseudonym,
        sealed_visit=sealed("desk.visit", "contact", visit_document(request)),
        sealed_contact=sealed("identity.contact", "contact", contact_document(request)),
        sealed_care=sealed("care.answers", "care", care_document(request)),
        created_at=request.now,
    )
    space = Space(
        id=space_id,
        sealed=sealed("front.space", "space", space_document(request), space_id),
        version=1,
        expires_at=request.now + SPACE_KEPT,
    )
    return _Parcel(
        submission,
        pseudonym,
        secrets["space"],
        row,
        space,
        mailbox=seal_for_intake(intake, to_clinic, submission),
        epoch=intake.epoch,
        locator=lock.locator,
        for_words=seal_to_words(lock.public, to_words, submission),
        slot=request.slot,
        kind=request.kind,
    )


def _digest(row: Submission) -> str:
    """Return one digest of three, so that it can be checked once the ciphertexts are apart."""
    sealed = (row.sealed_visit, row.sealed_contact, row.sealed_care)
    return hashlib.sha256(b"".join(hashlib.sha256(one).digest() for one in sealed)).hexdigest()


def _write_keys(session: Session, parcel: _Parcel, now: datetime) -> None:
    """Leave the secrets in the mailbox and for the words; a repeated send seals the same secrets there anew.

    They are then as young as itself, so that nobody clears them meanwhile as never sent.
    """
    post_secrets(session, parcel.submission, parcel.epoch, parcel.mailbox, now)
    keep_space_secret(session, parcel.locator, parcel.submission, parcel.for_words, now)


def _write_front(
    session: Session, draft: Draft, parcel: _Parcel, entered: Entered, now: datetime, funnel: Funnel
) -> None:
    """The commit point: slot, submission, space and signed-in browser appear, and the draft goes, at once."""
    if entered.how == "self":
        row = drafts.load(session, draft.id, now, locked=True)
        if row is None:
            return  # a parallel send of the same draft came first; its browser is signed in already
        if row.version != draft.version:
            raise DraftChanged
    if parcel.slot is not None:
        try:
            claim(session, draft.id, parcel.slot, parcel.submission, now)
        except SlotTaken as error:
            raise SlotLost from error
    session.add(parcel.row)
    spaces.create(session, parcel.space)
    if entered.how == "self":
        token = new_token()
        signed = Signed(parcel.pseudonym, parcel.submission, parcel.space_secret)
        sign_in(session, token, signed, now, funnel.settings)
        hand_over(session, draft.token, token, now)
    drafts.remove(session, draft.id)
