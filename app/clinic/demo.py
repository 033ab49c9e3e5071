"""Sign-ins of the invented staff, for the demonstration alone."""

from dataclasses import dataclass
from uuid import UUID, uuid5

from app.clinic.services import ClinicServices
from app.clinic.sign_in import totp_label
from app.config import SettingsError
from app.db import Databases
from app.desk.models import Staff
from app.desk.second_factor import STEP_SECONDS, current_code
from app.desk.staff import can_sign_in, everyone

PASSWORD = "paravent invente pour la demonstration"  # noqa: S105 - of invented people, under the demonstration setting

_ACCOUNTS = UUID("5a1f3c0e-7d0b-4c53-9a3c-0c5f6e1b8d24")


@dataclass(frozen=True, slots=True)
class DemoSignIn:
    """What it takes to sign in as somebody invented; the code lasts `seconds` more."""

    login: str
    name: str
    role: str
    password: str
    code: str
    seconds: int


def sign_ins(services: ClinicServices) -> list[DemoSignIn]:
    """Return a sign-in for each account that the demonstration itself made, once complete; never another's."""
    now = services.clock()
    left = STEP_SECONDS - int(now.timestamp()) % STEP_SECONDS
    with services.db.reading("desk") as session:
        people = [
            (p.login, p.display_name, p.role, p.id, p.sealed_totp)
            for p in everyone(session)
            if _is_ours(p) and can_sign_in(p)
        ]
    found = []
    for login, name, role, staff_id, sealed in people:
        secret = services.vault.keystore.open_field("desk", totp_label(staff_id), sealed or b"").decode()
        found.append(DemoSignIn(login, name, role, PASSWORD, current_code(secret, now), left))
    return found


def account_id(login: str) -> UUID:
    """Return the id of the demonstration's account of a login; no other account can have it."""
    return uuid5(_ACCOUNTS, login)


def check_no_other_account(db: Databases) -> None:
    """Check that whoever has an account is invented: `/demo` opens the clinic to anybody. Raises SettingsError."""
    with db.reading("desk") as session:
        others = sum(not _is_ours(person) for person in everyone(session))
    if others:
        raise SettingsError(
            ["PARAVENT_DEMO is on, but this installation has accounts that the demonstration did not make"]
        )


def _is_ours(person: Staff) -> bool:
    return person.id == account_id(person.login)
