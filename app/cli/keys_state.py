"""The keystore's state: what it holds, sealed or not; and the turn of the keys of half-days, now."""

from collections import Counter
from datetime import UTC, datetime, timedelta

from sqlalchemy import select

from app.cli.keys_replay import catch_up
from app.cli.keys_table import Table, keystore_here, note, opened_here
from app.db import SiloUnavailable
from app.ledger.opening import EventKeys
from app.ledger.service import Entry, events_named
from app.vault.custodians import Custody
from app.vault.door import Vault
from app.vault.errors import KeystoreError
from app.vault.held import is_changing, is_sealed, seal_keystore, unseal_keystore
from app.vault.intake import intake_epoch
from app.vault.keybackup import restored_mark, unmark_restored
from app.vault.keystore import Keystore
from app.vault.models import MailboxEntry, Secret
from app.vault.root import Held, Opened, read_head
from app.vault.unlock import said
from app.worker.epochs import turn_keys

_EVER = datetime.min.replace(tzinfo=UTC)
_SURELY_KEPT = timedelta(days=150)
"""What is no older has not expired, whatever the settings: without its month's key, this is an older copy."""


def status(table: Table) -> int:
    """Say what the keystore holds and what each key wraps; return 1 if the ledger knows of a later change."""
    unlock = table.unlock()
    opened = opened_here(table, unlock)
    keystore = keystore_here(table, unlock)
    tell = table.terminal.say
    tell(f"verifying key: {keystore.verify_key.hex()}")
    tell(f"keystore: change {opened.head.generation}, {'SEALED' if is_sealed(table.directory) else 'in use'}")
    for held in opened.head.held:
        tell(f"lock {held.lock.id}: {described(held)}")
    tell(f"silo keys: version {len(opened.root.versions('keys'))}")
    _tell_counts(table)
    for name in keystore.unreadable():
        tell(f"key of {name}: ITS FILE CAN'T BE READ")
    return 1 if _behind(table, opened, keystore) else 0


def seal(table: Table, *, dry_run: bool = False) -> int:
    """Seal the keystore: at once, whatever the ledger; one person is enough, and nothing has to be unlocked.

    Returns 1 when it is sealed but the ledger could not be told. Raises KeystoreMissing.
    """
    if dry_run:
        table.terminal.say("Would seal the keystore: clinic and worker stop opening anything. Nothing was changed.")
        return 0
    seal_keystore(table.directory)
    table.terminal.say(
        "Sealed: clinic and worker drop their keys at their next use. `paravent keys unseal` ends it."
    )
    try:
        note(table, "sealed", _generation(table))
    except SiloUnavailable:
        table.terminal.say(
            "The ledger does not answer, so this is not in it: run `paravent keys seal` again later."
        )
        return 1
    return 0


def unseal(table: Table, *, ledger_lost: bool = False, dry_run: bool = False) -> int:
    """Let the keys be used again, for who can unlock them; one that was restored, once it has caught up.

    `ledger_lost` lets two persons open a restored one whose ledger is not whole. Raises KeystoreError,
    TombstonesIncomplete, NotConfirmed, SiloUnavailable.
    """
    unlock = table.unlock()
    opened, mark = opened_here(table, unlock), restored_mark(table.directory)
    if not (mark or is_sealed(table.directory) or is_changing(table.directory)):
        table.terminal.say("The keystore is not sealed.")
        return 0
    if dry_run:
        first = " It was restored: what was destroyed since would be destroyed again first." if mark else ""
        table.terminal.say(f"Would unseal the keystore.{first} Nothing was changed.")
        return 0
    if mark:
        catch_up(table, keystore_here(table, unlock), mark, ledger_lost=ledger_lost)
    note(table, "unsealed", opened.head.generation)
    unmark_restored(table.directory)
    unseal_keystore(table.directory)
    table.terminal.say("Unsealed: clinic and worker read their keys again at their next use.")
    return 0


def turn_epochs(table: Table, *, dry_run: bool = False) -> int:
    """Turn the keys of the half-day now, as the worker does each minute.

    Raises KeystoreSealed, KeystoreError, SiloUnavailable.
    """
    keystore = Keystore.open(table.directory, table.unlock())
    if dry_run:
        names = keystore.names()
        table.terminal.say(
            f"Keys of days: {', '.join(names['secrets'])}. Keys of the intake: {', '.join(names['intake'])}."
        )
        table.terminal.say(
            "Would make what is missing, move every secret, destroy what is unused. Nothing was changed."
        )
        return 0
    note(table, "epochs_turned", read_head(table.directory).generation)
    vault = Vault(keystore, table.db)
    changed = turn_keys(table.db, vault, table.clock) + turn_keys(table.db, vault, table.clock)
    table.terminal.say(f"Done: {changed} key(s) made or destroyed.")
    return 0


def described(held: Held) -> str:
    """Say what a lock is, in words."""
    terms = held.lock.terms
    if isinstance(terms, Custody):
        return (
            f"any {terms.threshold} of {terms.count} shares of ceremony {terms.ceremony}, held on {terms.held_on}"
        )
    return said(held.lock.kind)


def _tell_counts(table: Table) -> None:
    with table.db.reading("keys") as session:
        secrets = Counter(session.scalars(select(Secret.epoch)))
        waiting = Counter(session.scalars(select(MailboxEntry.epoch)))
    for epoch, count in sorted(secrets.items()):
        table.terminal.say(f"key of {epoch}: {count} secret(s)")
    for epoch, count in sorted(({intake_epoch(table.clock()): 0} | waiting).items()):
        table.terminal.say(f"intake of {epoch}: {count} in the mailbox")


def _behind(table: Table, opened: Opened, keystore: Keystore) -> bool:
    """Say so when the ledger knows of a later change than this file's, or has rows that nobody can read."""
    changes = events_named(table.db, "keys.changed", _EVER, EventKeys(table.db, keystore))
    kept_since = table.clock() - _SURELY_KEPT
    told = [_told(change) for change in changes if not (change.expired and change.at < kept_since)]
    forged = told.count(None)
    if forged:
        table.terminal.say(
            f"{forged} ROW(S) OF THE LEDGER ABOUT THE KEYSTORE CAN'T BE READ: forged (run `paravent ledger "
            "verify`), or written under a month's key that this copy of the keystore does not have."
        )
    known = max((one for one in told if one is not None), default=0)
    if known <= opened.head.generation:
        return forged > 0
    table.terminal.say(
        f"THE LEDGER KNOWS OF CHANGE {known}: keystore.json is an older copy, or that change was interrupted. Look "
        "for the newest copy; if there is none, make the change again."
    )
    return True


def _told(change: Entry) -> int | None:
    """Return which change a row of the ledger tells of; None when it can't be read."""
    generation = change.content.fields.get("generation") if change.content else None
    return generation if isinstance(generation, int) else None


def _generation(table: Table) -> int:
    """Return the number of the file's last change; 0 when it can't be read, which keeps nobody from sealing."""
    try:
        return read_head(table.directory).generation
    except KeystoreError:
        return 0
