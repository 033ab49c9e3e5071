"""What is withdrawn and due, destroyed in every silo: the only file that removes from identity and care together.

The order is fixed: ledger (that it begins) → front (the space) → identity → care → keys → ledger (the tombstones,
which are true by then); then, once nothing of the pseudonym is left, front → desk; and last the withdrawal's row.
The space goes before its secret, which alone tells its row; the front before the desk, whose line alone tells the
visit's cells. Each step can be repeated: a worker killed anywhere leaves the withdrawal to be worked off again, to
the same end. What may be destroyed, `app/worker/piles.py` says.
"""

import logging
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.care.models import Case
from app.clock import Clock
from app.db import Databases, SiloUnavailable
from app.desk import legal_holds
from app.desk.models import DeskOutbox, Proposal, Visit
from app.front import cells
from app.front.models import FrontOutbox, Space, Submission
from app.identity import persons
from app.identity.models import Contact
from app.ledger.genuine import is_genuine, say, seconds
from app.ledger.opening import EventKeys
from app.ledger.service import events_for
from app.retention import KEPT_DAYS, term_of, was_held
from app.vault import withdrawals
from app.vault.door import Vault
from app.vault.errors import EpochKeyMissing, KeystoreSealed, SecretMissing
from app.vault.keystore import Keystore
from app.vault.models import MailboxEntry, Secret, SpaceSecret, Withdrawal
from app.vault.sealing import Unsealable
from app.vault.tokens import derive_id
from app.worker.piles import BEGUN, let_through, still_due

DESTROYED = "purpose.destroyed"
_log = logging.getLogger("paravent.worker")


@dataclass(frozen=True, slots=True)
class File:
    """What is to be destroyed of one pseudonym, and its submission as far as a silo knows it."""

    pseudonym: UUID
    purposes: frozenset[str]
    submission: UUID | None


def shred(db: Databases, vault: Vault, clock: Clock, kept_days: int = KEPT_DAYS) -> int:
    """Destroy what is due; return of how many pseudonyms. One that can't be destroyed is logged, and holds up none.

    Raises SiloUnavailable, also when the ledger can't be written, and KeystoreSealed: nothing is destroyed then.
    """
    now, done = clock(), 0
    for pseudonym, rows in let_through(db, vault.keystore, now).items():
        try:
            done += _destroy(db, vault.keystore, pseudonym, rows, now, kept_days)
        except (SiloUnavailable, KeystoreSealed):
            raise
        except Exception:
            extra = {"event_id": str(uuid4()), "kind": "shredding"}
            _log.exception(
                "a file could not be destroyed; it stays unopenable and will be tried again", extra=extra
            )
    if done:
        overwrite_log(db)
    return done


def remove_from_silos(db: Databases, keystore: Keystore, file: File) -> None:
    """Remove purposes from the space, identity, care and keys, in that order. Again changes nothing."""
    if "space" in file.purposes:
        _remove_space(db, keystore, file.pseudonym)
    if "contact" in file.purposes:
        with db.writing("identity") as session:
            persons.part(session, file.pseudonym)
            session.execute(delete(Contact).where(Contact.pseudonym == file.pseudonym))
    if "care" in file.purposes:
        with db.writing("care") as session:
            session.execute(delete(Case).where(Case.pseudonym == file.pseudonym))
    with db.writing("keys") as session:
        _remove_keys(session, keystore, file)


def remove_rest(db: Databases, pseudonym: UUID) -> None:
    """Remove the visit's line and all that belongs to it, once no secret of the pseudonym is left."""
    with db.reading("keys") as session:
        if session.scalar(select(Secret.purpose).where(Secret.pseudonym == pseudonym).limit(1)) is not None:
            return
    with db.reading("desk") as session:
        visit = session.scalar(select(Visit.id).where(Visit.pseudonym == pseudonym))
        offered = session.scalars(select(Proposal.id).where(Proposal.visit_id == visit)).all()
    with db.writing("front") as session:
        for model in (FrontOutbox, Submission):
            session.execute(delete(model).where(model.pseudonym == pseudonym))
        for owner in (*((visit,) if visit else ()), *offered):
            cells.free(session, owner)
    with db.writing("desk") as session:
        session.execute(delete(DeskOutbox).where(DeskOutbox.pseudonym == pseudonym))
        session.execute(delete(Visit).where(Visit.pseudonym == pseudonym))  # its pool and proposals with it
        legal_holds.lift(session, pseudonym)  # one that was placed too late: nothing is left to hold


def submission_of(db: Databases, pseudonym: UUID) -> UUID | None:
    """Return the submission of a pseudonym, from the first silo that still knows it."""
    for silo, wanted in (
        ("desk", select(Visit.id).where(Visit.pseudonym == pseudonym)),
        ("identity", select(Contact.submission).where(Contact.pseudonym == pseudonym)),
        ("care", select(Case.id).where(Case.pseudonym == pseudonym)),
    ):
        with db.reading(silo) as session:  # type: ignore[arg-type]
            found = session.scalar(wanted)
        if found is not None:
            return found
    return None


def overwrite_log(db: Databases) -> None:
    """Empty SQLite's write-ahead log of the keys silo, which has what was deleted; a best effort while it is read.

    PostgreSQL has its own, which is archived or not as the operator settled it.
    """
    engine = db.engine("keys")
    if engine.dialect.name != "sqlite":
        return
    connection = engine.raw_connection()
    try:
        connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        connection.close()


def _destroy(
    db: Databases, keystore: Keystore, pseudonym: UUID, rows: Collection[Withdrawal], now: datetime, kept_days: int
) -> bool:
    """Destroy what is still due of a file, of which others may have thought again since it was let through."""
    rows = still_due(db, pseudonym, {row.purpose for row in rows}, now)
    rows = _without_restricted(db, keystore, pseudonym, rows, now, kept_days)
    if not rows:
        return False
    counted = any(withdrawals.is_counted(row, now) for row in rows)
    say(db, keystore, now, "worker", BEGUN, pseudonym, counted="yes" if counted else "no")
    submission = submission_of(db, pseudonym) or _told_of(db, keystore, pseudonym)
    file = File(pseudonym, frozenset(row.purpose for row in rows), submission)
    remove_from_silos(db, keystore, file)
    for row in rows:
        named: dict[str, Any] = {"origin": row.origin, "purpose": row.purpose, "submission": file.submission}
        say(db, keystore, now, "worker", DESTROYED, pseudonym, **named)
    remove_rest(db, pseudonym)
    with db.writing("keys") as session:
        withdrawals.forget(session, pseudonym, file.purposes)
    return True


def _without_restricted(
    db: Databases,
    keystore: Keystore,
    pseudonym: UUID,
    rows: Collection[Withdrawal],
    now: datetime,
    kept_days: int,
) -> list[Withdrawal]:
    """Leave out what the law keeps to the term after all: the visit took place after the file was withdrawn."""
    kept = [row for row in rows if row.purpose != "space" and row.origin != "term"]
    with db.reading("desk") as session:
        visit = session.scalar(select(Visit).where(Visit.pseudonym == pseudonym))
    if not kept or visit is None or not was_held(visit.state, visit.starts_at, now, confirmed=visit.confirmed):
        return list(rows)
    term = term_of(visit.starts_at, visit.minutes, visit.created_at, kept_days)
    if term <= now:
        return list(rows)
    for row in kept:
        named: dict[str, Any] = {"origin": row.origin, "purpose": row.purpose, "restricted": "yes"}
        named |= {"actor": None, "role": "worker", "due": seconds(term)}
        say(db, keystore, now, "worker", "purpose.withdrawn", pseudonym, **named)
    with db.writing("keys") as session:
        withdrawals.restrict(session, pseudonym, [row.purpose for row in kept], term)
    return [row for row in rows if row not in kept]


def _told_of(db: Databases, keystore: Keystore, pseudonym: UUID) -> UUID | None:
    """Return the submission that a tombstone tells: an older keys silo may come back when all else is gone."""
    for entry in events_for(db, pseudonym, EventKeys(db, keystore)):
        if entry.name == DESTROYED and is_genuine(keystore, entry, "worker"):
            said = entry.content.fields["submission"] if entry.content else None
            if said is not None:
                return UUID(said)
    return None


def _remove_space(db: Databases, keystore: Keystore, pseudonym: UUID) -> None:
    """Remove the row that only the space's secret tells; without it, what may be left opens for nobody."""
    try:
        with db.reading("keys") as session:
            space = derive_id(keystore.get(session, pseudonym, "space"), "space")
    except (SecretMissing, EpochKeyMissing, Unsealable):
        return
    with db.writing("front") as session:
        session.execute(delete(Space).where(Space.id == space))


def _remove_keys(session: Session, keystore: Keystore, file: File) -> None:
    for purpose in sorted(file.purposes):
        keystore.destroy(session, file.pseudonym, purpose)
    if file.submission is None:
        return
    session.execute(delete(MailboxEntry).where(MailboxEntry.submission == file.submission))
    if "space" in file.purposes:
        session.execute(delete(SpaceSecret).where(SpaceSecret.submission == file.submission))
