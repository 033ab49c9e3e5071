"""The table that custody's commands sit at: settings, silos, clock, terminal; and how a change is recorded."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from app.cli.keys_terminal import Terminal
from app.clock import Clock
from app.config import Settings, WordsCost
from app.db import Databases
from app.desk.passwords import Passwords
from app.ledger.events import KeysChange
from app.ledger.service import record
from app.vault.held import begin_change, end_change
from app.vault.keystore import Keystore
from app.vault.rekeying import without_notes
from app.vault.root import Opened, open_file, write
from app.vault.tokens import derive, derive_id
from app.vault.unlock import Unlock, unlock_of

People = tuple[UUID, UUID]
"""The two members of staff who confirmed a change."""

SETTLE_SECONDS = 2.0
"""How long what is under way in other processes may still hold what former silo keys sealed."""


@dataclass(frozen=True, slots=True)
class Table:
    """What a command has at hand. `pause` waits so many seconds; `cost` is a new passphrase's (Argon2id)."""

    settings: Settings
    db: Databases
    clock: Clock
    terminal: Terminal
    pause: Callable[[float], None]
    passwords: Callable[[], Passwords] = Passwords
    cost: WordsCost = WordsCost()

    @property
    def directory(self) -> Path:
        """Return the keystore's folder."""
        return self.settings.keystore

    def unlock(self) -> Unlock:
        """Return what the settings give to unlock, or else a passphrase typed here."""
        given = unlock_of(self.settings)
        if given != Unlock():
            return given
        return Unlock(passphrase=self.terminal.ask_hidden("Passphrase of the keystore: "))


def opened_here(table: Table, unlock: Unlock) -> Opened:
    """Open the root file; nothing is written. Raises KeystoreError."""
    return open_file(table.directory, unlock)


def keystore_here(table: Table, unlock: Unlock) -> Keystore:
    """Open the keystore, sealed or not. Raises KeystoreError."""
    return Keystore.open(table.directory, unlock, heeds_seal=False)


def note(table: Table, change: KeysChange, generation: int, people: People | None = None) -> None:
    """Write a change to the ledger before it is made. Raises LedgerUnavailable."""
    actor, second = people or (None, None)
    record(
        table.db,
        table.clock(),
        "cli",
        "keys.changed",
        actor=actor,
        second=second,
        change=change,
        generation=generation,
    )


def save(table: Table, changed: Opened, change: KeysChange, people: People | None = None) -> Opened:
    """Record a change of the root file, and those made without a ledger, then write it.

    Raises LedgerUnavailable, KeystoreChanged.
    """
    say_unrecorded(table, changed)
    note(table, change, changed.head.generation + 1, people)
    return write(table.directory, without_notes(changed))


def say_unrecorded(table: Table, opened: Opened) -> None:
    """Write to the ledger, once, each change that was made where there was none. Raises LedgerUnavailable."""
    key = derive(opened.root.deriving("ledger"), "unrecorded changes")
    for unrecorded in opened.root.unrecorded:
        change, _, generation = unrecorded.partition("@")
        record(
            table.db,
            table.clock(),
            "cli",
            "keys.changed",
            once=derive_id(key, unrecorded),
            actor=None,
            second=None,
            change=change,
            generation=int(generation),
        )


@contextmanager
def changing(table: Table) -> Iterator[None]:
    """Keep other commands from changing silo keys for a while. Other processes go on using the keystore.

    Raises KeystoreChanged when another command does the same.
    """
    begin_change(table.directory)
    try:
        yield
    finally:
        end_change(table.directory)
