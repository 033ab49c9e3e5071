"""A journey entered by staff for a patient on the telephone or at the desk: the same steps, consents read aloud."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from app.booking.draft import Draft, Fault, new_draft
from app.booking.errors import SlotLost
from app.booking.holds import release
from app.booking.journey import Funnel
from app.booking.outlook import CHECK, FEES, Outlook, look, steps
from app.booking.send import send
from app.booking.steps import Setting, clean
from app.booking.submission import Entered
from app.booking.words import lock_of
from app.vault.intake import IntakeKey
from app.vault.tokens import new_token
from app.vault.words import WordsGate

NO_NOTICE = 0
"""Hours of notice for a patient who is on the telephone or at the desk."""


@dataclass(frozen=True, slots=True)
class EnteredVisit:
    """What the desk gets: the submission, and the words to dictate or print once."""

    submission: UUID
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Faults:
    """What is wrong, step by step; or the path by which the patient can't be booked here at all."""

    by_step: Mapping[str, list[Fault]]
    not_offered: bool = False


def begin(funnel: Funnel, language: str) -> Draft:
    """Begin a journey in memory for a patient who is being heard."""
    return new_draft(new_token(), language, funnel.clock(), funnel.settings, funnel.avoid)


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
    """Answer every step, take the slot and send. Raises TooManyAtOnce, LedgerUnavailable, SiloUnavailable."""
    faults = _answer_all(funnel, draft, typed)
    if faults is not None:
        return faults
    outlook = look(draft.journey, funnel.catalogue)
    lock = lock_of(funnel, gate, draft)
    try:
        submission = send(funnel, intake, draft, outlook, lock, entered)
    except SlotLost as lost:
        return Faults({"slot": [("slot", lost.why)]})
    return EnteredVisit(submission, tuple(draft.journey.words))


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
