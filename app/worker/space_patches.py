"""What staff decided, carried into the patient's sealed space: ledger → keys (the opening's trace) → ledger →
front → desk, the patch's row removed last.

The space is rewritten only over the version that was read. A patch already merged is known by its id, kept in
the space, so that merging it again changes nothing.
"""

import hashlib
from collections.abc import Mapping
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.booking.space import CONFIRMING
from app.clock import Clock
from app.db import Databases
from app.desk import agenda
from app.desk.models import DeskOutbox, Visit
from app.front import spaces
from app.front.models import Space
from app.ledger.service import record
from app.vault.door import Taken, Vault
from app.vault.errors import SecretMissing, SecretWithdrawn
from app.vault.sealing import Context
from app.worker.drain import NotYet, Setbacks, drain
from app.worker.withdrawn_space import WithdrawnSpace, take_space

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
        said = patch.get("state") == _CANCELLED and "message" in patch
        patch = {"message": patch["message"]} if said else {}
    kept = {key: value for key, value in patch.items() if key != "schema"}
    result = {**document, **{key: _merge_patch(document.get(key), value) for key, value in kept.items()}}
    return result | ({"confirmed": True} if patch.get("state") in CONFIRMING else {})


def _carry(db: Databases, vault: Vault, clock: Clock, desk: Session, row: DeskOutbox) -> None:
    now, about = clock(), row.pseudonym
    try:
        taken = take_space(db, vault, about, now)
        space_id = taken.derived_id(about, "space", "space")  # Only its secret tells which row it is.
    except SecretWithdrawn:
        raise NotYet from None  # Since it was looked at; it may be given back.
    except SecretMissing:
        return  # The space was erased: nobody is left to tell.
    with db.reading("front") as session:
        space = spaces.load(session, space_id, now)
    if space is None:
        return
    patch = _patch(desk, taken, row)
    document = taken.open_json(space.sealed, _context(about, space, space.version))
    if document.get("last_patch") == str(row.id):
        return
    version = space.version + 1
    written = merged(document, patch) | {"last_patch": str(row.id)}
    sealed = taken.seal_json(written, _context(about, space, version))
    told = hashlib.sha256(sealed).hexdigest()
    record(db, now, "worker", "space.updated", [about], space=space.id, version=version, digest=told)
    _write(db, space, sealed, version)


def _patch(desk: Session, taken: Taken | WithdrawnSpace, row: DeskOutbox) -> dict[str, Any]:
    """Return a row's patch; or how the visit stands, if it was changed while nobody could seal for the space."""
    if row.kind != agenda.STATE_ALONE:
        return taken.open_json(row.sealed, Context("desk.space_patch", row.pseudonym, "space", row.id, 1))
    state = desk.scalar(select(Visit.state).where(Visit.pseudonym == row.pseudonym))
    if state is None:
        return {}
    return {"state": state} | ({} if state == "proposed" else {"proposals": []})


def _write(db: Databases, space: Space, sealed: bytes, version: int) -> None:
    """Write the next version of a space. Raises NotYet when the patient wrote one meanwhile."""
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
