"""A ledger with checkpoints and anchors, as writers and a worker made it, and its verification in this process."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy.orm import Session

from app.db import Databases
from app.ledger.export import bundle
from app.ledger.models import Base
from app.ledger.opening import EventKeys
from app.ledger.sealed import MonthSealer
from app.ledger.service import record
from app.ledger.verify import Notes, Unreadable, Verifier, anchored
from app.vault.keystore import Keystore
from app.vault.unlock import Unlock, new_key_file
from app.worker.chain import Chain
from tests.factories.house import SteppedClock

ACTOR = UUID(int=7)
CASE: dict[str, Any] = {"actor": ACTOR, "role": "practitioner", "form": "screen"}
SEED = bytes(range(32))
UNREADABLE = ["unreadable"]


@dataclass
class KeptLedger:
    """One file, two processes that write to it, and the worker's round."""

    folder: Path
    writers: tuple[Databases, Databases]
    clock: SteppedClock
    signer: Ed25519PrivateKey
    chain: Chain
    keystore: Keystore

    @property
    def db(self) -> Databases:
        """The connections of the first writer."""
        return self.writers[0]

    @property
    def anchors(self) -> Path:
        """The folder of anchored notes."""
        return self.folder / "anchors"

    @property
    def key(self) -> bytes:
        """The public key that an auditor pinned."""
        return self.signer.public_key().public_bytes_raw()

    def write(self, events: int, seconds: float = 7) -> None:
        """Record events, by each writer in turn, some about nobody and some of which were written before."""
        for number in range(events):
            self.clock.forward(seconds=seconds)
            db, now, once = self.writers[number % 2], self.clock(), uuid4()
            if number % 3:
                record(db, now, "clinic", "case.opened", [uuid4() for _ in range(number % 3)], ["care"], **CASE)
            else:
                for _ in range(1 + number % 2):
                    record(db, now, "patient", "submission.taken_in", once=once, submission=once)

    @property
    def keys(self) -> EventKeys:
        """What opens the events, fresh."""
        return EventKeys(self.db, self.keystore)

    def faults(self, anchors: Path | None = None, *, opened: bool = True) -> list[str]:
        """Verify the ledger as it stands; return the kinds of fault there are."""
        with self.db.reading("ledger") as session:
            return self.faults_within(session, anchors, opened=opened)

    def faults_within(self, session: Session, anchors: Path | None = None, *, opened: bool = True) -> list[str]:
        """Verify what one transaction sees."""
        return self.faults_of(bundle(session, self.clock(), self.keys if opened else None), anchors)

    def faults_of(self, lines: Iterable[str], anchors: Path | None = None) -> list[str]:
        """Verify a bundle; return the kinds of fault, or that it can't be read."""
        found: list[tuple[str, str]] = []
        notes = Notes(self.key)
        try:
            heads = anchored(anchors, notes, found) if anchors else []
            Verifier(notes, heads, found).read(line.encode() for line in lines)
        except Unreadable:
            return UNREADABLE
        return sorted({kind for kind, _where in found})


def a_keystore(folder: Path, now: datetime) -> Keystore:
    """Make a keystore that opens by a key file, with its public keys beside it."""
    new_key_file(folder / "unlock")
    return Keystore.create(folder / "keystore", folder / "public", Unlock(key_file=folder / "unlock"), now)


def a_sealer(folder: Path, keystore: Keystore) -> MonthSealer:
    """Return what one process seals its events with."""
    return MonthSealer(folder / "public", keystore.verify_key)


@contextmanager
def an_empty_ledger(folder: Path) -> Iterator[KeptLedger]:
    """Give a ledger without an event."""
    url, clock, signer = (
        f"sqlite:///{folder}/ledger.sqlite",
        SteppedClock(),
        Ed25519PrivateKey.from_private_bytes(SEED),
    )
    keystore = a_keystore(folder, clock())
    first, second = (Databases({"ledger": url}, sealer=a_sealer(folder, keystore)) for _ in range(2))
    Base.metadata.create_all(first.engine("ledger"))
    chain, writers = Chain(first, signer, clock, folder / "anchors"), (first, second)
    yield KeptLedger(folder, writers, clock, signer, chain, keystore)
    for db in writers:
        db.dispose()


@contextmanager
def a_ledger(folder: Path, events: int, a_round: int = 10, waiting: int = 3) -> Iterator[KeptLedger]:
    """Give a ledger of so many events in the tree, a checkpoint for each round of them, and a few that wait."""
    with an_empty_ledger(folder) as ledger:
        for start in range(0, events, a_round):
            ledger.write(min(a_round, events - start))
            ledger.chain.turn()
        ledger.write(waiting)
        yield ledger
