"""The demonstration's clinic: two sites, five practitioners, a desk, an administrator. All of it is invented."""

from datetime import datetime
from uuid import UUID, uuid4, uuid5

from sqlalchemy.orm import Session

from app.clinic.demo import PASSWORD, account_id
from app.clinic.directory import publish
from app.clinic.people import SignedIn, find_person
from app.clinic.services import ClinicServices
from app.clinic.sign_in import totp_label
from app.desk import places, second_factor, staff
from app.desk.models import ClinicRules, OpeningHours, Practitioner, Room, Site
from app.desk.staff import Role
from app.front.published import current_profiles
from app.ledger.service import record

_NAMESPACE = UUID("0b5e4c1e-9a55-4a0e-8d0e-2f3f6d1f7c11")
_MORNING, _AFTERNOON = (9 * 60, 13 * 60), (14 * 60, 18 * 60)

_PRACTITIONERS = (
    ("ines", "Inès Fictive", "woman"),
    ("paul", "Paul Exemple", "man"),
    ("maud", "Maud Inventée", "woman"),
    ("salome", "Salomé Modèle", "woman"),
    ("hugo", "Hugo Imaginé", "man"),
)
_PEOPLE_OF_PROFILE = (2, 2, 1)
"""How many practitioners share what each profile needs, in the order of the profiles' codes."""
_OTHERS: tuple[tuple[str, str, Role], ...] = (
    ("accueil", "Lou Essai (accueil)", "desk"),
    ("accueil2", "Noé Factice (accueil)", "desk"),
    ("direction", "Ada Démonstration (administration)", "administrator"),
)


def build_clinic(services: ClinicServices) -> dict[str, SignedIn]:
    """Write places, hours, rules and accounts, publish, and return who can act, by login."""
    now = services.clock()
    password_hash = services.passwords.hash(PASSWORD)
    logins = [(login, name, "practitioner") for login, name, _gender in _PRACTITIONERS]
    with services.db.writing("desk") as session:
        for login, name, role in (*logins, *_OTHERS):
            _open_account(services, session, login, name, role, password_hash, now)
        _write_places(session, _kinds(services))
    publish(services.db, services.clock, "cli", None)
    return people_of(services)


def people_of(services: ClinicServices) -> dict[str, SignedIn]:
    """Return who can act, by login."""
    with services.db.reading("desk") as session:
        people = {person.login: find_person(session, person.id) for person in staff.everyone(session)}
    return {login: person for login, person in people.items() if person is not None}


def _open_account(
    services: ClinicServices, session: Session, login: str, name: str, role: str, password_hash: str, now: datetime
) -> None:
    """Open an account as an invitation would, with a second factor of its own; it is no new account any more."""
    allowed: Role = next(one for one in staff.ROLES if one == role)
    staff_id, _code = staff.invite(session, login, name, allowed, now - staff.SETTLED_AFTER, account_id(login))
    record(services.db, now, "cli", "staff.changed", actor=None, staff=staff_id, change="invited")
    secret = second_factor.new_totp_secret().encode()
    sealed = services.vault.keystore.seal_field("desk", totp_label(staff_id), secret)
    person = staff.get_staff(session, staff_id)
    staff.prepare(person, password_hash, sealed)
    staff.complete(person)
    session.flush()


def _kinds(services: ClinicServices) -> list[list[str]]:
    """Share out the kinds of practitioners that the published profiles ask for, so that every act has somebody."""
    with services.db.reading("front") as session:
        profiles = [one.profile for one in current_profiles(session).values()]
    shared: list[list[str]] = []
    for profile, people in zip(profiles, _PEOPLE_OF_PROFILE, strict=False):
        wanted = list(dict.fromkeys(kind for act in profile.acts for kind in act.practitioner_kinds))
        alone = people - 1
        shared += [[kind] for kind in wanted[:alone]] + [wanted[alone:]]
    return shared


def _write_places(session: Session, kinds: list[list[str]]) -> None:
    quay, garden = _sites()
    places.save(session, quay)
    places.save(session, garden)
    for room in _rooms(quay.id, garden.id):
        places.save(session, room)
    for number, (login, name, gender) in enumerate(_PRACTITIONERS):
        account = staff.by_login(session, login)
        person = Practitioner(
            id=_id(login),
            staff_id=account.id if account else None,
            name=name,
            kinds=",".join(sorted(kinds[number])),
            gender=gender,
        )
        places.save(session, person)
        for row in _week(person.id, (quay.id, garden.id), number):
            places.save(session, row)
    rules = ClinicRules(
        id=1, notice_hours=2, horizon_days=60, cancel_hours=24, call_starts_minute=540, call_ends_minute=1080
    )
    places.save(session, rules)


def _sites() -> tuple[Site, Site]:
    shared = {"timezone": "Europe/Paris", "desk_words": "« Bonjour, j’ai rendez-vous », puis l’heure."}
    quay = Site(
        id=_id("quay"),
        name="Estran, le Quai (démonstration)",
        address="1 quai de l’Exemple, 29000 Ville-Inventée",
        door="Estran, porte bleue, rez-de-chaussée",
        phone="02 61 91 00 01",
        step_free=True,
        **shared,
    )
    garden = Site(
        id=_id("garden"),
        name="Estran, le Jardin (démonstration)",
        address="8 rue du Modèle, 29000 Ville-Inventée",
        door="Estran, deuxième étage, sonnez deux fois",
        phone="02 61 91 00 02",
        step_free=False,
        **shared,
    )
    return quay, garden


def _rooms(quay: UUID, garden: UUID) -> list[Room]:
    return [
        Room(id=_id("galet"), site_id=quay, name="Galet", step_free=True),
        Room(id=_id("embrun"), site_id=quay, name="Embrun", step_free=True),
        Room(id=_id("varech"), site_id=quay, name="Varech", step_free=True),
        Room(id=_id("fougere"), site_id=garden, name="Fougère", step_free=False),
        Room(id=_id("tilleul"), site_id=garden, name="Tilleul", step_free=False),
    ]


def _week(person: UUID, sites: tuple[UUID, UUID], number: int) -> list[OpeningHours]:
    """Return a week that turns between the sites; there is somebody every day, so that *today* is never empty."""
    return [
        OpeningHours(
            id=uuid4(),
            practitioner_id=person,
            site_id=sites[(number + weekday) % 2],
            weekday=weekday,
            starts_minute=starts,
            ends_minute=ends,
        )
        for weekday in range(7)
        for starts, ends in (_MORNING, _AFTERNOON)
    ]


def _id(name: str) -> UUID:
    return uuid5(_NAMESPACE, name)
