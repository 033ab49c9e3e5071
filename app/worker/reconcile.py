"""What a process killed in mid-crossing may have left: found by comparing silos, listed, and cleared.

Nothing here is needed for what was sent to be safe; it removes what was never sent. A row counts as an orphan only
if two looks, a pause apart, find it so: what is being written at this moment is left alone.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.clock import Clock
from app.db import Databases
from app.desk.models import Absence, Proposal, Visit
from app.front import cells
from app.front.models import Draft, Hold, SlotCell, Submission
from app.identity.models import Contact
from app.vault.keystore import Keystore
from app.vault.models import MailboxEntry, Secret, SpaceSecret

UNSENT_AFTER = timedelta(hours=1)
"""How old a sealed secret must be before the lack of its submission means that it was never sent."""


@dataclass(frozen=True, slots=True)
class Orphans:
    """Ids of what belongs to nothing: submissions never sent, drafts gone, owners of cells, pseudonyms."""

    mailbox: frozenset[UUID]
    space_secrets: frozenset[UUID]
    holds: frozenset[UUID]
    cells: frozenset[UUID]
    secrets: frozenset[UUID]

    def counts(self) -> Mapping[str, int]:
        """Return how many of each there are."""
        return {one.name: len(getattr(self, one.name)) for one in fields(self)}

    def also_in(self, other: "Orphans") -> "Orphans":
        """Return what both looks found."""
        return Orphans(*(getattr(self, one.name) & getattr(other, one.name) for one in fields(self)))


def find(db: Databases, clock: Clock) -> Orphans:
    """Look once. What might be an orphan is read first and its owners after, in the order things are carried."""
    with db.reading("keys") as session:
        kept = _ids(session, select(Secret.pseudonym))
        old = MailboxEntry.created_at < clock() - UNSENT_AFTER
        mailbox = _ids(session, select(MailboxEntry.submission).where(old))
        old = SpaceSecret.created_at < clock() - UNSENT_AFTER
        for_words = _ids(session, select(SpaceSecret.submission).where(old))
    with db.reading("front") as session:
        held = _ids(session, select(Hold.id).where(Hold.draft.not_in(select(Draft.id))))
        owners = _ids(session, select(SlotCell.owner)) - _ids(session, select(Hold.id))
        waiting = _ids(session, select(Submission.id))
        coming = _ids(session, select(Submission.pseudonym))
    with db.reading("identity") as session:
        known = _ids(session, select(Contact.pseudonym))
        sent = waiting | _ids(session, select(Contact.submission))
    with db.reading("desk") as session:
        owning = set().union(*(_ids(session, select(model.id)) for model in (Visit, Proposal, Absence)))
    return Orphans(
        mailbox=frozenset(mailbox - waiting),
        space_secrets=frozenset(for_words - sent),
        holds=frozenset(held),
        cells=frozenset(owners - waiting - owning),
        secrets=frozenset(kept - coming - known),
    )


def reconcile(
    db: Databases, keystore: Keystore, clock: Clock, pause: Callable[[], None], *, dry_run: bool
) -> Orphans:
    """Look twice with a pause between, clear what both looks found unless it is a dry run, and return it."""
    first = find(db, clock)
    pause()
    orphans = first.also_in(find(db, clock))
    if not dry_run:
        _clear(db, keystore, orphans)
    return orphans


def _clear(db: Databases, keystore: Keystore, orphans: Orphans) -> None:
    with db.writing("keys") as session:
        for submission in orphans.mailbox:
            session.execute(delete(MailboxEntry).where(MailboxEntry.submission == submission))
        for submission in orphans.space_secrets:
            session.execute(delete(SpaceSecret).where(SpaceSecret.submission == submission))
        for pseudonym in orphans.secrets:
            for purpose in session.scalars(select(Secret.purpose).where(Secret.pseudonym == pseudonym)).all():
                keystore.destroy(session, pseudonym, purpose)
    with db.writing("front") as session:
        for owner in orphans.holds | orphans.cells:
            cells.free(session, owner)
        for held in orphans.holds:
            session.execute(delete(Hold).where(Hold.id == held))


def _ids(session: Session, query: Any) -> set[UUID]:
    return set(session.scalars(query.distinct()))
