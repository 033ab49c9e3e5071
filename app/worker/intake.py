"""Carrying a submission from the front into the clinic's silos: the only file that writes identity and care.

The order is fixed: ledger → keys → identity → care → desk → keys (blind indexes) → front. Each write can be
repeated, and the submission's row is removed last, so that a worker killed anywhere leaves it to be carried again,
whole.
"""

import base64
import binascii
import hashlib
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.care.models import Case
from app.care.service import put_case
from app.clock import Clock
from app.db import Databases, insert_for
from app.desk.models import Visit, VisitPool
from app.front.models import Submission
from app.identity.models import Contact
from app.identity.service import put_contact
from app.ledger.service import record
from app.vault import blind
from app.vault.door import Taken, Vault
from app.vault.models import MailboxEntry
from app.vault.sealing import Context, Unsealable
from app.worker.drain import Setbacks, drain
from app.worker.visit_document import VisitDocument

_PURPOSES = frozenset({"contact", "care", "space"})
_OF_ADULTS_ALONE = frozenset({"appointment", "request"})
"""The kinds that the path of an adult who comes alone ends in, and no other path. A call that later becomes an
appointment was sent as a call."""


class MailboxRefused(Exception):
    """A mailbox entry is not what a sending writes: it was made by something else than our patient zone."""


def take_in(db: Databases, vault: Vault, clock: Clock, setbacks: Setbacks | None = None) -> int:
    """Carry in every submission that waits, oldest first; return how many went through.

    One that can't be opened is kept, logged and tried again later. Raises SiloUnavailable.
    """
    carry = partial(_carry, db, vault, clock)
    return drain(db, "front", Submission, clock, Setbacks() if setbacks is None else setbacks, carry)


def carried(db: Databases) -> dict[UUID, UUID]:
    """Return every submission that one of the clinic's silos knows, with its pseudonym."""
    known: dict[UUID, UUID] = {}
    with db.reading("identity") as session:
        known.update(session.execute(select(Contact.submission, Contact.pseudonym)).all())
    with db.reading("care") as session:
        known.update(session.execute(select(Case.id, Case.pseudonym)).all())
    with db.reading("desk") as session:
        known.update(session.execute(select(Visit.id, Visit.pseudonym)).all())
    return known


def sent_before(db: Databases, moment: datetime) -> dict[UUID, datetime]:
    """Return the pseudonyms of which identity or care has what was sent up to a moment, and when it was."""
    sent: dict[UUID, datetime] = {}
    with db.reading("identity") as session:
        contacts = select(Contact.pseudonym, Contact.created_at).where(Contact.created_at <= moment)
        sent.update(session.execute(contacts).all())
    with db.reading("care") as session:
        cases = select(Case.pseudonym, Case.created_at).where(Case.created_at <= moment)
        sent.update(session.execute(cases).all())
    return sent


def _carry(db: Databases, vault: Vault, clock: Clock, _front: Session, row: Submission) -> None:
    now = clock()
    receipt = record(  # Each opening is written, a repeated one too: hence no `once`.
        db, now, "worker", "submission.taken_in", [row.pseudonym], ["contact"], submission=row.id
    )
    keep_secrets(db, vault, row.id, row.pseudonym, now)
    context = Context("desk.visit", row.pseudonym, "contact", row.id, 1)
    taken = vault.take(receipt, [(row.pseudonym, "contact")])
    visit = VisitDocument.model_validate(taken.open_json(row.sealed_visit, context))
    digests = _digests(row)
    once = uuid5(row.id, " ".join(digests.values()))
    record(db, now, "worker", "submission.kept", [row.pseudonym], once=once, submission=row.id, **digests)
    with db.writing("identity") as session:
        put_contact(session, row.pseudonym, row.id, row.sealed_contact, row.created_at)
    with db.writing("care") as session:
        put_case(session, row.id, row.pseudonym, row.sealed_care, row.created_at)
    with db.writing("desk") as session:
        _put_visit(session, row, visit)
    if visit.kind in _OF_ADULTS_ALONE:
        _index_contact(db, vault, row, taken, now)


def _digests(row: Submission) -> dict[str, Any]:
    """Return what the ledger is told of a submission's ciphertexts before they are put where they stay."""
    return {
        "visit_digest": hashlib.sha256(row.sealed_visit).hexdigest(),
        "contact_digest": hashlib.sha256(row.sealed_contact).hexdigest(),
        "care_digest": hashlib.sha256(row.sealed_care).hexdigest(),
    }


def keep_secrets(db: Databases, vault: Vault, submission: UUID, pseudonym: UUID, now: datetime) -> None:
    """Move a submission's secrets from the mailbox to the keystore, in one commit.

    Raises MailboxRefused, Unsealable, SecretConflict and SecretMalformed when what waits there is not what a
    sending writes; IntakeEpochMissing, KeystoreDamaged.
    """
    with db.writing("keys") as session:
        entry = session.scalar(select(MailboxEntry).where(MailboxEntry.submission == submission))
        if entry is None:
            return  # Moved by a former attempt; if not, what comes next finds no secret and stops.
        document = vault.keystore.open_intake(entry.epoch, entry.sealed, submission)
        for purpose, secret in _secrets(document, pseudonym).items():
            vault.keystore.put(session, pseudonym, purpose, secret, now)
        session.delete(entry)


def _secrets(document: dict[str, Any], pseudonym: UUID) -> dict[str, bytes]:
    """Read a mailbox document, which was written outside. Raises MailboxRefused."""
    given = document.get("secrets")
    if document.get("pseudonym") != str(pseudonym) or not isinstance(given, dict) or given.keys() != _PURPOSES:
        raise MailboxRefused("a mailbox entry has another form, or is for another pseudonym")
    try:
        return {purpose: base64.b64decode(secret, validate=True) for purpose, secret in given.items()}
    except (binascii.Error, TypeError, ValueError):
        raise MailboxRefused("a mailbox entry holds a malformed secret") from None


def _put_visit(session: Session, row: Submission, visit: VisitDocument) -> None:
    """Write the agenda's line and who may take it; the same ones twice change nothing."""
    columns = visit.columns() | {
        "id": row.id,
        "pseudonym": row.pseudonym,
        "version": 1,
        "created_at": row.created_at,
    }
    session.execute(insert_for(session, Visit).values(**columns).on_conflict_do_nothing())
    pool = [{"visit_id": row.id, "practitioner_id": person} for person in visit.pool]
    if pool:
        session.execute(insert_for(session, VisitPool).values(pool).on_conflict_do_nothing())


def _index_contact(db: Databases, vault: Vault, row: Submission, taken: Taken, now: datetime) -> None:
    """Index how an adult who comes alone is reached. Nobody else's contact has a row: no look-up can hint at them.

    It comes last, so that a damaged index key keeps no patient from the agenda.
    """
    context = Context("identity.contact", row.pseudonym, "contact", row.id, 1)
    try:
        values = blind.normal_values(taken.open_json(row.sealed_contact, context))
    except Unsealable:
        return  # Staff are told by the page that can't show it.
    if values:
        key = blind.index_keys(vault.keystore).current(now)
        with db.writing("keys") as session:
            blind.keep(session, key, row.pseudonym, values)
