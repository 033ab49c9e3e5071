"""A journey entered by staff for a patient on the telephone or at the desk: the same steps, consents read aloud."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import count
from typing import Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError

from app.booking.draft import Draft, Fault, blank_draft
from app.booking.errors import SlotLost
from app.booking.holds import release
from app.booking.journey import Funnel
from app.booking.outlook import CHECK, FEES, Outlook, look, steps
from app.booking.send import send
from app.booking.signed import Signed
from app.booking.space import SpaceGone, read_space
from app.booking.steps import Setting, clean
from app.booking.submission import Entered
from app.booking.words import WordsLock, lock_of
from app.vault.intake import IntakeKey
from app.vault.tokens import derive, derive_id
from app.vault.words import WordsGate, new_words

NO_NOTICE = 0
"""Hours of notice for a patient who is on the telephone or at the desk."""


@dataclass(frozen=True, slots=True)
class EnteredVisit:
    """What the desk gets: the submission, the words to dictate or print once, and what the patient's space says."""

    submission: UUID
    words: tuple[str, ...]
    space: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Faults:
    """What is wrong, step by step; or the path by which the patient can't be booked here at all."""

    by_step: Mapping[str, list[Fault]]
    not_offered: bool = False


def begin(funnel: Funnel, token: bytes) -> Draft:
    """Begin a journey in memory, in French, for a patient who is being heard.

    Its words, ids and secrets come from the token, which must be secret and random: the same one begins the same
    journey, so that a form sent twice is one booking, and its words can be shown again without being kept.
    """
    draft = blank_draft(token, "fr", funnel.clock(), funnel.settings)
    turn = count()
    words = new_words("fr", funnel.avoid, lambda n: _number(derive(token, f"word {next(turn)}")) % n)
    parcel = {name: str(derive_id(token, f"entered {name}")) for name in ("pseudonym", "submission")}
    for purpose in ("contact", "care", "space"):
        parcel[purpose] = base64.b64encode(derive(token, f"entered {purpose}")).decode()
    return replace(draft, journey=replace(draft.journey, words=list(words), parcel=parcel))


def foresee(funnel: Funnel, draft: Draft, typed: Mapping[str, Mapping[str, str]]) -> Outlook | Faults:
    """Answer the first steps given and return what they decide, so that the right slots can be shown."""
    with funnel.db.reading("front") as session:
        for step, values in typed.items():
            outlook = look(draft.journey, funnel.catalogue)
            setting = Setting(draft, outlook, funnel.catalogue, session, funnel.settings, funnel.clock())
            answer, wrong = clean(step, values, setting)
            if answer is None:
                return Faults({step: wrong})
            draft.journey.answers[step] = answer
    outlook = look(draft.journey, funnel.catalogue)
    return Faults({}, not_offered=True) if outlook.path == "no" else outlook


def enter_for_patient(
    funnel: Funnel,
    intake: IntakeKey,
    gate: WordsGate,
    draft: Draft,
    typed: Mapping[str, Mapping[str, str]],
    entered: Entered,
) -> EnteredVisit | Faults:
    """Answer every step, take the slot and send; a journey that was sent already is only shown again.

    Raises TooManyAtOnce, LedgerUnavailable, SiloUnavailable.
    """
    before = _sent(funnel, draft)
    if before is not None:
        return before
    faults = _answer_all(funnel, draft, typed)
    if faults is None:
        outlook = look(draft.journey, funnel.catalogue)
        lock = lock_of(funnel, gate, draft)
        faults = _send(funnel, intake, draft, outlook, lock, entered)
    # A fault may be that the same journey, sent at the same moment, came first and has the slot.
    return _sent(funnel, draft) or faults


def _send(
    funnel: Funnel, intake: IntakeKey, draft: Draft, outlook: Outlook, lock: WordsLock, entered: Entered
) -> Faults:
    """Send, and return what prevented it; nothing did when the journey is found sent."""
    try:
        send(funnel, intake, draft, outlook, lock, entered)
    except SlotLost as lost:
        return Faults({"slot": [("slot", lost.why)]})
    except IntegrityError:
        if _sent(funnel, draft) is None:
            raise
    return Faults({})


def _sent(funnel: Funnel, draft: Draft) -> EnteredVisit | None:
    """Return the journey as it was sent, or None."""
    made = draft.journey.parcel
    signed = Signed(UUID(made["pseudonym"]), UUID(made["submission"]), base64.b64decode(made["space"]))
    try:
        view = read_space(funnel, signed)
    except SpaceGone:
        return None
    return EnteredVisit(signed.submission, tuple(draft.journey.words), view.document)


def _number(key: bytes) -> int:
    return int.from_bytes(key, "big")


def _answer_all(funnel: Funnel, draft: Draft, typed: Mapping[str, Mapping[str, str]]) -> Faults | None:
    """Answer the steps in the order of the path, and return every fault found on the way."""
    faults: dict[str, list[Fault]] = {}
    with funnel.db.writing("front") as session:
        path: tuple[str, ...] = steps(look(draft.journey, funnel.catalogue), funnel.settings.question_pages)
        for step in path:
            outlook = look(draft.journey, funnel.catalogue)
            if outlook.path == "no":
                return Faults({}, not_offered=True)
            if step == CHECK:
                continue
            values = {"seen": "01"} if step == FEES else typed.get(step, {})
            setting = Setting(
                draft, outlook, funnel.catalogue, session, funnel.settings, funnel.clock(), notice_hours=NO_NOTICE
            )
            answer, wrong = clean(step, values, setting)
            if answer is None:
                faults[step] = wrong
                if step in ("need", "situation"):
                    break
                continue
            draft.journey.answers[step] = answer
        if faults:
            release(session, draft.id)  # the form comes again with another draft, which must find the slot free
    return Faults(faults) if faults else None
