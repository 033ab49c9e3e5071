"""The clinic's directory as the patient zone may know it: published, in clear, versioned."""

from datetime import date
from typing import Literal, TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict


class Frozen(BaseModel):
    """A record that refuses unknown keys and never changes."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Site(Frozen):
    """A place, with what the arrival card says. `timezone` is an IANA name."""

    id: UUID
    name: str
    address: str
    door: str
    desk_words: str
    phone: str
    step_free: bool
    timezone: str


class Room(Frozen):
    """A room of a site."""

    id: UUID
    site: UUID
    name: str
    step_free: bool


class Practitioner(Frozen):
    """Who treats, by the name shown to patients."""

    id: UUID
    name: str
    kinds: tuple[str, ...]
    gender: Literal["woman", "man", "unsaid"]


class Hours(Frozen):
    """A weekly presence at a site: weekday 0 is Monday; minutes of the site's local day."""

    practitioner: UUID
    site: UUID
    weekday: int
    starts_minute: int
    ends_minute: int
    valid_from: date | None = None
    valid_until: date | None = None


class Rules(Frozen):
    """The clinic's numbers: notice before a slot, horizon of the agenda, delay to cancel, hours for calls."""

    notice_hours: int
    horizon_days: int
    cancel_hours: int
    call_starts_minute: int
    call_ends_minute: int


class Directory(Frozen):
    """Everything about the clinic that slots are computed from."""

    version: int
    sites: tuple[Site, ...]
    rooms: tuple[Room, ...]
    practitioners: tuple[Practitioner, ...]
    hours: tuple[Hours, ...]
    rules: Rules

    def site(self, site_id: UUID) -> Site:
        """Return a site by id. Raises KeyError."""
        return _by_id(self.sites, site_id)

    def room(self, room_id: UUID) -> Room:
        """Return a room by id. Raises KeyError."""
        return _by_id(self.rooms, room_id)

    def practitioner(self, practitioner_id: UUID) -> Practitioner:
        """Return a practitioner by id. Raises KeyError."""
        return _by_id(self.practitioners, practitioner_id)


_Listed = TypeVar("_Listed", Site, Room, Practitioner)


def _by_id(items: tuple[_Listed, ...], wanted: UUID) -> _Listed:
    for item in items:
        if item.id == wanted:
            return item
    raise KeyError(wanted)
