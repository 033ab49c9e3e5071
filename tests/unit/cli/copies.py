"""A house whose keystore is copied and restored, with whoever sits at its command line."""

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

from sqlalchemy import select

from app.cli.keys_backup import back_up
from app.cli.keys_restore import restore
from app.cli.keys_state import unseal
from app.cli.keys_table import Table
from app.db import Databases
from app.ledger.service import record
from app.vault.door import Vault
from app.vault.errors import EpochKeyMissing, SecretMissing
from app.vault.keybackup import copies_in
from app.vault.keystore import Keystore, Unlock
from app.vault.models import Base as KeysBase
from app.vault.models import MailboxEntry
from app.worker.chain import Chain, signer_of
from app.worker.epochs import turn_keys
from app.worker.intake import take_in
from app.worker.shredding import shred
from tests.factories.house import House
from tests.unit.cli.custody import CHEAP, CHEAP_WORDS, People, Room
from tests.unit.worker.reached import submit_reached
from tests.unit.worker.sending import Sent
from tests.unit.worker.shredded import ALL, visit_in, withdraw, words_of


@dataclass
class Copied:
    """A house, the folder of its copies, and what its command line says."""

    house: House
    folder: Path
    people: People

    @property
    def directory(self) -> Path:
        return self.house.root / "keystore"

    def table(self, db: Databases | None = None, **settings: object) -> Table:
        """Return what the commands sit at; with other settings if wanted."""
        given = {"keystore_key_file": self.house.root / "unlock", "anchors": self.house.root / "anchors"}
        known = replace(self.house.settings("cli", **given), **settings)  # type: ignore[arg-type]  # a test's own
        silos = db or self.house.db
        return Table(known, silos, self.house.clock, self.people, lambda _seconds: None, lambda: CHEAP, CHEAP_WORDS)

    def send(self) -> Sent:
        """Send something as a patient, and let the worker take it in."""
        house = self.house
        sent = submit_reached(house, {"email": f"{uuid4().hex}@exemple.fr"}, **visit_in(house, 3))
        take_in(house.db, house.vault, house.clock)
        words_of(house, sent)
        return sent

    def back_up(self) -> Path:
        """Chain the ledger, as the worker does, and make a copy; return it."""
        self.chain()
        assert back_up(self.table(), self.folder) == 0
        return copies_in(self.folder)[-1]

    def restore(self, copy: Path) -> None:
        """Restore a copy where everything was lost."""
        assert restore(self.table(), copy) == 0

    def unseal(self) -> None:
        """Unseal, as an operator does."""
        assert unseal(self.table()) == 0

    def shred(self, sent: Sent) -> None:
        """Withdraw everything of a sending, and destroy it."""
        withdraw(self.house, sent, "patient")
        shred(self.house.db, self.house.vault, self.house.clock)
        self.chain()

    def chain(self) -> None:
        """Chain, sign and anchor the ledger."""
        house = self.house
        while Chain(house.db, signer_of(house.keystore), house.clock, house.root / "anchors").turn():
            pass

    def lose(self) -> None:
        """Lose the keystore's folder and every row of the keys silo."""
        shutil.rmtree(self.directory)
        self.lose_rows()

    def lose_rows(self) -> None:
        """Lose every row of the keys silo."""
        with self.house.db.writing("keys") as session:
            for table in KeysBase.metadata.sorted_tables:
                session.execute(table.delete())

    def opens(self, sent: Sent) -> set[str]:
        """Return the purposes of a sending that a process which starts now can open. Raises KeystoreError."""
        keystore = Keystore.open(self.directory, Unlock(key_file=self.house.root / "unlock"))
        return {purpose for purpose in ALL if _opens(Vault(keystore, self.house.db), self.house, sent, purpose)}


def _opens(vault: Vault, house: House, sent: Sent, purpose: str) -> bool:
    about = {"submission": sent.submission}
    receipt = record(house.db, house.clock(), "worker", "submission.taken_in", [sent.pseudonym], [purpose], **about)
    try:
        vault.take(receipt, [(sent.pseudonym, purpose)]).derived_id(sent.pseudonym, purpose, "tried")
    except (SecretMissing, EpochKeyMissing):
        return False
    return True


def dies_at(step: int, copied: Copied, act: Callable[[], object]) -> bool:
    """Do something in a process that dies at its nth wait for the disk; say whether it survived."""
    copied.house.db.dispose()
    child = os.fork()
    if child == 0:
        waited, fsync = 0, os.fsync

        def dying(descriptor: Any) -> None:
            nonlocal waited
            waited += 1
            if waited == step:
                os._exit(9)
            fsync(descriptor)

        vars(os)["fsync"] = dying
        try:
            act()
        except BaseException:
            os._exit(3)
        os._exit(0)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert status in (0, 9)
    return status == 0


def rows(house: House) -> dict[str, list[tuple[object, ...]]]:
    """Return every row of the keys silo."""
    with house.db.reading("keys") as session:
        found = {table.name: session.execute(select(table)).all() for table in KeysBase.metadata.sorted_tables}
    return {name: sorted(tuple(row) for row in some) for name, some in found.items()}


def files(folder: Path) -> dict[str, bytes]:
    """Return every file under a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def room_with(room: Room, **settings: Any) -> Room:
    """Return the room with other settings."""
    return replace(room, table=replace(room.table, settings=replace(room.table.settings, **settings)))


def fill(room: Room, count: int) -> None:
    """Put so many rows into the mailbox, of which each says the week that there is a key for."""
    week = room.keystore().names()["intake"][0]
    with room.table.db.writing("keys") as session:
        session.add_all(
            MailboxEntry(submission=uuid4(), epoch=week, sealed=bytes(500), created_at=room.now)
            for _ in range(count)
        )


def empty(room: Room) -> None:
    """Lose the keystore and the rows."""
    shutil.rmtree(room.directory)
    with room.table.db.writing("keys") as session:
        session.execute(MailboxEntry.__table__.delete())  # type: ignore[attr-defined]  # a table


def turn(house: House) -> None:
    """Let half a day go by, and all secrets move from one key to the next, which is destroyed."""
    house.clock.forward(hours=12)
    turn_keys(house.db, house.vault, house.clock)
    house.clock.forward(minutes=11)
    turn_keys(house.db, house.vault, house.clock)
