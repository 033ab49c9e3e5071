"""What administrators change: staff and places. Every change of places is published to the patient zone at once."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.clinic.directory import check, publish
from app.clinic.people import SignedIn
from app.clinic.services import ClinicServices
from app.desk import places, staff
from app.desk.models import ClinicRules, OpeningHours, Practitioner, Room, Site, Staff
from app.desk.staff import Role
from app.front.published import current_profiles
from app.ledger.service import record

_Result = TypeVar("_Result")


class AccountTaken(Exception):
    """The account is another practitioner's."""


class HoursOverlap(Exception):
    """The practitioner would be in two places at once."""


@dataclass(frozen=True, slots=True)
class PlacesPage:
    """Everything the pages of places show."""

    sites: Sequence[Site]
    rooms: Sequence[Room]
    practitioners: Sequence[Practitioner]
    hours: Sequence[OpeningHours]
    rules: ClinicRules
    staff: Sequence[Staff]
    kinds: tuple[str, ...]


def everyone(services: ClinicServices) -> Sequence[Staff]:
    """Return every account."""
    with services.db.reading("desk") as session:
        return staff.everyone(session)


def invite(services: ClinicServices, person: SignedIn, login: str, name: str, role: Role) -> str:
    """Create an account and return the code that opens it once. Raises LoginTaken."""
    with services.db.writing("desk") as session:
        staff_id, code = staff.invite(session, login, name, role, services.clock())
        _note(services, person, staff_id, "invited")
    return code


def invite_again(services: ClinicServices, person: SignedIn, staff_id: UUID) -> str:
    """Start an account again from an invitation: password, second factor and sessions go. Raises StaffNotFound."""
    return _change(
        services, person, staff_id, "invited", lambda s: staff.invite_again(s, staff_id, services.clock())
    )


def disable(services: ClinicServices, person: SignedIn, staff_id: UUID) -> None:
    """Close an account, from its next request on. Raises StaffNotFound, LastAdministrator."""
    with services.db.reading("desk") as session:
        staff.check_disable(session, staff_id)
    _change(services, person, staff_id, "disabled", lambda s: staff.disable(s, staff_id, services.clock()))


def enable(services: ClinicServices, person: SignedIn, staff_id: UUID) -> None:
    """Open a closed account again. Raises StaffNotFound."""
    _change(services, person, staff_id, "enabled", lambda s: staff.enable(s, staff_id))


def end_sessions(services: ClinicServices, person: SignedIn, staff_id: UUID) -> None:
    """Sign somebody out everywhere."""
    _change(services, person, staff_id, "signed_out", lambda s: staff.end_sessions(s, staff_id))


def places_page(services: ClinicServices) -> PlacesPage:
    """Return sites, rooms, practitioners, hours and rules, with the kinds that published profiles ask for."""
    with services.db.reading("front") as session:
        profiles = current_profiles(session).values()
    kinds = {kind for one in profiles for act in one.profile.acts for kind in act.practitioner_kinds}
    with services.db.reading("desk") as session:
        people = places.practitioners(session)
        kinds |= {kind for person in people for kind in person.kinds.split(",") if kind}
        return PlacesPage(
            places.sites(session),
            places.rooms(session),
            people,
            places.hours(session),
            places.rules(session),
            staff.everyone(session),
            tuple(sorted(kinds)),
        )


def save_practitioner(services: ClinicServices, person: SignedIn, row: Practitioner) -> None:
    """Write a practitioner, and publish. Whose account they are is in the ledger first: it opens their cases.

    Raises AccountTaken, LedgerUnavailable, and as `save_place` does.
    """
    with services.db.reading("desk") as session:
        others = places.practitioners(session)
    if row.staff_id and any(one.staff_id == row.staff_id and one.id != row.id for one in others):
        raise AccountTaken
    before = next((one.staff_id for one in others if one.id == row.id), None)
    if row.staff_id != before:
        record(
            services.db,
            services.clock(),
            "clinic",
            "practitioner.linked",
            actor=person.id,
            practitioner=row.id,
            old_staff=before,
            new_staff=row.staff_id,
        )
    try:
        save_place(services, person, row)
    except IntegrityError as error:  # another administrator gave the account away at the same moment
        raise AccountTaken from error


def save_place(services: ClinicServices, person: SignedIn, row: Site | Room | Practitioner | ClinicRules) -> None:
    """Write a place, a practitioner or the rules, and publish. Raises DirectoryFaults, SiloUnavailable."""
    with _publishing(services, person) as session:
        places.save(session, row)


def add_hours(services: ClinicServices, person: SignedIn, row: OpeningHours) -> None:
    """Write a weekly presence, and publish. Raises HoursOverlap, DirectoryFaults."""
    with _publishing(services, person) as session:
        if places.new_hours_overlap(session, row):
            raise HoursOverlap
        places.save(session, row)


def remove_hours(services: ClinicServices, person: SignedIn, hours_id: UUID) -> None:
    """Remove a weekly presence, and publish; visits already booked stay. Raises DirectoryFaults."""
    with _publishing(services, person) as session:
        places.remove_hours(session, hours_id)


def remove_room(services: ClinicServices, person: SignedIn, room_id: UUID) -> None:
    """Remove a room that nothing to come needs, and publish. Raises PlaceInUse, DirectoryFaults."""
    with _publishing(services, person) as session:
        places.remove_room(session, room_id, services.clock())


@contextmanager
def _publishing(services: ClinicServices, person: SignedIn) -> Iterator[Session]:
    """Open the desk for a change of places, and publish it. Raises DirectoryFaults: then nothing is changed."""
    with services.db.writing("desk") as session:
        yield session
        check(session)
    publish(services.db, services.clock, "clinic", person.id)


def _change(
    services: ClinicServices, person: SignedIn, staff_id: UUID, change: str, act: Callable[[Session], _Result]
) -> _Result:
    """Write the change to the ledger, then make it."""
    with services.db.reading("desk") as session:
        staff.get_staff(session, staff_id)
    _note(services, person, staff_id, change)
    with services.db.writing("desk") as session:
        return act(session)


def _note(services: ClinicServices, person: SignedIn, staff_id: UUID, change: str) -> None:
    record(services.db, services.clock(), "clinic", "staff.changed", actor=person.id, staff=staff_id, change=change)
