"""The last step's rows: every answer to check before sending, as it will be sent, with the page that changes it."""

from datetime import datetime
from typing import Any, TypeVar

from app.booking.journey import Funnel, Place
from app.booking.outlook import NEED, REACH, SITUATION, SLOT, WHO
from app.front.directory import Directory, Practitioner, Site
from app.profiles.models import RATHER_NOT
from app.web.formats import phone_text

Row = dict[str, Any]


def check_rows(funnel: Funnel, place: Place) -> list[Row]:
    """Return the answers to check: what for, for whom, when, where, with whom, how to reach."""
    journey, outlook = place.draft.journey, place.outlook
    reach = journey.answers[REACH]
    numbers = {step: number for number, step in enumerate(place.path, 1)}
    choices = _choices(place)
    return [
        {
            "kind": "act",
            "value": outlook.chosen_act.name.in_language(journey.language),
            "number": numbers[NEED],
        },
        {"kind": "age", "value": outlook.age, "number": numbers[SITUATION]},
        {"kind": "consent", "value": journey.answers[WHO]["decision"], "number": numbers[WHO]},
        {
            "kind": "answers",
            "value": len(choices) - choices.count(RATHER_NOT),
            "total": len(choices),
            "number": numbers["questions1"],
        },
        _slot_row(funnel.catalogue.directory(), journey.answers[SLOT]) | {"number": numbers[SLOT]},
        {"kind": "name", "value": reach["name"], "number": numbers[REACH]},
        {
            "kind": "contact",
            "value": phone_text(reach["phone"]) if reach["phone"] else reach["email"],
            "number": numbers[REACH],
        },
    ]


def chosen_timezone(funnel: Funnel, place: Place) -> str:
    """Return the time zone of the place chosen; before that, and where none is, that of the first site."""
    directory = funnel.catalogue.directory()
    site = _found(directory.sites, place.draft.journey.answers.get(SLOT, {}).get("site"))
    return (site or directory.sites[0]).timezone


def _slot_row(directory: Directory, slot: dict[str, Any]) -> Row:
    """Return the slot or window chosen. A place or person the clinic took away meanwhile is not named."""
    site = _found(directory.sites, slot.get("site"))
    practitioner = _found(directory.practitioners, slot.get("practitioner"))
    return {
        "kind": slot["kind"],
        "value": datetime.fromisoformat(slot["starts_at"]) if slot["starts_at"] else None,
        "timezone": (site or directory.sites[0]).timezone,
        "with": [one.name for one in (practitioner, site) if one is not None],
    }


_Listed = TypeVar("_Listed", Site, Practitioner)


def _found(listed: tuple[_Listed, ...], wanted: str | None) -> _Listed | None:
    return next((one for one in listed if str(one.id) == wanted), None)


def _choices(place: Place) -> list[str]:
    """Return the codes chosen at the questions: how many were answered is shown again, never what was said."""
    answers = place.draft.journey.answers
    return [
        choice for step in answers if step.startswith("questions") for choice in answers[step]["choices"].values()
    ]
