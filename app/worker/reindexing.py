"""The turn of the blind indexes' key: every contact that is indexed under an older one is opened and indexed anew.

The ledger comes first, for the contacts as for the key. A batch is written in one commit; a worker killed anywhere
leaves rows of two epochs, which look-ups know, and the next call goes on. An older key goes with its last row.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from app.clock import Clock
from app.db import Databases
from app.identity.models import Contact
from app.identity.service import get_contacts
from app.ledger.service import record
from app.vault import blind
from app.vault.blind import IndexKey, IndexKeys, Values
from app.vault.door import Taken, Vault
from app.vault.errors import EpochKeyMissing, SecretMissing
from app.vault.sealing import Context, Unsealable
from app.vault.tokens import derive_id

BATCH = 200
"""Most contacts that one event names and one transaction indexes."""


def reindex(db: Databases, vault: Vault, clock: Clock) -> int:
    """Bring every row under the current key and destroy the keys it leaves; return how many contacts were opened.

    Raises SiloUnavailable, KeystoreDamaged.
    """
    now, keys = clock(), blind.index_keys(vault.keystore)
    if not keys.names():
        return 0
    current, moved = keys.current(now), 0
    while batch := _stale(db, current):
        _renew(db, vault, current, batch, now)
        moved += len(batch)
    _destroy_unused(db, vault, keys, current, now)
    return moved


def _stale(db: Databases, current: IndexKey) -> list[UUID]:
    with db.reading("keys") as session:
        return blind.stale(session, current, BATCH)


def _renew(db: Databases, vault: Vault, current: IndexKey, batch: Sequence[UUID], now: datetime) -> None:
    receipt = record(db, now, "worker", "contacts.reindexed", batch, ["contact"], count=len(batch))
    with db.reading("identity") as session:
        contacts = get_contacts(session, batch)
    taken = vault.take(receipt, [(pseudonym, "contact") for pseudonym in batch])
    values = {pseudonym: _values(taken, contacts, pseudonym) for pseudonym in batch}
    with db.writing("keys") as session:
        for pseudonym in batch:
            blind.renew(session, current, pseudonym, values[pseudonym])


def _values(taken: Taken, contacts: Mapping[UUID, Contact], pseudonym: UUID) -> Values:
    """Return what of a contact is indexed: nothing once it is gone, or can't be opened."""
    contact = contacts.get(pseudonym)
    if contact is None:
        return {}
    context = Context("identity.contact", pseudonym, "contact", contact.submission, 1)
    try:
        return blind.normal_values(taken.open_json(contact.sealed, context))
    except (SecretMissing, EpochKeyMissing, Unsealable):
        return {}


def _destroy_unused(db: Databases, vault: Vault, keys: IndexKeys, current: IndexKey, now: datetime) -> None:
    with db.reading("keys") as session:
        unused = blind.unused(session, keys, current)
    for name in unused:
        # The id of a key's one event, as app.worker.epochs makes them.
        once = derive_id(vault.keystore.derive_field("ledger", "epoch events"), f"epoch.destroyed index {name}")
        record(db, now, "worker", "epoch.destroyed", once=once, epoch=name, kind="index")
        keys.destroy(name)
