"""Sign-ins of the invented staff, for the demonstration alone."""

from dataclasses import dataclass

from app.clinic.services import ClinicServices
from app.clinic.sign_in import totp_label
from app.desk.second_factor import STEP_SECONDS, current_code
from app.desk.staff import can_sign_in, everyone

PASSWORD = "paravent invente pour la demonstration"  # noqa: S105 - of invented people, under the demonstration setting


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
    """Return a sign-in for each account that is complete."""
    now = services.clock()
    left = STEP_SECONDS - int(now.timestamp()) % STEP_SECONDS
    with services.db.reading("desk") as session:
        people = [
            (p.login, p.display_name, p.role, p.id, p.sealed_totp) for p in everyone(session) if can_sign_in(p)
        ]
    found = []
    for login, name, role, staff_id, sealed in people:
        secret = services.vault.keystore.open_field("desk", totp_label(staff_id), sealed or b"").decode()
        found.append(DemoSignIn(login, name, role, PASSWORD, current_code(secret, now), left))
    return found
