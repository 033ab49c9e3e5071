"""Signing in: a password, then a code of the second factor or a recovery code. Each outcome is in the ledger."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from app.clinic.errors import SignInRefused
from app.clinic.journal import write
from app.clinic.people import SignedIn, find_person
from app.clinic.services import ClinicServices
from app.desk import second_factor, staff
from app.desk.models import Staff
from app.ledger.service import record

PASSWORD_LASTS = timedelta(minutes=5)
"""How long after the password the second factor may be given."""


def check_password(services: ClinicServices, login: str, password: str) -> UUID:
    """Return whose password it is. Unknown, disabled, slowed and wrong look alike and take the same time.

    Raises SignInRefused, TooManyAtOnce, SiloUnavailable.
    """
    now = services.clock()
    with services.db.writing("desk") as session:
        person = staff.by_login(session, login)
        reason = _closed(person)
        if person and not reason and not staff.take_attempt(session, person.id, now):
            reason = "locked"
        password_hash = person.password_hash if person and not reason else None
    right = services.passwords.match(password_hash, password)
    if person is None or reason or not right:
        _refused(services, person.id if person else None, reason or "password")
        raise SignInRefused
    return person.id


def check_code(services: ClinicServices, staff_id: UUID, code: str) -> SignedIn:
    """Return who signs in with a code of this moment, never used before. Raises SignInRefused, SiloUnavailable."""
    now = services.clock()
    with services.db.writing("desk") as session:
        person = staff.get_staff(session, staff_id)
        reason = _closed(person)
        if not reason and not staff.take_attempt(session, staff_id, now):
            reason = "locked"
        if not reason:
            reason = _spend_code(services, session, person, code)
        if not reason:
            staff.forgive(session, staff_id)
    return _outcome(services, staff_id, reason, "code")


def check_recovery_code(services: ClinicServices, staff_id: UUID, code: str) -> SignedIn:
    """Return who signs in with a recovery code, which is then spent. Raises SignInRefused, SiloUnavailable."""
    now = services.clock()
    with services.db.writing("desk") as session:
        reason = _closed(staff.get_staff(session, staff_id))
        if not reason and not staff.take_attempt(session, staff_id, now):
            reason = "locked"
        if not reason and not second_factor.spend_recovery_code(session, staff_id, code, now):
            reason = "code"
        if not reason:
            staff.forgive(session, staff_id)
    return _outcome(services, staff_id, reason, "recovery")


def sign_out(services: ClinicServices, person: SignedIn) -> None:
    """Write that somebody signed out."""
    write(services, person, "staff.signed_out")


def totp_label(staff_id: UUID) -> str:
    """Return what a second factor's secret is sealed for."""
    return f"totp {staff_id}"


def _closed(person: Staff | None) -> str:
    if person is None:
        return "unknown"
    if person.disabled_at is not None:
        return "disabled"
    return "" if staff.can_sign_in(person) else "invitation"


def _spend_code(services: ClinicServices, session: Session, person: Staff, code: str) -> str:
    if person.sealed_totp is None:
        return "invitation"
    secret = services.vault.keystore.open_field("desk", totp_label(person.id), person.sealed_totp).decode()
    step = second_factor.matching_step(secret, code, services.clock())
    if step is None:
        return "code"
    return "" if second_factor.spend_step(session, person.id, step) else "replay"


def _outcome(services: ClinicServices, staff_id: UUID, reason: str, factor: str) -> SignedIn:
    if reason:
        _refused(services, staff_id, reason)
        raise SignInRefused
    with services.db.reading("desk") as session:
        person = find_person(session, staff_id)
    if person is None:
        raise SignInRefused
    write(services, person, "staff.signed_in", factor=factor)
    return person


def _refused(services: ClinicServices, staff_id: UUID | None, reason: str) -> None:
    record(services.db, services.clock(), "clinic", "staff.sign_in_refused", staff=staff_id, reason=reason)
