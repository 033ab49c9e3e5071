"""Before a restored keystore opens: what was destroyed since its copy is destroyed again, by the ledger's word.

The copy knows nothing of what came after it. Withdrawals and what was taken back are followed too, in their order:
what nobody might open stays closed, and what its person gave back in time is not destroyed after all. A ledger that
is not whole would leave some out, so the seal stays then.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.cli.keys_people import two_people
from app.cli.keys_table import Table, note
from app.ledger.genuine import is_genuine
from app.ledger.notes import NoteRefused, read_note
from app.ledger.opening import EventKeys
from app.ledger.sequence import newest_checkpoint
from app.ledger.service import Entry, events_named
from app.retention import TOMBSTONES_KEPT
from app.vault import withdrawals
from app.vault.backup_errors import BackupOfAnother, NotYetReplayed, TombstonesIncomplete
from app.vault.door import Vault
from app.vault.keybackup import Restored
from app.vault.keystore import Keystore
from app.vault.models import BlindIndex, MailboxEntry, Secret, SpaceSecret
from app.vault.root import read_head
from app.worker.chain import last_anchored, signer_of
from app.worker.epochs import turn_keys
from app.worker.shredding import DESTROYED, File, remove_from_silos
from app.worker.tombstones import replay

MARGIN = timedelta(days=1)
"""How much earlier than its copy the ledger is read from: clocks differ, and what is done twice changes nothing."""
_WITHDRAWN, _GIVEN_BACK = "purpose.withdrawn", "purpose.restored"


@dataclass(slots=True)
class _Since:
    """What the ledger says of one pseudonym since a copy."""

    destroyed: set[str] = field(default_factory=set)
    submission: UUID | None = None


def catch_up(table: Table, keystore: Keystore, mark: Restored, *, ledger_lost: bool = False) -> None:
    """Bring a restored keystore, which stays sealed, to where the ledger says things are; then turn its keys.

    Raises NotYetReplayed for a copy that is not whole, BackupOfAnother, TombstonesIncomplete, NotConfirmed,
    KeystoreError, SiloUnavailable.
    """
    if not mark.whole:
        raise NotYetReplayed("the restoring was interrupted: run `paravent keys restore` with the same copy again")
    if keystore.verify_key != table.settings.verify_key:
        raise BackupOfAnother("the keystore is of another installation: PARAVENT_VERIFY_KEY is not its own")
    keystore.ensure_epoch(table.clock())
    entries, fault = list(_since(table, keystore, mark)), _fault(table, keystore, mark)
    unread = sum(entry.content is None for entry in entries)
    if unread:
        fault = fault or f"{unread} of its events can't be read"
    if fault and not ledger_lost:
        raise TombstonesIncomplete(
            f"{fault}, so it can't be said what was destroyed since the copy: the keystore stays sealed. Bring the "
            "newest ledger, or if there is none any more, run this with --ledger-lost and two administrators"
        )
    if fault:
        note(table, "ledger_lost", read_head(table.directory).generation, two_people(table, keystore))
    again = _apply(table, keystore, entries)
    since = mark.made_at - MARGIN
    # `replay` looks back by a fixed time: from an earlier moment, when the copy is older than that.
    back = replay(table.db, keystore, min(table.clock(), since + TOMBSTONES_KEPT))
    table.terminal.say(f"Destroyed again: {again} file(s) in the keys silo, {back} in any other.")
    vault = Vault(keystore, table.db)
    changed = turn_keys(table.db, vault, table.clock) + turn_keys(table.db, vault, table.clock)
    table.terminal.say(f"{changed} key(s) made or destroyed; the worker destroys the copy's others within minutes.")


def _since(table: Table, keystore: Keystore, mark: Restored) -> Iterator[Entry]:
    """Yield what was withdrawn, given back and destroyed since a copy, in order; not what somebody forged."""
    keys, since = EventKeys(table.db, keystore), mark.made_at - MARGIN
    found = (events_named(table.db, name, since, keys) for name in (_WITHDRAWN, _GIVEN_BACK, DESTROYED))
    every = sorted((entry for each in found for entry in each), key=lambda entry: (entry.at, entry.id))
    yield from (one for one in every if one.content is None or is_genuine(keystore, one, "worker", "clinic"))


def _fault(table: Table, keystore: Keystore, mark: Restored) -> str:
    """Say in what the ledger is less than it was when the copy was made, or than its anchors tell."""
    with table.db.reading("ledger") as session:
        newest = newest_checkpoint(session)
    try:
        size = read_note(newest.note, signer_of(keystore).public_key()).size if newest else 0
    except NoteRefused:
        return "the ledger's newest checkpoint is not signed by this installation"
    wanted = max(mark.ledger_size, last_anchored(table.settings.anchors) or 0)
    return f"the ledger has {size} events in order and had {wanted}" if size < wanted else ""


def _apply(table: Table, keystore: Keystore, entries: Iterable[Entry]) -> int:
    """Do again what was done since; return of how many pseudonyms something was destroyed in the keys silo."""
    told: dict[UUID, _Since] = defaultdict(_Since)
    with table.db.writing("keys") as session:
        for entry in entries:
            for pseudonym in map(UUID, entry.content.subjects if entry.content else ()):
                _follow(session, pseudonym, entry, told[pseudonym])
        for pseudonym, since in told.items():
            withdrawals.forget(session, pseudonym, since.destroyed)
    with table.db.reading("keys") as session:
        risen = _risen(session, {of: since for of, since in told.items() if since.destroyed})
    for pseudonym in sorted(risen):
        since = told[pseudonym]
        remove_from_silos(table.db, keystore, File(pseudonym, frozenset(since.destroyed), since.submission))
    return len(risen)


def _follow(session: Session, pseudonym: UUID, entry: Entry, since: _Since) -> None:
    """Withdraw, take back or note as destroyed, as one event says."""
    said = entry.content.fields if entry.content else {}
    if entry.name == DESTROYED:
        since.destroyed.add(said["purpose"])
        since.submission = UUID(said["submission"]) if said["submission"] else since.submission
    elif entry.name == _GIVEN_BACK:
        withdrawals.forget(session, pseudonym, [said["purpose"]])
    else:
        due = datetime.fromtimestamp(said["due"], UTC)
        withdrawals.withdraw(session, pseudonym, [said["purpose"]], said["origin"], entry.at, due)


def _risen(session: Session, told: dict[UUID, _Since]) -> set[UUID]:
    """Return the pseudonyms of which the keys silo has what was destroyed."""
    kept = session.execute(select(Secret.pseudonym, Secret.purpose)).all()
    found = {
        row.pseudonym for row in kept if row.pseudonym in told and row.purpose in told[row.pseudonym].destroyed
    }
    contacts = {of for of, since in told.items() if "contact" in since.destroyed}
    found |= contacts & set(session.scalars(select(BlindIndex.pseudonym).distinct()))
    submissions = {since.submission: of for of, since in told.items() if since.submission}
    for column in (MailboxEntry.submission, SpaceSecret.submission):
        found |= {submissions[one] for one in session.scalars(select(column)) if one in submissions}
    return found
