"""An invented clinic: its directory, and an act to book there."""

from collections.abc import Sequence
from uuid import UUID, uuid5

from app.front.directory import Directory, Hours, Practitioner, Room, Rules, Site
from app.profiles.models import Act, Text, Traces

PARIS = "Europe/Paris"
KIND = "gardener"

_NAMESPACE = UUID("6f6d1f0e-7f7c-4d57-9f0b-0d4c3f9a7b11")
_EVERY_DAY = range(7)


def named(name: str) -> UUID:
    """Return the id that a name always has."""
    return uuid5(_NAMESPACE, name)


def a_site(name: str = "quay", *, timezone: str = PARIS, step_free: bool = True) -> Site:
    """Return a site whose texts are its name."""
    return Site(
        id=named(name),
        name=name,
        address=f"1 {name}",
        door="blue door",
        desk_words="I have an appointment",
        phone="01 99 00 00 00",
        step_free=step_free,
        timezone=timezone,
    )


def a_room(name: str, site: Site, *, step_free: bool = True) -> Room:
    """Return a room of a site."""
    return Room(id=named(name), site=site.id, name=name, step_free=step_free)


def a_practitioner(name: str, *, kinds: tuple[str, ...] = (KIND,), gender: str = "woman") -> Practitioner:
    """Return a practitioner; `gender` is woman, man or unsaid."""
    return Practitioner.model_validate({"id": named(name), "name": name, "kinds": kinds, "gender": gender})


def weekly(
    practitioner: Practitioner,
    site: Site,
    starts: int = 9 * 60,
    ends: int = 17 * 60,
    days: Sequence[int] = _EVERY_DAY,
) -> list[Hours]:
    """Return the same opening hours, in minutes of the day, on some weekdays (0 is Monday)."""
    return [
        Hours(practitioner=practitioner.id, site=site.id, weekday=day, starts_minute=starts, ends_minute=ends)
        for day in days
    ]


def some_rules(*, notice_hours: int = 0, horizon_days: int = 60) -> Rules:
    """Return rules that say no more than a test needs; calls go from 9 to 17 o'clock."""
    return Rules(
        notice_hours=notice_hours,
        horizon_days=horizon_days,
        cancel_hours=24,
        call_starts_minute=9 * 60,
        call_ends_minute=17 * 60,
    )


def a_directory(
    hours: Sequence[Hours],
    people: Sequence[Practitioner],
    sites: Sequence[Site],
    rooms: Sequence[Room],
    rules: Rules | None = None,
) -> Directory:
    """Return a directory of these parts."""
    return Directory(
        version=1,
        sites=tuple(sites),
        rooms=tuple(rooms),
        practitioners=tuple(people),
        hours=tuple(hours),
        rules=rules or some_rules(),
    )


def small_clinic(
    timezone: str = PARIS, starts: int = 9 * 60, ends: int = 17 * 60, rules: Rules | None = None
) -> Directory:
    """Return one practitioner in one room of one site, there every day."""
    site, person = a_site(timezone=timezone), a_practitioner("ada")
    return a_directory(weekly(person, site, starts, ends), [person], [site], [a_room("blue", site)], rules)


def large_clinic(people: int = 5, rooms: int = 5) -> Directory:
    """Return several practitioners at two sites, Monday to Friday."""
    sites = [a_site("quay"), a_site("hill", step_free=False)]
    staff = [a_practitioner(f"person {n}", gender="man" if n % 2 else "woman") for n in range(people)]
    spaces = [a_room(f"room {n}", sites[n % 2], step_free=n % 4 == 0) for n in range(rooms)]
    hours = [h for n, person in enumerate(staff) for h in weekly(person, sites[n % 2], days=range(5))]
    return a_directory(hours, staff, sites, spaces)


def an_act(minutes: int = 30, buffer_minutes: int = 0, kinds: tuple[str, ...] = (KIND,)) -> Act:
    """Return an act of a length, with nothing of a specialty."""
    text = Text(fr="rien", en="nothing")
    return Act(
        code="01",
        slug="visit",
        name=text,
        neutral_name=text,
        summary=text,
        minutes=minutes,
        buffer_minutes=buffer_minutes,
        fee_cents=0,
        reimbursement=text,
        traces=Traces(bank=text, insurance=text, mutuelle=text),
        place="on_site",
        practitioner_kinds=kinds,
        booking="instant",
    )
