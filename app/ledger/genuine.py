"""Events that only who has the keystore can have written: the id of each is derived from all that it says.

Every zone may insert events, and say in them what it likes. What is done again on the ledger's word alone
(destroying, withdrawing, holding) is done for these, which the patient's zone cannot forge.
"""

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from app.db import Databases
from app.ledger.events import FieldValue
from app.ledger.service import Entry, Zone, record
from app.vault.keystore import Keystore
from app.vault.tokens import derive_id


def say(
    db: Databases,
    keystore: Keystore,
    now: datetime,
    zone: Zone,
    event_name: str,
    subject: UUID,
    **fields: FieldValue,
) -> None:
    """Write an event about one pseudonym. The worker repeats its steps: what it says twice in an hour is one.

    Raises EventRefused, LedgerUnavailable, KeystoreSealed.
    """
    once = genuine_id(keystore, zone, now, event_name, subject, fields)
    record(db, now, zone, event_name, [subject], (), once, **fields)


def seconds(moment: datetime) -> int:
    """Return a moment as an event tells it: whole seconds since 1970, none before."""
    return max(0, int(moment.timestamp()))


def is_genuine(keystore: Keystore, entry: Entry, *zones: Zone) -> bool:
    """Say whether an event that was read back is one that `say` wrote, in one of these zones."""
    said = entry.content
    if said is None or entry.zone not in zones or len(said.subjects) != 1:
        return False
    subject = UUID(said.subjects[0])
    return entry.id == genuine_id(keystore, entry.zone, entry.at, entry.name, subject, said.fields)


def genuine_id(keystore: Keystore, zone: str, at: datetime, name: str, subject: UUID, fields: Any) -> UUID:
    """Return the id of an event; who has no keystore can't foresee it."""
    moment = at.astimezone(UTC)
    when = f"{moment:%Y-%m-%dT%H}" if zone == "worker" else moment.isoformat()
    said = json.dumps([zone, when, name, str(subject), dict(fields)], sort_keys=True, default=str)
    return derive_id(keystore.derive_field("ledger", "genuine events"), said)
