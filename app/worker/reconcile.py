"""What a process killed in mid-crossing may have left: found by comparing silos, listed, and cleared.

Nothing here is needed for what was sent to be safe; it removes what was never sent. A row counts as an orphan only
if no silo knows of anything it belongs to, in two looks a pause apart: what is being written at this moment is left
alone, and so is whatever one silo, restored from an older copy than the others, has forgotten.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, fields
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.clock import Clock
from app.db import Databases
from app.desk.models import Absence, DeskOutbox, Proposal
from app.front import cells
from app.front.models import Draft, FrontOutbox, Hold, SlotCell, Submission
from app.vault.keystore import Keystore
from app.vault.models import MailboxEntry, Secret, SpaceSecret
from app.worker.intake import carried

UNSENT_AFTER = timedelta(hours=1)
"""How old a sealed secret must be before the lack of its submission means that it was never sent."""
FEW = 5
"""Most of a kind that is cleared without being asked by its number: killed processes leave no more."""


class TooManyOrphans(Exception):
    """So many orphans of a kind that silos restored from unlike moments are likelier; nothing was cleared."""

    def __init__(self, counts: Mapping[str, int]) -> None:
        said = ", ".join(f"{count} {kind}" for kind, count in counts.items())
        super().__init__(
            f"{said}: nothing was cleared. Killed processes leave few; so many may be live data, after silos were "
            "restored from unlike moments. To clear them all the same, give each number with --really."
        )


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

    def check_few(self, really: Collection[int]) -> None:
        """Raise TooManyOrphans when a kind has more than a few, and another number than was said."""
        many = {kind: count for kind, count in self.counts().items() if count > FEW and count not in really}
        if many:
            raise TooManyOrphans(many)


@dataclass(frozen=True, slots=True)
class _InKeys:
    """What the keys silo holds: `mailbox` and `for_words` old enough to be orphans, `named` of any age."""

    kept: set[UUID]
    mailbox: set[UUID]
    for_words: set[UUID]
    named: set[UUID]


def find(db: Databases, clock: Clock) -> Orphans:
    """Look once. What might be an orphan is read first and its owners after, in the order things are carried."""
    keys = _in_keys(db, clock)
    with db.reading("front") as session:
        held = _ids(session, select(Hold.id).where(Hold.draft.not_in(select(Draft.id))))
        owners = _ids(session, select(SlotCell.owner)) - _ids(session, select(Hold.id))
        waiting = _ids(session, select(Submission.id))
        met = _ids(session, select(Submission.pseudonym)) | _ids(session, select(FrontOutbox.pseudonym))
    known = carried(db)
    with db.reading("desk") as session:
        offered = _ids(session, select(Proposal.id)) | _ids(session, select(Absence.id))
        met |= _ids(session, select(DeskOutbox.pseudonym)) | set(known.values())
    sent = waiting | known.keys() | owners
    return Orphans(
        mailbox=frozenset(one for one in keys.mailbox - waiting if one not in sent or known.get(one) in keys.kept),
        space_secrets=frozenset(keys.for_words - sent),
        holds=frozenset(held),
        cells=frozenset(owners - waiting - known.keys() - offered - keys.named),
        secrets=frozenset(keys.kept - met),
    )


def reconcile(
    db: Databases,
    keystore: Keystore,
    clock: Clock,
    pause: Callable[[], None],
    *,
    dry_run: bool,
    really: Collection[int] = (),
) -> Orphans:
    """Look twice with a pause between, clear what both looks found unless it is a dry run, and return it.

    More than a few of a kind are cleared only if `really` has that very number. Raises TooManyOrphans.
    """
    first = find(db, clock)
    pause()
    orphans = first.also_in(find(db, clock))
    if not dry_run:
        orphans.check_few(really)
        _clear(db, keystore, clock, orphans)
    return orphans


def _in_keys(db: Databases, clock: Clock) -> _InKeys:
    old = clock() - UNSENT_AFTER
    with db.reading("keys") as session:
        return _InKeys(
            kept=_ids(session, select(Secret.pseudonym)),
            mailbox=_ids(session, select(MailboxEntry.submission).where(MailboxEntry.created_at < old)),
            for_words=_ids(session, select(SpaceSecret.submission).where(SpaceSecret.created_at < old)),
            named=_ids(session, select(MailboxEntry.submission)) | _ids(session, select(SpaceSecret.submission)),
        )


def _clear(db: Databases, keystore: Keystore, clock: Clock, orphans: Orphans) -> None:
    """Remove orphans, except the sealed secrets that a repeated sending wrote again since."""
    old = clock() - UNSENT_AFTER
    with db.writing("keys") as session:
        for model, submissions in ((MailboxEntry, orphans.mailbox), (SpaceSecret, orphans.space_secrets)):
            for submission in submissions:
                session.execute(delete(model).where(model.submission == submission, model.created_at < old))
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
