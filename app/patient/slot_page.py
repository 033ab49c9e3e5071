"""The slot step: slots to choose from, or wishes to send, or times to be called; each in the same one size."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from app.booking import wishes
from app.booking.calendar import date_of
from app.booking.call_times import call_times
from app.booking.journey import Funnel, Place
from app.booking.outlook import SLOT
from app.booking.slots import Slot, find_slots
from app.booking.steps import NO_SLOT_SUITS, WRITE_TO_US
from app.front.directory import Directory

SLOTS_A_PAGE = 10
WINDOWS_A_KIND = 4
LONGEST_NAME = 28
LONGEST_LIST = 20
"""Names to choose from that the one size of a page has room for."""


def slot_page(funnel: Funnel, place: Place) -> dict[str, Any]:
    """Return the context of the slot step, in one of its three forms."""
    directory, act = funnel.catalogue.directory(), place.outlook.chosen_act
    typed = place.draft.journey.typed.get(SLOT, {})
    offered = wishes.choices(directory, act)
    shared = {
        "filters": {"sites": _fitting(offered.sites), "practitioners": _fitting(offered.practitioners)},
        "none_code": NO_SLOT_SUITS,
        "write_code": WRITE_TO_US,
        "any": wishes.ANY,
        "rules": directory.rules,
    }
    if place.outlook.path == "call":
        return shared | {"form": "call", "note": _call_note(place)} | _windows(funnel, place, directory)
    if act.booking == "ask":
        return shared | {"form": "ask"}
    day = date.fromisoformat(typed["from"]) if "from" in typed else place.now.date()
    wanted = wishes.to_filter(typed, directory, act, max(day, place.now.date()))
    with funnel.db.reading("front") as session:
        page = find_slots(session, directory, act, wanted, place.now, SLOTS_A_PAGE, draft=place.draft.id)
    shown = [_shown(slot, directory) for slot in page.slots]
    return shared | {
        "form": "slots",
        "codes": [NO_SLOT_SUITS, *(slot["code"] for slot in shown)],
        "days": _by_day(shown),
        "next_day": page.next_day,
        "previous_day": page.previous_day,
    }


def _shown(slot: Slot, directory: Directory) -> dict[str, Any]:
    site = directory.site(slot.site)
    return {
        "code": slot.code,
        "starts_at": slot.starts_at,
        "practitioner": short(directory.practitioner(slot.practitioner).name),
        "site": short(site.name),
        "timezone": site.timezone,
    }


def _fitting(names: Mapping[str, str]) -> dict[str, str]:
    """Return what a list may show: short names, or none where there are too many to choose from by name."""
    return {code: short(name) for code, name in names.items()} if len(names) <= LONGEST_LIST else {}


def short(name: str) -> str:
    """Return a name as lists show it: its first signs, when it is so long that lists of it would not fit."""
    return name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1] + "…"


def _by_day(slots: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """Return the slots grouped by local day, in their order."""
    days: dict[tuple[str, date], list[dict[str, Any]]] = {}
    for slot in slots:
        days.setdefault((slot["timezone"], date_of(slot["starts_at"], slot["timezone"])), []).append(slot)
    return list(days.values())


def _call_note(place: Place) -> str:
    return place.outlook.profile.call_note.in_language(place.draft.journey.language)


def _windows(funnel: Funnel, place: Place, directory: Directory) -> dict[str, Any]:
    timezone = directory.sites[0].timezone
    calls, comes = (call_times(directory, place.now, kind)[:WINDOWS_A_KIND] for kind in ("call", "come"))
    return {
        "codes": [WRITE_TO_US, *(window.code for window in (*calls, *comes))],
        "calls": calls,
        "comes": comes,
        "phone": directory.sites[0].phone,
        "site": directory.sites[0],
        "window_timezone": timezone,
    }
