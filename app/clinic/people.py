"""Who is signed in, as the pages and the ledger know them."""

from dataclasses import dataclass
from uuid import UUID

from flask_login import UserMixin, current_user
from sqlalchemy.orm import Session

from app.desk.agenda import Viewer
from app.desk.models import Staff
from app.desk.staff import Role, can_sign_in, practitioner_of


@dataclass(frozen=True)
class SignedIn(UserMixin):  # type: ignore[misc]
    """A member of staff, read again from the desk silo at each request, so that rights change at once."""

    id: UUID
    name: str
    role: Role
    practitioner: UUID | None

    def get_id(self) -> str:
        """Return what the session remembers of them."""
        return str(self.id)

    @property
    def viewer(self) -> Viewer:
        """What they see of the agenda. A practitioner's account that is nobody's sees nothing."""
        return Viewer(None) if self.role == "desk" else Viewer(self.practitioner or self.id)


def find_person(session: Session, staff_id: UUID) -> SignedIn | None:
    """Return who may be signed in under this id, or None once the account is closed or asked to begin again."""
    person = session.get(Staff, staff_id)
    if person is None or not can_sign_in(person):
        return None
    role: Role = person.role  # type: ignore[assignment]
    return SignedIn(person.id, person.display_name, role, practitioner_of(session, person.id))


def me() -> SignedIn:
    """Return the person signed in. Only for pages that `roles` guards."""
    found: SignedIn = current_user._get_current_object()
    return found
