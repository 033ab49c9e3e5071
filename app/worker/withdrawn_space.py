"""Taking a space's secret to tell the patient what staff decided, also once staff have erased the file.

Who reads nothing but their space would otherwise see an appointment there, for all of the grace, whose time was
given away when it was called off.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from app.db import Databases
from app.ledger.service import record
from app.vault.door import Taken, Vault
from app.vault.sealing import Context, seal_json, unseal_json
from app.vault.tokens import derive_id
from app.vault.withdrawals import withdrawals_of
from app.worker.drain import NotYet


@dataclass(frozen=True, slots=True)
class WithdrawnSpace:
    """The secret of a space that staff withdrew, for the one work at hand."""

    secret: bytes

    def derived_id(self, _pseudonym: UUID, _purpose: str, label: str) -> UUID:
        """Return the id that the secret gives for a label."""
        return derive_id(self.secret, label)

    def open_json(self, sealed: bytes, context: Context) -> dict[str, Any]:
        """Open a sealed document. Raises Unsealable."""
        return unseal_json(self.secret, sealed, context)

    def seal_json(self, document: dict[str, Any], context: Context) -> bytes:
        """Seal a document that carries its `schema`. Raises SchemaMissing."""
        return seal_json(self.secret, document, context)


def take_space(db: Databases, vault: Vault, about: UUID, now: datetime) -> Taken | WithdrawnSpace:
    """Take out the secret of a space, its trace in the ledger first.

    Raises NotYet while a patient's or a term's withdrawal stands, or staff's whose moment has come: the space may
    be given back, and what waits goes with it once it is destroyed. Raises SecretMissing when it was destroyed,
    SiloUnavailable, and as the keystore does.
    """
    with db.reading("keys") as session:
        row = withdrawals_of(session, about).get("space")
    if row is not None and (row.origin != "staff" or row.due_at <= now):
        raise NotYet
    receipt = record(db, now, "worker", "space.opened", [about], ["space"], cause="clinic")
    taken = vault.take(receipt, [(about, "space")])
    if row is None:
        return taken
    with db.reading("keys") as session:
        return WithdrawnSpace(vault.keystore.get(session, about, "space"))
