"""The second factor: time-based codes (RFC 6238) accepted once, and recovery codes that work once."""

import base64
import hashlib
import secrets
from datetime import datetime
from uuid import UUID, uuid4

import pyotp
from sqlalchemy import delete, update
from sqlalchemy.engine import CursorResult
from sqlalchemy.orm import Session

from app.desk.models import RecoveryCode, Staff

STEP_SECONDS = 30
RECOVERY_CODES = 8


def new_totp_secret() -> str:
    """Return a fresh secret of 160 bits, in base32 (RFC 4226, section 4)."""
    return str(pyotp.random_base32())


def enrolment_uri(secret: str, login: str, issuer: str) -> str:
    """Return the address that an authenticator reads from a QR code."""
    return str(pyotp.TOTP(secret).provisioning_uri(name=login, issuer_name=issuer))


def current_code(secret: str, now: datetime) -> str:
    """Return the code of this moment, for the demonstration page and the tests."""
    return str(pyotp.TOTP(secret).at(now))


def matching_step(secret: str, code: str, now: datetime) -> int | None:
    """Return the time step a code belongs to, one step early or late allowed; None when it is wrong."""
    typed = "".join(code.split())
    present = int(now.timestamp()) // STEP_SECONDS
    generator = pyotp.TOTP(secret)
    found = None
    for step in (present - 1, present, present + 1):
        if secrets.compare_digest(str(generator.generate_otp(step)).encode(), typed.encode()):
            found = step
    return found


def spend_step(session: Session, staff_id: UUID, step: int) -> bool:
    """Mark a time step as used. False when it, or a later one, already was: one winner under parallel use."""
    spent = update(Staff).where(Staff.id == staff_id, Staff.last_totp_step < step).values(last_totp_step=step)
    return _changed_one(session.execute(spent))


def renew_recovery_codes(session: Session, staff_id: UUID) -> tuple[str, ...]:
    """Replace every recovery code and return the new ones, of 80 bits each, to be shown once."""
    session.execute(delete(RecoveryCode).where(RecoveryCode.staff_id == staff_id))
    codes = tuple(_new_recovery_code() for _ in range(RECOVERY_CODES))
    session.add_all(
        RecoveryCode(id=uuid4(), staff_id=staff_id, code_hash=_recovery_hash(staff_id, code)) for code in codes
    )
    return codes


def spend_recovery_code(session: Session, staff_id: UUID, code: str, now: datetime) -> bool:
    """Use a recovery code. False when it is wrong or already used; one winner under parallel use."""
    spent = (
        update(RecoveryCode)
        .where(
            RecoveryCode.staff_id == staff_id,
            RecoveryCode.code_hash == _recovery_hash(staff_id, code),
            RecoveryCode.used_at.is_(None),
        )
        .values(used_at=now)
    )
    return _changed_one(session.execute(spent))


def _new_recovery_code() -> str:
    text = base64.b32encode(secrets.token_bytes(10)).decode().lower()
    return "-".join(text[i : i + 4] for i in range(0, 16, 4))


def _recovery_hash(staff_id: UUID, code: str) -> str:
    """80 random bits need no slow hash; the owner's id makes equal codes differ."""
    typed = "".join(character for character in code.lower() if character.isalnum())
    return hashlib.sha256(staff_id.bytes + typed.encode()).hexdigest()


def _changed_one(result: object) -> bool:
    return isinstance(result, CursorResult) and result.rowcount == 1
