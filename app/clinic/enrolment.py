"""From an invitation to an account in use: a password, a second factor confirmed, recovery codes shown once."""

from dataclasses import dataclass
from uuid import UUID

from app.clinic.people import SignedIn, find_person
from app.clinic.services import ClinicServices
from app.clinic.sign_in import totp_label
from app.desk import second_factor, staff
from app.desk.errors import InvitationRefused
from app.desk.passwords import check_strength
from app.ledger.service import record


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What the authenticator page shows: the secret in groups to type, and the address its QR code holds."""

    login: str
    secret: str
    uri: str


def accept_code(services: ClinicServices, code: str) -> bytes:
    """Return the hash of an invitation code that invites somebody. Raises InvitationRefused.

    The steps that follow carry it, not who is invited: a newer invitation cuts them off.
    """
    with services.db.reading("desk") as session:
        staff.invited(session, code, services.clock())
    return staff.invitation_hash(code)


def invited_login(services: ClinicServices, invitation: bytes) -> str:
    """Return the login of somebody whose invitation lasts. Raises InvitationRefused."""
    with services.db.reading("desk") as session:
        return staff.still_invited(session, invitation, services.clock()).login


def choose_password(services: ClinicServices, invitation: bytes, password: str) -> None:
    """Keep a password, and make the second factor that must now be confirmed.

    Raises PasswordRefused, InvitationRefused, TooManyAtOnce.
    """
    with services.db.reading("desk") as session:
        person = staff.still_invited(session, invitation, services.clock())
        staff_id, login = person.id, person.login
    check_strength(password, login)
    password_hash = services.passwords.hash(password)
    secret = second_factor.new_totp_secret().encode()
    sealed = services.vault.keystore.seal_field("desk", totp_label(staff_id), secret)
    record(
        services.db, services.clock(), "clinic", "staff.changed", actor=staff_id, staff=staff_id, change="password"
    )
    with services.db.writing("desk") as session:
        staff.prepare(staff.still_invited(session, invitation, services.clock()), password_hash, sealed)


def enrolment(services: ClinicServices, invitation: bytes) -> Enrolment:
    """Return what to show for the authenticator. Raises InvitationRefused, also before a password was chosen."""
    with services.db.reading("desk") as session:
        person = staff.still_invited(session, invitation, services.clock())
        login, secret = person.login, _secret(services, person.id, person.sealed_totp)
    grouped = " ".join(secret[i : i + 4] for i in range(0, len(secret), 4))
    return Enrolment(login, grouped, second_factor.enrolment_uri(secret, login, services.settings.brand))


def confirm(services: ClinicServices, invitation: bytes, code: str) -> tuple[SignedIn, tuple[str, ...]] | None:
    """Open the account if the code is right: return who is signed in and their recovery codes; else None.

    Raises InvitationRefused.
    """
    now = services.clock()
    with services.db.reading("desk") as session:
        person = staff.still_invited(session, invitation, now)
        staff_id = person.id
        step = second_factor.matching_step(_secret(services, person.id, person.sealed_totp), code, now)
    if step is None:
        return None
    record(services.db, now, "clinic", "staff.changed", actor=staff_id, staff=staff_id, change="activated")
    with services.db.writing("desk") as session:
        person = staff.still_invited(session, invitation, now)
        if not second_factor.spend_step(session, staff_id, step):
            return None
        staff.complete(person)
        codes = second_factor.renew_recovery_codes(session, staff_id)
        session.flush()
        signed_in = find_person(session, staff_id)
    return (signed_in, codes) if signed_in else None


def _secret(services: ClinicServices, staff_id: UUID, sealed: bytes | None) -> str:
    if sealed is None:
        raise InvitationRefused
    return services.vault.keystore.open_field("desk", totp_label(staff_id), sealed).decode()
