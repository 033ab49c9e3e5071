"""A journey walked without pages: the funnel's own functions, with the keys their forms would carry."""

from collections.abc import Mapping
from typing import Any

from app.booking.catalogue import Catalogue
from app.booking.draft import Draft, form_key
from app.booking.forms import NOT_ASKED
from app.booking.journey import Funnel, Place, answer, place
from app.booking.outlook import NEED, REACH, SITUATION, SLOT, WHO, Outlook
from app.booking.slots import SlotFilter, find_slots
from app.booking.steps import NO_SLOT_SUITS
from app.booking.wishes import ANY, FIELDS
from app.profiles.models import RATHER_NOT
from tests.factories.house import House

UNASKED = dict.fromkeys(("q1", "q2", "q3", "q4"), NOT_ASKED)
NO_WISH = dict.fromkeys(FIELDS, ANY)


def a_funnel(house: House, **changes: Any) -> Funnel:
    """Return what the journeys of a house are made with; every word may be given."""
    settings = house.settings("patient", **changes)
    return Funnel(house.db, Catalogue(house.db, house.clock), settings, house.clock, avoid=lambda word: False)


def send_step(funnel: Funnel, token: bytes, number: int, typed: Mapping[str, str]) -> int:
    """POST one step as its page's form would, and return the number of the page that follows."""
    here = place(funnel, token, "fr", number)
    return answer(funnel, token, "fr", number, {"go": "01", **typed, "k": form_key(here.draft, here.step)})


def fields_of(funnel: Funnel, here: Place, act: str = "0101", age: str = "34") -> dict[str, str]:
    """Return what somebody in no particular case would fill in at a step."""
    outlook = here.outlook
    if here.step.startswith("questions"):
        asked = outlook.profile.questions_for(outlook.chosen_act, int(here.step[-1]))
        return UNASKED | {name: RATHER_NOT for name, _ in zip(UNASKED, asked, strict=False)}
    return {
        NEED: lambda: {"act": act},
        SITUATION: lambda: {"whom": "01", "standing": "01", "age": age},
        WHO: lambda: {"decision": "02" if outlook.asked_consents else NOT_ASKED},
        SLOT: lambda: NO_WISH | {"slot": first_slot(funnel, outlook, here.draft)},
        REACH: lambda: {"name": "Zoé", "channel": "01"},
    }.get(here.step, lambda: {"seen": "01"})()


def walk(funnel: Funnel, token: bytes, until: int = 8, act: str = "0101", age: str = "34") -> Place:
    """Answer every step before a page, and return where that leads."""
    number = 1
    while number < until:
        here = place(funnel, token, "fr", number)
        number = send_step(funnel, token, number, fields_of(funnel, here, act, age))
    return place(funnel, token, "fr", number)


def first_slot(funnel: Funnel, outlook: Outlook, draft: Draft) -> str:
    """Return the code of the third slot on offer: one that does not begin at once."""
    act, now = outlook.chosen_act, funnel.clock()
    if act.booking == "ask":
        return NO_SLOT_SUITS
    anything = SlotFilter(None, None, "any", frozenset(), "any", step_free=False, from_day=now.date())
    with funnel.db.reading("front") as session:
        return find_slots(session, funnel.catalogue.directory(), act, anything, now, draft=draft.id).slots[2].code
