"""A ledger with checkpoints and anchors, as writers and a worker made it, and its verification in this process."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy.orm import Session

from app.db import Databases
from app.ledger.export import bundle
from app.ledger.models import Base
from app.ledger.service import record
from app.ledger.verify import Notes, Unreadable, Verifier, anchored
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

    def faults(self, anchors: Path | None = None) -> list[str]:
        """Verify the ledger as it stands; return the kinds of fault there are."""
        with self.db.reading("ledger") as session:
            return self.faults_of(bundle(session, self.clock()), anchors)

    def faults_within(self, session: Session, anchors: Path | None = None) -> list[str]:
        """Verify what one transaction sees."""
        return self.faults_of(bundle(session, self.clock()), anchors)

    def faults_of(self, lines: Iterable[str], anchors: Path | None = None, expired_before: str = "") -> list[str]:
        """Verify a bundle; return the kinds of fault, or that it can't be read."""
        found: list[tuple[str, str]] = []
        notes = Notes(self.key)
        try:
            heads = anchored(anchors, notes, found) if anchors else []
            Verifier(notes, heads, found, expired_before).read(line.encode() for line in lines)
        except Unreadable:
            return UNREADABLE
        return sorted({kind for kind, _where in found})


@contextmanager
def an_empty_ledger(folder: Path) -> Iterator[KeptLedger]:
    """Give a ledger without an event."""
    url = f"sqlite:///{folder}/ledger.sqlite"
    writers = Databases({"ledger": url}), Databases({"ledger": url})
    Base.metadata.create_all(writers[0].engine("ledger"))
    clock, signer = SteppedClock(), Ed25519PrivateKey.from_private_bytes(SEED)
    yield KeptLedger(folder, writers, clock, signer, Chain(writers[0], signer, clock, folder / "anchors"))
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
