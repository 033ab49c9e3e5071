"""Writing to the ledger on behalf of who is signed in."""

from collections.abc import Iterable
from uuid import UUID

from app.clinic.people import SignedIn
from app.clinic.services import ClinicServices
from app.ledger.events import FieldValue
from app.ledger.genuine import say
from app.ledger.service import record
from app.vault.receipts import Receipt


def write(
    services: ClinicServices,
    person: SignedIn,
    event: str,
    subjects: Iterable[UUID] = (),
    purposes: Iterable[str] = (),
    once: UUID | None = None,
    **fields: FieldValue,
) -> Receipt:
    """Write what somebody does, durably, before it is done; the receipt opens what it names.

    With `once`, the same event twice is one.

    Raises EventRefused, LedgerUnavailable.
    """
    named: dict[str, FieldValue] = {"actor": person.id, "role": person.role, **fields}
    return record(services.db, services.clock(), "clinic", event, subjects, purposes, once, **named)


def write_of_file(
    services: ClinicServices, person: SignedIn, event: str, pseudonym: UUID, **fields: FieldValue
) -> None:
    """Write what somebody does about a file as a whole: the worker does it again by this word, if a copy lost it.

    Raises EventRefused, LedgerUnavailable, KeystoreSealed.
    """
    named: dict[str, FieldValue] = {"actor": person.id, "role": person.role, **fields}
    say(services.db, services.vault.keystore, services.clock(), "clinic", event, pseudonym, **named)
