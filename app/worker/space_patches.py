"""What staff decided, carried into the patient's sealed space: ledger → front → desk, the patch's row removed last.

The space is rewritten only over the version that was read. A patch already merged is known by its id, kept in
the space, so that merging it again changes nothing.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from app.booking.space import CONFIRMING
from app.clock import Clock
from app.db import Databases
from app.desk.models import DeskOutbox
from app.front import spaces
from app.front.models import Space
from app.ledger.service import record
from app.vault.door import Vault
from app.vault.errors import SecretMissing
from app.vault.sealing import Context
from app.vault.tokens import derive_id
from app.worker.drain import NotYet, Setbacks, drain

_CANCELLED = "cancelled"


def merge_patches(db: Databases, vault: Vault, clock: Clock, setbacks: Setbacks | None = None) -> int:
    """Merge every patch that waits, oldest first; return how many went through. Raises SiloUnavailable."""
    carry = partial(_carry, db, vault, clock)
    return drain(db, "desk", DeskOutbox, clock, Setbacks() if setbacks is None else setbacks, carry)


def merged(document: Mapping[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    """Apply a merge-patch to a space, except that nothing undoes a cancellation.

    As RFC 7396, but a null leaves its key there, empty: a space always has all the keys of its schema.
    """
    if document.get("state") == _CANCELLED:
        patch = {"message": patch.get("message")} if patch.get("state") == _CANCELLED else {}
    kept = {key: value for key, value in patch.items() if key != "schema"}
    result = {**document, **{key: _merge_patch(document.get(key), value) for key, value in kept.items()}}
    return result | ({"confirmed": True} if patch.get("state") in CONFIRMING else {})


def space_id_of(db: Databases, vault: Vault, pseudonym: UUID) -> UUID:
    """Return the row of a patient's space, which only its secret tells. Raises SecretMissing once destroyed."""
    with db.reading("keys") as session:
        return derive_id(vault.keystore.get(session, pseudonym, "space"), "space")


def _carry(db: Databases, vault: Vault, clock: Clock, _desk: Session, row: DeskOutbox) -> None:
    try:
        space_id = space_id_of(db, vault, row.pseudonym)
    except SecretMissing:
        return  # The space was erased: nobody is left to tell.
    now, about = clock(), row.pseudonym
    with db.reading("front") as session:
        space = spaces.load(session, space_id, now)
    if space is None:
        return
    receipt = record(db, now, "worker", "space.updated", [about], ["space"], space=space_id, cause="clinic")
    patch = vault.open_json(row.sealed, receipt, Context("desk.space_patch", about, "space", row.id, 1))
    document = vault.open_json(space.sealed, receipt, _context(about, space, space.version))
    if document.get("last_patch") == str(row.id):
        return
    _write(db, vault, about, space, merged(document, patch) | {"last_patch": str(row.id)})


def _write(db: Databases, vault: Vault, pseudonym: UUID, space: Space, document: Mapping[str, Any]) -> None:
    """Write the next version of a space. Raises NotYet when the patient wrote one meanwhile."""
    version = space.version + 1
    sealed = vault.seal_json(_context(pseudonym, space, version), document)
    try:
        with db.writing("front") as session:
            spaces.replace(session, space.id, sealed, version)
    except spaces.SpaceMoved:
        raise NotYet from None


def _context(pseudonym: UUID, space: Space, version: int) -> Context:
    return Context("front.space", pseudonym, "space", space.id, version)


def _merge_patch(target: object, patch: object) -> Any:
    """Return a merge-patch's result: objects merge, all else replaces, null empties a key without removing it."""
    if not (isinstance(patch, Mapping) and isinstance(target, Mapping)):
        return patch
    return {**target, **{key: _merge_patch(target.get(key), value) for key, value in patch.items()}}
