"""Members of staff: invited, signed in, slowed after failures, disabled. The session is given; nothing commits."""

import base64
import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal, get_args
from uuid import UUID, uuid4

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from app.desk.errors import InvitationRefused, LastAdministrator, LoginTaken, StaffNotFound
from app.desk.models import Practitioner, RecoveryCode, Staff, StaffSession

Role = Literal["practitioner", "desk", "administrator"]
ROLES: tuple[Role, ...] = get_args(Role)

INVITATION_HOURS = 72
FREE_ATTEMPTS = 10
"""Attempts (a password or a code each) before an account is slowed."""
FIRST_DELAY_SECONDS = 30
LONGEST_DELAY_SECONDS = 900
SETTLED_AFTER = timedelta(days=7)
"""How long after its last invitation an account counts as a person of its own, where two persons must agree."""


def invite(
    session: Session, login: str, display_name: str, role: Role, now: datetime, staff_id: UUID | None = None
) -> tuple[UUID, str]:
    """Create an account nobody can use yet; return its id and the code that opens it once. Raises LoginTaken.

    `staff_id` is the demonstration's: its accounts are told from others by their id.
    """
    wanted = normal_login(login)
    if session.scalar(select(Staff.id).where(Staff.login == wanted)):
        raise LoginTaken
    person = Staff(
        id=staff_id or uuid4(),
        login=wanted,
        display_name=display_name.strip(),
        role=role,
        last_totp_step=0,
        failures=0,
    )
    session.add(person)
    session.flush()
    return person.id, _give_invitation(person, now)


def invite_again(session: Session, staff_id: UUID, now: datetime) -> str:
    """Take away password, second factor and sessions, and return a new code. Raises StaffNotFound."""
    person = get_staff(session, staff_id)
    person.password_hash = None
    person.sealed_totp = None
    session.execute(delete(RecoveryCode).where(RecoveryCode.staff_id == staff_id))
    end_sessions(session, staff_id)
    return _give_invitation(person, now)


def invited(session: Session, code: str, now: datetime) -> Staff:
    """Return who a code invites. Raises InvitationRefused."""
    return still_invited(session, invitation_hash(code), now)


def still_invited(session: Session, invitation: bytes, now: datetime) -> Staff:
    """Return who an invitation, by its hash, still invites: a newer one ends it. Raises InvitationRefused."""
    person = session.scalar(select(Staff).where(Staff.invitation_hash == invitation))
    if person is None or person.disabled_at or not person.invitation_expires_at:
        raise InvitationRefused
    if person.invitation_expires_at <= now:
        raise InvitationRefused
    return person


def prepare(person: Staff, password_hash: str, sealed_totp: bytes) -> None:
    """Keep the chosen password and a new second factor; the account opens only once a code is confirmed."""
    person.password_hash = password_hash
    person.sealed_totp = sealed_totp
    person.last_totp_step = 0


def complete(person: Staff) -> None:
    """End the invitation: from now on the account is in use."""
    person.invitation_hash = None
    person.invitation_expires_at = None
    person.failures = 0
    person.locked_until = None


def can_sign_in(person: Staff) -> bool:
    """Whether an account is complete: enabled, invitation done, both factors set."""
    return bool(
        person.disabled_at is None
        and person.invitation_hash is None
        and person.password_hash is not None
        and person.sealed_totp is not None
    )


def by_login(session: Session, login: str) -> Staff | None:
    """Return the account of a login however it was typed, or None.

    What was typed reaches no statement, and so no log of a database server: some type a password there.
    """
    wanted = normal_login(login)
    return next((one for one in session.scalars(select(Staff)) if one.login == wanted), None)


def get_staff(session: Session, staff_id: UUID) -> Staff:
    """Return a member of staff. Raises StaffNotFound."""
    person = session.get(Staff, staff_id)
    if person is None:
        raise StaffNotFound
    return person


def everyone(session: Session) -> Sequence[Staff]:
    """Return every account, by name."""
    return session.scalars(select(Staff).order_by(Staff.display_name, Staff.login)).all()


def take_attempt(session: Session, staff_id: UUID, now: datetime) -> bool:
    """Count an attempt before it is judged. False while the account is slowed.

    Counting first leaves nothing to win by guessing in parallel. Past the free attempts, each pair (a password and
    a code) is followed by a pause that doubles up to a quarter of an hour.
    """
    person = session.get(Staff, staff_id, with_for_update=True)
    if person is None or (person.locked_until and person.locked_until > now):
        return False
    person.failures += 1
    over = person.failures - FREE_ATTEMPTS
    if over >= 0 and over % 2 == 0:
        pause = min(FIRST_DELAY_SECONDS * 2 ** min(over // 2, 10), LONGEST_DELAY_SECONDS)
        person.locked_until = now + timedelta(seconds=pause)
    return True


def forgive(session: Session, staff_id: UUID) -> None:
    """Forget the failures of somebody who has just proved both factors."""
    person = get_staff(session, staff_id)
    person.failures = 0
    person.locked_until = None


def check_disable(session: Session, staff_id: UUID) -> None:
    """Check that an account may be closed: an administrator stays. Raises StaffNotFound, LastAdministrator."""
    if get_staff(session, staff_id).role == "administrator" and _other_administrators(session, staff_id) == 0:
        raise LastAdministrator


def disable(session: Session, staff_id: UUID, now: datetime) -> None:
    """Close an account and its sessions. Raises StaffNotFound, LastAdministrator."""
    check_disable(session, staff_id)
    get_staff(session, staff_id).disabled_at = now
    end_sessions(session, staff_id)


def enable(session: Session, staff_id: UUID) -> None:
    """Open a disabled account again, as it was. Raises StaffNotFound."""
    get_staff(session, staff_id).disabled_at = None


def is_settled(session: Session, staff_id: UUID, now: datetime) -> bool:
    """Whether an account was last invited long enough ago to count as a person of its own.

    An administrator can invite a second account to themselves, or a colleague's again: in that time it is seen.
    """
    person = session.get(Staff, staff_id)
    if person is None:
        return False
    return person.invited_at is None or person.invited_at <= now - SETTLED_AFTER


def end_sessions(session: Session, staff_id: UUID) -> None:
    """Sign somebody out everywhere."""
    session.execute(delete(StaffSession).where(StaffSession.staff_id == staff_id))


def practitioner_of(session: Session, staff_id: UUID) -> UUID | None:
    """Return the practitioner a member of staff is, or None."""
    return session.scalar(select(Practitioner.id).where(Practitioner.staff_id == staff_id))


def normal_login(login: str) -> str:
    """Return the one spelling of a login: no spaces around, lower-case."""
    return login.strip().lower()


def _other_administrators(session: Session, staff_id: UUID) -> int:
    others = select(func.count()).where(
        Staff.role == "administrator",
        Staff.disabled_at.is_(None),
        Staff.invitation_hash.is_(None),
        Staff.id != staff_id,
    )
    return session.scalar(others) or 0


def _give_invitation(person: Staff, now: datetime) -> str:
    text = base64.b32encode(secrets.token_bytes(15)).decode().lower()
    code = "-".join(text[i : i + 4] for i in range(0, 24, 4))
    person.invitation_hash = invitation_hash(code)
    person.invited_at = now
    person.invitation_expires_at = now + timedelta(hours=INVITATION_HOURS)
    return code


def invitation_hash(code: str) -> bytes:
    """Return what is kept of an invitation code, however it was typed."""
    typed = "".join(character for character in code.lower() if character.isalnum())
    return hashlib.sha256(b"invitation" + typed.encode()).digest()
