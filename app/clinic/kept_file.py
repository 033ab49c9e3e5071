"""One file as an administrator meets it: by a number that staff tell, with dates and a state, never a name."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from app.clinic import lists, retention
from app.clinic.people import SignedIn
from app.clinic.retention import FileState
from app.clinic.services import ClinicServices
from app.desk.models import Visit
from app.retention import was_held

_FIGURES, _GROUP, _ALL = 12, 4, 32


@dataclass(frozen=True, slots=True)
class KeptFile:
    """A file: its line of the agenda, until when it is kept, and the time zone to write its moments in."""

    visit: Visit
    state: FileState
    zone: str
    now: datetime

    @property
    def number(self) -> str:
        """The number by which it is told."""
        return number_of(self.visit.id)

    @property
    def held(self) -> bool:
        """Whether the visit took place, so that answers and contact stay, closed, until the term."""
        return was_held(self.visit.state, self.visit.starts_at, self.now, confirmed=self.visit.confirmed)

    @property
    def over(self) -> bool:
        """Whether all that was withdrawn is due: the worker destroys it, unless it waits for somebody."""
        due = self.state.restricted_until or self.state.due_at
        return due is not None and due <= self.now


def file_of(services: ClinicServices, person: SignedIn, visit_id: UUID) -> KeptFile:
    """Return a visit's file. Raises VisitNotFound (missing, or not theirs), SiloUnavailable."""
    visit, state = retention.read_file(services, person, visit_id)
    return KeptFile(visit, state, lists.places_of(services).zone_of(visit.site_id), services.clock())


def number_of(visit_id: UUID) -> str:
    """Return a file's number as it is shown: three groups of four signs, the first of its visit's id."""
    figures = visit_id.hex[:_FIGURES].upper()
    return " ".join(figures[at : at + _GROUP] for at in range(0, _FIGURES, _GROUP))


def find_file(services: ClinicServices, typed: str) -> UUID | None:
    """Return the visit whose number was typed, spaces and case aside; None for no number of ours, or not one alone.

    Raises SiloUnavailable.
    """
    figures = "".join(typed.split()).lower()
    if len(figures) != _FIGURES or not set(figures) <= set("0123456789abcdef"):
        return None
    first, last = UUID(figures.ljust(_ALL, "0")), UUID(figures.ljust(_ALL, "f"))
    with services.db.reading("desk") as session:
        found = session.scalars(select(Visit.id).where(Visit.id >= first, Visit.id <= last).limit(2)).all()
    return found[0] if len(found) == 1 else None
