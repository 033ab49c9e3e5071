"""Absences: somebody is away, or a room is closed; nobody can book there, and who already had is to be called."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from app.booking.closures import apply_absences, lift_absence
from app.clinic.lists import Line, Places, affected, places_of
from app.clinic.people import SignedIn
from app.clinic.services import ClinicServices
from app.desk import agenda, places
from app.desk.errors import VisitNotFound
from app.desk.models import Absence, Visit


@dataclass(frozen=True, slots=True)
class AbsencesPage:
    """The absences to come, and the visits they make impossible, unreachable patients last."""

    absences: list[Absence]
    to_move: list[Line]
    places: Places


def page(services: ClinicServices, person: SignedIn) -> AbsencesPage:
    """Return what the page shows; a practitioner sees their own. Raises LedgerUnavailable, SiloUnavailable."""
    mine = person.viewer.practitioner
    with services.db.reading("desk") as session:
        coming = [a for a in places.absences(session, services.clock()) if mine in (None, a.resource)]
        found: dict[UUID, Visit] = {}
        for absence in coming:
            touched = agenda.touched_by(session, absence.resource, absence.starts_at, absence.ends_at)
            found |= {visit.id: visit for visit in touched}
    ordered = sorted(found.values(), key=lambda visit: (not visit.reachable, visit.starts_at, visit.id))
    return AbsencesPage(coming, affected(services, person, ordered), places_of(services))


def may_close(person: SignedIn, known: Places) -> list[tuple[str, str]]:
    """Return whom and what this person may declare away, with names: themselves, or everybody and every room."""
    mine = person.viewer.practitioner
    people = [(str(one.id), one.name) for one in known.practitioners.values() if mine in (None, one.id)]
    rooms = [(str(room.id), f"{known.sites[room.site_id].name}, {room.name}") for room in known.rooms.values()]
    return people if mine is not None else people + rooms


def add(services: ClinicServices, resource: UUID, starts_at: datetime, ends_at: datetime) -> None:
    """Write an absence, then take its free cells. Raises SiloUnavailable."""
    row = Absence(id=uuid4(), resource=resource, starts_at=starts_at, ends_at=ends_at)
    with services.db.writing("desk") as session:
        places.add_absence(session, row)
    apply_absences(services.db, services.clock())


def remove(services: ClinicServices, person: SignedIn, absence_id: UUID) -> None:
    """Remove an absence and give its cells back. Raises VisitNotFound for one that is not this person's."""
    mine = person.viewer.practitioner
    with services.db.writing("desk") as session:
        coming = places.absences(session, services.clock())
        if not any(a.id == absence_id and mine in (None, a.resource) for a in coming):
            raise VisitNotFound
        places.remove_absence(session, absence_id)
    lift_absence(services.db, absence_id)
