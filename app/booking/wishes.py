"""Wishes about time and place, between the fixed-width codes of the form and a slot filter.

The same wishes filter the list of slots, and are sent to the clinic when no slot suits.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

from app.booking.slots import SlotFilter
from app.front.directory import Directory, Practitioner
from app.profiles.models import Act

ANY = "00"
FIELDS = ("site", "practitioner", "gender", "day", "hours", "access")

_GENDERS: Mapping[str, Literal["any", "woman", "man"]] = {ANY: "any", "01": "woman", "02": "man"}
_HOURS: Mapping[str, Literal["any", "morning", "afternoon", "evening"]] = {
    ANY: "any",
    "01": "morning",
    "02": "afternoon",
    "03": "evening",
}


@dataclass(frozen=True, slots=True)
class WishChoices:
    """The codes each wish may take now, with what they stand for."""

    sites: Mapping[str, str]
    practitioners: Mapping[str, str]

    def codes(self) -> dict[str, tuple[str, ...]]:
        """Return the allowed codes of each field."""
        return {
            "site": (ANY, *self.sites),
            "practitioner": (ANY, *self.practitioners),
            "gender": tuple(_GENDERS),
            "day": tuple(f"{n:02}" for n in range(8)),
            "hours": tuple(_HOURS),
            "access": (ANY, "01"),
        }


def suited(directory: Directory, act: Act) -> list[Practitioner]:
    """Return who may take an act, in a neutral order that follows no name, rank or price."""
    wanted = set(act.practitioner_kinds)
    found = [person for person in directory.practitioners if wanted & set(person.kinds)]
    return sorted(found, key=lambda person: hashlib.sha256(person.id.bytes).digest())


def choices(directory: Directory, act: Act) -> WishChoices:
    """Return the wishes that can be made for an act in this directory."""
    people = suited(directory, act)
    return WishChoices(
        sites={f"{n:02}": site.name for n, site in enumerate(directory.sites, 1)},
        practitioners={f"{n:02}": person.name for n, person in enumerate(people, 1)},
    )


def to_filter(typed: Mapping[str, str], directory: Directory, act: Act, from_day: date) -> SlotFilter:
    """Read the codes typed as a filter; a code that is not on its list means *any*."""
    people = suited(directory, act)
    day = _index(typed.get("day", ANY), 7)
    site = _index(typed.get("site", ANY), len(directory.sites))
    person = _index(typed.get("practitioner", ANY), len(people))
    return SlotFilter(
        site=directory.sites[site - 1].id if site else None,
        practitioner=people[person - 1].id if person else None,
        gender=_GENDERS.get(typed.get("gender", ANY), "any"),
        days=frozenset({day - 1}) if day else frozenset(range(7)),
        hours=_HOURS.get(typed.get("hours", ANY), "any"),
        step_free=typed.get("access") == "01",
        from_day=from_day,
    )


def as_document(wishes: SlotFilter) -> dict[str, object]:
    """Return wishes as the plain document that is sealed for the clinic."""
    return {
        "site": str(wishes.site) if wishes.site else None,
        "practitioner": str(wishes.practitioner) if wishes.practitioner else None,
        "gender": wishes.gender,
        "days": sorted(wishes.days),
        "hours": wishes.hours,
        "step_free": wishes.step_free,
    }


def _index(code: str, greatest: int) -> int:
    """Return the number of a two-figure code, or 0 for *any* and for what is out of range."""
    number = int(code) if code.isascii() and code.isdigit() else 0
    return number if number <= greatest else 0
