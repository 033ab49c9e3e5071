"""A booking entered by staff for somebody on the telephone or at the desk: two pages, the journey's own rules.

The act chosen travels in the form and is sealed on sending; no page shows it again.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import uuid5

from app.booking import wishes
from app.booking.assisted import NO_NOTICE, EnteredVisit, Faults, begin, enter_for_patient, foresee
from app.booking.call_times import TimeWindow, call_times
from app.booking.forms import NOT_ASKED
from app.booking.outlook import NEED, REACH, SITUATION, SLOT, WHO, Outlook, question_step
from app.booking.slots import SlotPage, find_slots
from app.booking.steps import NO_SLOT_SUITS, QUESTION_FIELDS
from app.booking.submission import Entered
from app.clinic.journal import write
from app.clinic.people import SignedIn
from app.clinic.services import ClinicServices
from app.front.directory import Directory
from app.profiles.models import RATHER_NOT, Purpose
from app.vault.tokens import derive, new_token

SLOTS_A_PAGE = 24
Typed = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class SecondPage:
    """What the second page offers: slots, or windows to call or come by; and what to read aloud."""

    outlook: Outlook
    directory: Directory
    filters: wishes.WishChoices
    slots: SlotPage | None
    calls: tuple[TimeWindow, ...]
    comes: tuple[TimeWindow, ...]
    purposes: tuple[Purpose, ...]
    asks_consent: bool


def acts(services: ClinicServices) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return what may be booked: for each specialty, codes and names."""
    return [
        (
            one.profile.name.fr,
            [(one.profile.code + act.code, act.name.fr) for act in one.profile.acts if act.published],
        )
        for one in services.funnel.catalogue.profiles().values()
        if any(act.published for act in one.profile.acts)
    ]


def second_page(services: ClinicServices, typed: Typed) -> SecondPage | Faults:
    """Return what the first page's answers allow, or what is wrong with them."""
    outlook = foresee(services.funnel, begin(services.funnel, new_token()), _first(typed))
    if isinstance(outlook, Faults):
        return outlook
    directory, act, now = services.funnel.catalogue.directory(), outlook.chosen_act, services.clock()
    is_call = outlook.path == "call"
    slots = None
    if not is_call and act.booking != "ask":
        wanted = wishes.to_filter(typed, directory, act, _from_day(typed, now.date()))
        with services.db.reading("front") as session:
            slots = find_slots(session, directory, act, wanted, now, SLOTS_A_PAGE, notice_hours=NO_NOTICE)
    return SecondPage(
        outlook,
        directory,
        wishes.choices(directory, act),
        slots,
        call_times(directory, now, "call") if is_call else (),
        call_times(directory, now, "come") if is_call else (),
        outlook.profile.purposes,
        outlook.asked_consents,
    )


def enter(services: ClinicServices, person: SignedIn, typed: Typed, key: bytes) -> EnteredVisit | Faults:
    """Send the booking as the patient's own journey would, then write who entered it.

    `key` is the form's one-time key: the same form twice is one booking. What was typed counts too, so that a form
    gone back to and filled in for somebody else never shows the first one's words.

    Raises TooManyAtOnce, IntakeKeyRefused, LedgerUnavailable, SiloUnavailable.
    """
    digest = hashlib.sha256(json.dumps(sorted(typed.items())).encode()).hexdigest()
    token = derive(key, f"entered {person.id} {digest}")
    outlook = foresee(services.funnel, begin(services.funnel, token), _first(typed))
    if isinstance(outlook, Faults):
        return outlook
    draft = begin(services.funnel, token)
    steps = _first(typed) | _second(services, outlook, typed)
    how = "walk_in" if typed.get("how") == "walk_in" else "telephone"
    found = enter_for_patient(
        services.funnel, services.intake_key(), services.gate, draft, steps, Entered(how, person.id)
    )
    if isinstance(found, EnteredVisit):
        write(
            services,
            person,
            "booking.entered",
            once=uuid5(found.submission, "booking.entered"),
            submission=found.submission,
            how=how,
        )
    return found


def _first(typed: Typed) -> dict[str, Typed]:
    return {
        NEED: {"act": typed.get("act", "")},
        SITUATION: {name: typed.get(name, "") for name in ("whom", "standing", "age")},
    }


def _second(services: ClinicServices, outlook: Outlook, typed: Typed) -> dict[str, Typed]:
    """Return the other steps' fields. What a form would ask on its question pages is left for the visit."""
    found: dict[str, Typed] = {
        WHO: {"decision": typed.get("decision", "") if outlook.asked_consents else NOT_ASKED},
        SLOT: _wishes(typed) | {"slot": typed.get("slot", "")},
        REACH: {name: typed.get(name, "") for name in ("name", "channel", "phone", "email")},
    }
    for page in range(1, services.settings.question_pages + 1):
        asked = outlook.profile.questions_for(outlook.chosen_act, page)
        codes = [RATHER_NOT] * len(asked) + [NOT_ASKED] * (len(QUESTION_FIELDS) - len(asked))
        found[question_step(page)] = dict(zip(QUESTION_FIELDS, codes, strict=True))
    return found


def _wishes(typed: Typed) -> dict[str, str]:
    """Return the wishes to send to the clinic when no slot was chosen; beside a slot they say nothing more."""
    wished = typed.get("slot") == NO_SLOT_SUITS
    return {name: (wished and typed.get(name)) or wishes.ANY for name in wishes.FIELDS}


def _from_day(typed: Typed, today: date) -> date:
    try:
        asked = date.fromisoformat(typed.get("from_day", ""))
    except ValueError:
        return today
    return min(max(asked, today), today + timedelta(days=400))
