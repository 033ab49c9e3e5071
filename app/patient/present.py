"""What each step's template needs, from the place a visitor stands at. Plain values: templates compute nothing."""

from collections import defaultdict
from collections.abc import Callable, Hashable, Mapping
from functools import partial
from typing import Any

from app.booking import forms
from app.booking.draft import form_key
from app.booking.journey import Funnel, Place
from app.booking.outlook import CHECK, END, FEES, NEED, REACH, SITUATION, SLOT, WHO
from app.booking.steps import QUESTION_FIELDS
from app.booking.wording import message
from app.patient.check_page import check_rows, chosen_timezone
from app.patient.faults import summary
from app.patient.slot_page import slot_page
from app.profiles.models import RATHER_NOT
from app.web.formats import money_text
from app.web.jinja import translator
from app.web.languages import Language

Context = dict[str, Any]

LONGEST: Mapping[str, int] = {"age": 3, "name": 60, "phone": 24, "email": 120, "word1": 40, "word2": 40}
"""How many signs each text field takes in."""


def present(funnel: Funnel, place: Place) -> Context:
    """Return a step's whole context: what all steps share, and its own."""
    step = place.step
    own = _questions if step.startswith("questions") else _PRESENTERS[step]
    return _shared(funnel, place) | own(funnel, place)


def template_of(step: str) -> str:
    """Return a step's template."""
    return f"patient/steps/{'questions' if step.startswith('questions') else step}.html"


def _shared(funnel: Funnel, place: Place) -> Context:
    journey, step = place.draft.journey, place.step
    return {
        "key": form_key(place.draft, step),
        "number": place.number,
        "typed": _shown_again(journey.typed.get(step, {})),
        "longest": LONGEST,
        "errors": summary(place, journey.language),
        "error": _or_none({field: message(key) for field, key in journey.faults.get(step, [])}),
        "kept_until": place.draft.expires_at if place.draft.version else None,
        "timezone": chosen_timezone(funnel, place),
        "held": _held(funnel, place),
        "words_kept": place.draft.locator is not None,
        "wants_words": place.draft.version > 0,
    }


def _shown_again(typed: Mapping[str, str]) -> defaultdict[str, str | None]:
    """Return what was typed, each text with at most one sign more than its field takes."""
    return _or_none({name: text[: LONGEST[name] + 1] if name in LONGEST else text for name, text in typed.items()})


def _or_none(values: Mapping[str, str]) -> defaultdict[str, str | None]:
    """Let a template ask for a field that was not typed, or has no fault: it reads None."""
    return defaultdict(lambda: None, values)


def _held(funnel: Funnel, place: Place) -> Context | None:
    """Return what is said of the slot kept, on the pages after it was chosen."""
    if place.held is None or place.step in (NEED, SITUATION, END):
        return None
    left = funnel.settings.hold_extensions - place.held.extensions
    return {
        "until": place.held.expires_at,
        "may_extend": left > 0,
        "minutes": funnel.settings.hold_minutes,
    }


def _need(funnel: Funnel, place: Place) -> Context:
    return {
        "groups": partial(_offers, funnel, place.draft.journey.language),
        "drawn_for": _drawn_for(funnel, place),
        "act_is_chosen": place.draft.journey.typed.get(NEED, {}).get("act") in funnel.catalogue.act_codes(),
    }


def _drawn_for(funnel: Funnel, place: Place) -> Hashable:
    """Return all that the list of acts depends on; None when something else was typed, or is wrong."""
    journey, outlook = place.draft.journey, place.outlook
    chosen = outlook.profile.code + outlook.act.code if outlook.act else None
    usual = journey.typed.get(NEED, {}).get("act") == chosen and not journey.faults.get(NEED)
    return (funnel.catalogue.edition(), chosen) if usual else None


def _offers(funnel: Funnel, language: str) -> list[Context]:
    """Return what is on offer, by specialty."""
    return [
        {
            "name": published.profile.name.in_language(language),
            "options": [
                (
                    published.profile.code + act.code,
                    act.name.in_language(language),
                    f"{act.minutes} min · {_price(act.fee_cents, language)}",
                )
                for act in published.profile.acts
                if act.published
            ],
        }
        for published in funnel.catalogue.profiles().values()
    ]


def _price(cents: int, language: Language) -> str:
    return money_text(cents, language) if cents else translator(language)("rien à payer")


def _situation(_funnel: Funnel, _place: Place) -> Context:
    return {}


def _who(_funnel: Funnel, place: Place) -> Context:
    outlook, language = place.outlook, place.draft.journey.language
    profile = outlook.profile
    purposes = [
        {
            "name": purpose.name.in_language(language),
            "explanation": purpose.explanation.in_language(language),
            "recipients": purpose.recipients.in_language(language),
            "retention": purpose.retention.in_language(language),
        }
        for purpose in profile.purposes
        if not purpose.optional
    ]
    asked = next((purpose for purpose in profile.purposes if purpose.optional), None)
    return {
        "who_knows": profile.who_knows.in_language(language),
        "minors_note": profile.minors_note.in_language(language) if outlook.minor else None,
        "purposes": purposes,
        "asked": _asked(asked, language) if asked and outlook.asked_consents else None,
        "filler": forms.NOT_ASKED,
    }


def _asked(purpose: Any, language: str) -> Context:
    refused = purpose.if_refused
    return {
        "name": purpose.name.in_language(language),
        "explanation": purpose.explanation.in_language(language),
        "if_refused": refused.in_language(language) if refused else None,
    }


def _questions(_funnel: Funnel, place: Place) -> Context:
    outlook, language = place.outlook, place.draft.journey.language
    page = int(place.step.removeprefix("questions"))
    asked = outlook.profile.questions_for(outlook.chosen_act, page)
    questions = [
        {
            "field": field,
            "text": question.text.in_language(language),
            "hint": question.hint.in_language(language) if question.hint else None,
            "options": [(choice.code, choice.text.in_language(language), None) for choice in question.choices],
        }
        for field, question in zip(QUESTION_FIELDS, asked, strict=False)
    ]
    unused = QUESTION_FIELDS[len(asked) :]
    return {"questions": questions, "unused": unused, "filler": forms.NOT_ASKED, "rather_not": RATHER_NOT}


def _reach(_funnel: Funnel, place: Place) -> Context:
    outlook = place.outlook
    typed = _shown_again(place.draft.journey.typed.get(REACH, {}))
    if outlook.minor and not outlook.needs_phone:
        typed.setdefault("channel", forms.NO_MESSAGE)
    return {"typed": typed, "minor": outlook.minor, "needs_phone": outlook.needs_phone}


def _fees(_funnel: Funnel, place: Place) -> Context:
    act, language = place.outlook.chosen_act, place.draft.journey.language
    return {
        "fee_cents": act.fee_cents,
        "reimbursement": act.reimbursement.in_language(language),
        "traces": {
            name: getattr(act.traces, name).in_language(language) for name in ("bank", "insurance", "mutuelle")
        },
        "minor": place.outlook.minor,
        "minors_note": place.outlook.profile.minors_note.in_language(language) if place.outlook.minor else None,
    }


def _check(funnel: Funnel, place: Place) -> Context:
    journey, outlook = place.draft.journey, place.outlook
    return {
        "rows": check_rows(funnel, place),
        "words": journey.words,
        "asked_words": journey.asked_words,
        "words_confirmed": journey.words_confirmed,
        "booking": outlook.chosen_act.booking if journey.answers[SLOT]["kind"] == "appointment" else "ask",
        "kind": journey.answers[SLOT]["kind"],
    }


def _end(_funnel: Funnel, place: Place) -> Context:
    profile, language = place.outlook.profile, place.draft.journey.language
    return {
        "not_offered": profile.not_offered.in_language(language),
        "resources": [
            (one.name.in_language(language), one.contact, one.note.in_language(language))
            for one in profile.resources
        ],
    }


_PRESENTERS: Mapping[str, Callable[[Funnel, Place], Context]] = {
    NEED: _need,
    SITUATION: _situation,
    WHO: _who,
    SLOT: slot_page,
    REACH: _reach,
    FEES: _fees,
    CHECK: _check,
    END: _end,
}
