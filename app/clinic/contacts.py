"""How patients on a list are called and reached: opened with one receipt for the whole list, never what for."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from app.clinic.journal import write
from app.clinic.people import SignedIn
from app.clinic.services import ClinicServices
from app.desk.models import Visit
from app.identity.models import Contact
from app.identity.service import get_contacts
from app.vault.door import Taken
from app.vault.errors import SecretMissing
from app.vault.receipts import Receipt
from app.vault.sealing import Context

ListName = Literal["requests", "day", "week"]


@dataclass(frozen=True, slots=True)
class Reach:
    """How a patient wants to be called and reached. All empty when the contact is gone."""

    name: str
    channel: str
    phone: str
    email: str
    call_ok: bool
    voicemail_ok: bool
    language: str

    @property
    def reachable(self) -> bool:
        """Whether there is any way to reach the patient."""
        return self.channel in ("phone", "email")


GONE = Reach("", "none", "", "", call_ok=False, voicemail_ok=False, language="fr")
"""What is left of a contact that was withdrawn, or not carried in yet."""


def open_list(
    services: ClinicServices, person: SignedIn, name: ListName, visits: Sequence[Visit]
) -> dict[UUID, Reach]:
    """Return the contact of each visit's patient, by pseudonym, once the ledger says the list was opened.

    Raises LedgerUnavailable, SiloUnavailable.
    """
    if not visits:
        return {}
    pseudonyms = [visit.pseudonym for visit in visits]
    receipt = write(
        services,
        person,
        "list.opened",
        subjects=pseudonyms,
        purposes=["contact"],
        list=name,
        form="screen",
        count=len(visits),
    )
    return opened_with(services, receipt, pseudonyms)


def open_one(services: ClinicServices, person: SignedIn, visit: Visit) -> Reach:
    """Return the contact of one visit's patient, once the ledger says so. Raises as `open_list` does."""
    receipt = write(
        services,
        person,
        "contact.opened",
        subjects=[visit.pseudonym],
        purposes=["contact"],
    )
    return opened_with(services, receipt, [visit.pseudonym])[visit.pseudonym]


def opened_with(services: ClinicServices, receipt: Receipt, pseudonyms: Iterable[UUID]) -> dict[UUID, Reach]:
    """Return contacts that a receipt covers, their secrets taken out together."""
    wanted = list(pseudonyms)
    taken = services.vault.take(receipt, [(pseudonym, "contact") for pseudonym in wanted])
    return reaches_of(services, taken, wanted)


def reaches_of(services: ClinicServices, taken: Taken, pseudonyms: Iterable[UUID]) -> dict[UUID, Reach]:
    """Return contacts whose secrets are taken out."""
    wanted = list(pseudonyms)
    with services.db.reading("identity") as session:
        found = get_contacts(session, wanted)
    return {pseudonym: _reach(taken, found.get(pseudonym)) for pseudonym in wanted}


def _reach(taken: Taken, contact: Contact | None) -> Reach:
    if contact is None:
        return GONE
    context = Context("identity.contact", contact.pseudonym, "contact", contact.submission, 1)
    try:
        document: dict[str, Any] = taken.open_json(contact.sealed, context)
    except SecretMissing:
        return GONE
    return Reach(
        name=document["call_name"],
        channel=document["channel"],
        phone=document["phone"] or "",
        email=document["email"] or "",
        call_ok=bool(document["call_ok"]),
        voicemail_ok=bool(document["voicemail_ok"]),
        language=document["language"],
    )
