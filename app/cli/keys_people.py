"""Two members of staff, each with a password and a code, before a command of custody destroys anything.

Both sign at the same terminal, each with an account of their own: whoever is at the command line is one of them, or
stands beside them. A wrong try counts against the account as at the sign-in page, and is in the ledger.
"""

from uuid import UUID

from sqlalchemy.orm import Session

from app.cli.keys_table import People, Table
from app.clinic.sign_in import totp_label
from app.desk import second_factor, staff
from app.desk.models import Staff
from app.desk.passwords import Passwords
from app.ledger.service import record
from app.vault.errors import KeystoreError
from app.vault.keystore import Keystore
from app.vault.sealing import Unsealable

MAY_CONFIRM = "administrator"


class NotConfirmed(KeystoreError):
    """A person who had to confirm did not: wrong, slowed, of another role, or the same person twice."""


def two_people(table: Table, keystore: Keystore) -> People:
    """Return the two members of staff who confirm. Raises NotConfirmed, SiloUnavailable, LedgerUnavailable."""
    passwords = table.passwords()
    table.terminal.say("This destroys something: two administrators confirm it, each with password and code.")
    first = _signed(table, keystore, passwords, "First person")
    second = _signed(table, keystore, passwords, "Second person")
    if first == second:
        raise NotConfirmed("one person signed twice: nothing was changed; a second administrator must be here")
    return first, second


def _signed(table: Table, keystore: Keystore, passwords: Passwords, who: str) -> UUID:
    login = table.terminal.ask(f"{who}, login: ")
    person, reason = _checked_password(table, passwords, login)
    if person is not None and not reason:
        reason = _checked_code(table, keystore, person)
    if person is None or reason:
        record(table.db, table.clock(), "cli", "staff.sign_in_refused", staff=person, reason=reason)
        raise NotConfirmed(
            "login, password, code or role is not right, or the account is slowed: nothing was changed"
        )
    return person


def _checked_password(table: Table, passwords: Passwords, login: str) -> tuple[UUID | None, str]:
    """Return whose login it is, and why their password is not taken; empty when it is."""
    password = table.terminal.ask_hidden("Password: ")
    with table.db.writing("desk") as session:
        person = staff.by_login(session, login)
        reason = _closed(person)
        if person and not reason and not staff.take_attempt(session, person.id, table.clock()):
            reason = "locked"
        password_hash = person.password_hash if person and not reason else None
        person_id = person.id if person else None
    right = passwords.match(password_hash, password)
    return person_id, reason or ("" if right else "password")


def _checked_code(table: Table, keystore: Keystore, person_id: UUID) -> str:
    code = table.terminal.ask_hidden("Code: ")
    with table.db.writing("desk") as session:
        if not staff.take_attempt(session, person_id, table.clock()):
            return "locked"
        reason = _spent(table, keystore, session, person_id, code)
        if not reason:
            staff.forgive(session, person_id)
    return reason


def _spent(table: Table, keystore: Keystore, session: Session, person_id: UUID, code: str) -> str:
    sealed = staff.get_staff(session, person_id).sealed_totp or b""
    try:
        secret = keystore.open_field("desk", totp_label(person_id), sealed).decode()
    except Unsealable:
        return "invitation"
    step = second_factor.matching_step(secret, code, table.clock())
    if step is None:
        return "code"
    return "" if second_factor.spend_step(session, person_id, step) else "replay"


def _closed(person: Staff | None) -> str:
    if person is None or person.role != MAY_CONFIRM:
        return "unknown"
    if person.disabled_at is not None:
        return "disabled"
    return "" if staff.can_sign_in(person) else "invitation"
