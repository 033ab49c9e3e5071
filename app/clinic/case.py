"""Opening a case: the only file that puts a name beside what somebody comes for."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from app.care.service import get_case
from app.clinic.contacts import Reach, reaches_of
from app.clinic.journal import write
from app.clinic.people import SignedIn
from app.clinic.services import ClinicServices
from app.desk import agenda
from app.desk.models import Proposal, Visit
from app.vault.sealing import Context


@dataclass(frozen=True, slots=True)
class OpenCase:
    """A case as its practitioner reads it. `care` is the sealed document's content, `purposes` names by slug."""

    visit: Visit
    reach: Reach
    care: dict[str, Any]
    proposals: tuple[Proposal, ...]
    purposes: dict[str, str]


def open_case(services: ClinicServices, person: SignedIn, visit_id: UUID) -> OpenCase:
    """Open a case for a practitioner it belongs to; the ledger's row is durable before anything is read.

    Raises VisitNotFound (missing, or not theirs), LedgerUnavailable, CaseMissing, SecretMissing, SiloUnavailable.
    """
    with services.db.reading("desk") as session:
        visit = agenda.get_visit(session, visit_id, person.viewer)
        proposals = tuple(agenda.proposals_of(session, visit_id))
    receipt = write(
        services,
        person,
        "case.opened",
        subjects=[visit.pseudonym],
        purposes=["contact", "care"],
        form="screen",
    )
    with services.db.reading("care") as session:
        case = get_case(session, visit_id)
    about = visit.pseudonym
    taken = services.vault.take(receipt, [(about, "contact"), (about, "care")])
    care = taken.open_json(case.sealed, Context("care.answers", about, "care", case.id, 1))
    reach = reaches_of(services, taken, [about])[about]
    return OpenCase(visit, reach, care, proposals, _purposes(services, care))


def _purposes(services: ClinicServices, care: dict[str, Any]) -> dict[str, str]:
    """Return the names of the purposes decided upon, as the profile's version said them."""
    published = services.funnel.catalogue.profile(UUID(care["profile"]["id"]))
    return {purpose.slug: purpose.name.fr for purpose in published.profile.purposes}
