"""The lists that staff work from: the requests, a day, a week; each line with how to call the patient."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from app.clinic.contacts import GONE, ListName, Reach, open_list, open_one
from app.clinic.people import SignedIn
from app.clinic.services import ClinicServices
from app.desk import agenda, places
from app.desk.agenda import Viewer
from app.desk.models import Practitioner, Proposal, Room, Site, Visit

DEFAULT_ZONE = "Europe/Paris"
NEW_FOR = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Places:
    """Sites, rooms and practitioners by id, to name what a line refers to."""

    sites: dict[UUID, Site]
    rooms: dict[UUID, Room]
    practitioners: dict[UUID, Practitioner]

    @property
    def zone(self) -> str:
        """The time zone the clinic's day is counted in: its first site's."""
        return next((site.timezone for site in self.sites.values()), DEFAULT_ZONE)

    def zone_of(self, site: UUID | None) -> str:
        """Return the time zone to write a moment in: that of its own site when it has one."""
        return self.sites[site].timezone if site in self.sites else self.zone


@dataclass(frozen=True, slots=True)
class Line:
    """A visit as a list shows it."""

    visit: Visit
    reach: Reach
    site: Site | None
    room: Room | None
    practitioner: Practitioner | None
    zone: str
    mark: str

    @property
    def reachable(self) -> bool:
        """Whether the patient left a way to reach them."""
        return self.visit.reachable and self.reach.reachable


@dataclass(frozen=True, slots=True)
class Requests:
    """What waits for the clinic, and what waits for patients."""

    waiting: list[Line]
    proposed: list[Line]


@dataclass(frozen=True, slots=True)
class Day:
    """One day's lines, in order. `called_off` counts those cancelled or declined, which are not shown."""

    day: date
    lines: list[Line]
    called_off: int
    sites: list[Site]
    practitioners: list[Practitioner]


@dataclass(frozen=True, slots=True)
class VisitPage:
    """One visit, with what has been proposed instead."""

    line: Line
    proposals: Sequence[Proposal]
    places: Places


def requests(services: ClinicServices, person: SignedIn) -> Requests:
    """Return the requests this person may see; unreachable patients come last. Raises SiloUnavailable."""
    with services.db.reading("desk") as session:
        known = _places(session)
        waiting, proposed = agenda.waiting(session, person.viewer), agenda.proposed(session, person.viewer)
    reaches = open_list(services, person, "requests", [*waiting, *proposed])
    now = services.clock()
    return Requests(
        _lines(waiting, reaches, known, now, new=False), _lines(proposed, reaches, known, now, new=False)
    )


def day(services: ClinicServices, person: SignedIn, wanted: date | None, site: UUID | None) -> Day:
    """Return a day's list (today by the clinic's clock), of one site or all. Raises SiloUnavailable."""
    with services.db.reading("desk") as session:
        known = _places(session)
        shown = wanted or today(services, known.zone)
        bounds = _bounds(shown, known.zone, 1)
        visits = [v for v in agenda.between(session, person.viewer, *bounds) if site in (None, v.site_id)]
        called_off = agenda.called_off(session, person.viewer, *bounds)
    lines = _named(services, person, "day", visits, known)
    return Day(shown, lines, called_off, list(known.sites.values()), list(known.practitioners.values()))


def week(services: ClinicServices, person: SignedIn, wanted: date | None) -> list[Day]:
    """Return the seven days of a week, Monday first; one ledger row covers them. Raises SiloUnavailable."""
    with services.db.reading("desk") as session:
        known = _places(session)
        shown = wanted or today(services, known.zone)
        monday = shown - timedelta(days=shown.weekday())
        visits = agenda.between(session, person.viewer, *_bounds(monday, known.zone, 7))
    lines = _named(services, person, "week", visits, known)
    return [_day_of(monday + timedelta(days=n), lines, known) for n in range(7)]


def visit_page(services: ClinicServices, person: SignedIn, visit_id: UUID) -> VisitPage:
    """Return one visit with its contact. Raises VisitNotFound, LedgerUnavailable, SiloUnavailable."""
    with services.db.reading("desk") as session:
        visit = agenda.get_visit(session, visit_id, person.viewer)
        proposals = agenda.proposals_of(session, visit_id)
        known = _places(session)
    reaches = {visit.pseudonym: open_one(services, person, visit)}
    return VisitPage(_lines([visit], reaches, known, services.clock(), new=True)[0], proposals, known)


def affected(services: ClinicServices, person: SignedIn, visits: Sequence[Visit]) -> list[Line]:
    """Return visits that must be moved, with how to reach each patient. Raises LedgerUnavailable."""
    with services.db.reading("desk") as session:
        known = _places(session)
    reaches = open_list(services, person, "requests", visits)
    return _lines(visits, reaches, known, services.clock(), new=False)


def places_of(services: ClinicServices) -> Places:
    """Return every place, for pages that name them."""
    with services.db.reading("desk") as session:
        return _places(session)


def waiting_count(services: ClinicServices, viewer: Viewer) -> int:
    """Return how many requests wait: the figure beside the menu's word."""
    with services.db.reading("desk") as session:
        return len(agenda.waiting(session, viewer))


def today(services: ClinicServices, zone: str) -> date:
    """Return the clinic's present day."""
    return services.clock().astimezone(ZoneInfo(zone)).date()


def day_of(services: ClinicServices, moment: datetime) -> date:
    """Return the clinic's day of a moment."""
    return moment.astimezone(ZoneInfo(places_of(services).zone)).date()


def _named(
    services: ClinicServices, person: SignedIn, name: ListName, visits: Sequence[Visit], known: Places
) -> list[Line]:
    reaches = open_list(services, person, name, visits)
    return _lines(visits, reaches, known, services.clock(), new=True)


def _places(session: Session) -> Places:
    return Places(
        {site.id: site for site in places.sites(session)},
        {room.id: room for room in places.rooms(session)},
        {person.id: person for person in places.practitioners(session)},
    )


def _lines(
    visits: Sequence[Visit], reaches: dict[UUID, Reach], known: Places, now: datetime, *, new: bool
) -> list[Line]:
    return [_line(visit, reaches.get(visit.pseudonym, GONE), known, now, new=new) for visit in visits]


def _line(visit: Visit, reach: Reach, known: Places, now: datetime, *, new: bool) -> Line:
    site = known.sites.get(visit.site_id) if visit.site_id else None
    return Line(
        visit,
        reach,
        site,
        known.rooms.get(visit.room_id) if visit.room_id else None,
        known.practitioners.get(visit.practitioner_id) if visit.practitioner_id else None,
        site.timezone if site else known.zone,
        _mark(visit, now) if new else "",
    )


def _mark(visit: Visit, now: datetime) -> str:
    """Say what staff who saw the list yesterday must notice: moved, or new."""
    if visit.moved_at and now - visit.moved_at < NEW_FOR:
        return "moved"
    return "new" if now - visit.created_at < NEW_FOR else ""


def _day_of(shown: date, lines: list[Line], known: Places) -> Day:
    zone = ZoneInfo(known.zone)
    own = [line for line in lines if line.visit.starts_at and line.visit.starts_at.astimezone(zone).date() == shown]
    return Day(shown, own, 0, list(known.sites.values()), list(known.practitioners.values()))


def _bounds(first: date, zone: str, days: int) -> tuple[datetime, datetime]:
    start = datetime.combine(first, time.min, ZoneInfo(zone))
    end = datetime.combine(first + timedelta(days=days), time.min, ZoneInfo(zone))
    return start.astimezone(UTC), end.astimezone(UTC)
