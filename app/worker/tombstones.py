"""What was destroyed is destroyed again, should a silo restored from an older copy have brought it back.

The ledger's `purpose.destroyed` events are the tombstones; its own copies are never restored over it. They are
looked through when the worker starts, before anything else is done, and each hour. Events that this worker can't
have written are not heeded: every zone may insert some.
"""

import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select

from app.care.models import Case
from app.db import Databases, Silo
from app.desk.models import Visit
from app.identity.models import Contact
from app.ledger.genuine import is_genuine
from app.ledger.opening import EventKeys
from app.ledger.service import PURPOSES, Entry, events_named
from app.retention import TOMBSTONES_KEPT
from app.vault.keystore import Keystore
from app.vault.models import BlindIndex, Secret, SpaceSecret, Withdrawal
from app.worker.shredding import DESTROYED, File, overwrite_log, remove_from_silos, remove_rest

_BATCH = 200
_log = logging.getLogger("paravent.worker")


@dataclass(slots=True)
class _Stone:
    """What was destroyed of one pseudonym."""

    purposes: set[str] = field(default_factory=set)
    submission: UUID | None = None


def replay(db: Databases, keystore: Keystore, now: datetime) -> int:
    """Destroy again whatever the tombstones of the last weeks name and a silo has; return of how many pseudonyms.

    Raises SiloUnavailable, KeystoreError.
    """
    stones = _stones(keystore, events_named(db, DESTROYED, now - TOMBSTONES_KEPT, EventKeys(db, keystore)))
    risen = _risen(db, stones)
    for pseudonym in sorted(risen):
        stone = stones[pseudonym]
        remove_from_silos(db, keystore, File(pseudonym, frozenset(stone.purposes), stone.submission))
        if stone.purposes >= PURPOSES:
            remove_rest(db, pseudonym)
    if risen:
        overwrite_log(db)
        _log.warning(
            "what was destroyed had come back with a restored copy; it is destroyed again",
            extra={"count": len(risen)},
        )
    return len(risen)


def _stones(keystore: Keystore, entries: Iterable[Entry]) -> dict[UUID, _Stone]:
    """Gather the worker's tombstones by pseudonym; what can't be read, or is forged, is told of in the log."""
    stones: dict[UUID, _Stone] = defaultdict(_Stone)
    unread = forged = 0
    for entry in entries:
        if entry.content is None:
            unread += 1
        elif not is_genuine(keystore, entry, "worker"):
            forged += 1
        else:
            _add(stones[UUID(entry.content.subjects[0])], entry.content.fields)
    if unread:
        _log.error("tombstones can't be read: run `paravent ledger verify`", extra={"count": unread})
    if forged:
        _log.error(
            "tombstones in the ledger were not written by this worker, and nothing is destroyed for them: find out "
            "which zone's login wrote them",
            extra={"count": forged},
        )
    return stones


def _add(stone: _Stone, fields: Mapping[str, Any]) -> None:
    stone.purposes.add(fields["purpose"])
    stone.submission = UUID(fields["submission"]) if fields["submission"] else stone.submission


def _risen(db: Databases, stones: Mapping[UUID, _Stone]) -> set[UUID]:
    """Return the pseudonyms of which a silo has what was destroyed; those still being destroyed are left alone."""
    risen: set[UUID] = set()
    known = sorted(stones)
    for start in range(0, len(known), _BATCH):
        some = known[start : start + _BATCH]
        risen |= _back_in_silos(db, {of: stones[of] for of in some}) | _back_in_keys(db, stones, some)
    with db.reading("keys") as session:
        return risen - set(session.scalars(select(Withdrawal.pseudonym)))


def _back_in_silos(db: Databases, stones: Mapping[UUID, _Stone]) -> set[UUID]:
    wanted: tuple[tuple[Silo, Any, set[str]], ...] = (
        ("identity", Contact.pseudonym, {"contact"}),
        ("care", Case.pseudonym, {"care"}),
        ("desk", Visit.pseudonym, set(PURPOSES)),
    )
    found: set[UUID] = set()
    for silo, column, destroyed in wanted:
        gone = [of for of, stone in stones.items() if stone.purposes >= destroyed]
        with db.reading(silo) as session:
            found |= set(session.scalars(select(column).where(column.in_(gone))))
    return found


def _back_in_keys(db: Databases, stones: Mapping[UUID, _Stone], some: list[UUID]) -> set[UUID]:
    """Return those whose secret, blind indexes or words' secret are in the keys silo."""
    by_submission = {
        stone.submission: of for of in some if (stone := stones[of]).submission and "space" in stone.purposes
    }
    contacts = [of for of in some if "contact" in stones[of].purposes]
    with db.reading("keys") as session:
        kept = session.execute(select(Secret.pseudonym, Secret.purpose).where(Secret.pseudonym.in_(some))).all()
        indexed = session.scalars(select(BlindIndex.pseudonym).where(BlindIndex.pseudonym.in_(contacts))).all()
        wanted = select(SpaceSecret.submission).where(SpaceSecret.submission.in_(list(by_submission)))
        for_words = session.scalars(wanted).all()
    secrets = {row.pseudonym for row in kept if row.purpose in stones[row.pseudonym].purposes}
    return secrets | set(indexed) | {by_submission[one] for one in for_words}
