"""What an invented adult types at each step of any journey, worked out from where the journey stands."""

from flask import Flask

from app.booking import wishes
from app.booking.draft import form_key
from app.booking.forms import CONTINUE, NO_MESSAGE, NOT_ASKED, YES
from app.booking.journey import Funnel, Place, answer, place
from app.booking.outlook import CHECK, FEES, NEED, REACH, SITUATION, SLOT, WHO
from app.booking.slots import find_slots
from app.booking.steps import NO_SLOT_SUITS, QUESTION_FIELDS
from app.profiles.models import PublishableProfile

LANGUAGE = "fr"


class StepRefused(Exception):
    """A step did not take an answer that ought to be right."""


def acts(funnel: Funnel) -> dict[str, str]:
    """Return the code of one act of each specialty: its first that is booked at once, else its first."""
    found = funnel.catalogue.profiles().values()
    return {one.profile.slug: one.profile.code + _act(one) for one in found}


def form_at(funnel: Funnel, token: bytes, number: int, act: str, *, take_slot: bool = True) -> dict[str, str]:
    """Return the whole form that a patient sends from a page, its one-time key included.

    Without `take_slot` the patient says that no slot suits, so that no two journeys want the same one.
    """
    there = place(funnel, token, LANGUAGE, number)
    typed = _typed(funnel, there, act, take_slot=take_slot)
    return {"k": form_key(there.draft, there.step)} | typed | {"go": CONTINUE}


def walk(funnel: Funnel, token: bytes, until: int, act: str, *, take_slot: bool = True) -> None:
    """Answer every page before page `until`. Raises StepRefused."""
    with Flask(__name__).app_context():  # Flask-WTF reads its options there.
        for number in range(1, until):
            reached = answer(
                funnel, token, LANGUAGE, number, form_at(funnel, token, number, act, take_slot=take_slot)
            )
            if reached != number + 1:
                raise StepRefused(f"page {number}")


def _act(published: PublishableProfile) -> str:
    offered = [act for act in published.profile.acts if act.published]
    return next((act.code for act in offered if act.booking == "instant"), offered[0].code)


def _typed(funnel: Funnel, there: Place, act: str, *, take_slot: bool) -> dict[str, str]:
    if there.step == SLOT:
        return _slot(funnel, there, take_slot=take_slot)
    if there.step == CHECK:
        journey = there.draft.journey
        first, second = (journey.words[position] for position in journey.asked_words)
        return {"word1": first, "word2": second}
    if there.step.startswith("questions"):
        return _first_choices(there)
    return {
        NEED: {"act": act},
        SITUATION: {"whom": "01", "age": "34", "standing": "01"},
        WHO: {"decision": YES},
        REACH: {"name": "Camille", "channel": NO_MESSAGE, "phone": "", "email": ""},
        FEES: {"seen": "01"},
    }[there.step]


def _first_choices(there: Place) -> dict[str, str]:
    page = int(there.step.removeprefix("questions"))
    asked = there.outlook.profile.questions_for(there.outlook.chosen_act, page)
    first = {name: question.choices[0].code for name, question in zip(QUESTION_FIELDS, asked, strict=False)}
    return dict.fromkeys(QUESTION_FIELDS, NOT_ASKED) | first


def _slot(funnel: Funnel, there: Place, *, take_slot: bool) -> dict[str, str]:
    directory, act = funnel.catalogue.directory(), there.outlook.chosen_act
    anything = dict.fromkeys(wishes.FIELDS, wishes.ANY)
    if act.booking == "ask" or not take_slot:
        return anything | {"slot": NO_SLOT_SUITS}
    wanted = wishes.to_filter(anything, directory, act, there.now.date())
    with funnel.db.reading("front") as session:
        found = find_slots(session, directory, act, wanted, there.now, 1, draft=there.draft.id)
    return anything | {"slot": found.slots[0].code}
