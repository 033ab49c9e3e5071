"""Each second, what is new in the ledger is chained, its head signed, and the signed head anchored in a file.

Anchors are kept outside the database, so that who may change every row still can't take back what was signed: a
file a day, to which notes are only ever appended, each after the commit it tells of. A note that a killed worker
left out, or left unfinished, is appended by the next round. Copy the files to a machine of somebody else's.
"""

import os
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from itertools import groupby
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import select

from app.clock import Clock
from app.db import Databases
from app.ledger.models import Checkpoint
from app.ledger.notes import NOTE
from app.ledger.sequence import BATCH, LeafAltered, checkpoint, newest_checkpoint, sequence, waiting
from app.vault.keystore import Keystore

_BATCHES = 20
"""Most transactions of one round: the worker has other things to do."""
_LATE = timedelta(minutes=10)
"""How far back a round looks for events; the whole ledger is looked through now and then."""
_WHOLE = timedelta(hours=1)
_ANCHORED_AT_ONCE = 1000
_SUFFIX = ".notes"
_TAIL = 4096
"""Bytes at a file's end that surely hold a whole note, if there is one."""


class LedgerRolledBack(Exception):
    """The database holds less, or other, than what was anchored: it was cut, or restored from an older copy."""

    def __init__(self, where: str = "PARAVENT_ANCHORS") -> None:
        super().__init__(
            "the ledger is not the one that was anchored, or it is shorter; nothing more is signed. If you "
            "restored an older copy, keep these anchors as the proof of what was lost, and give "
            f"{where} another folder"
        )


def signer_of(keystore: Keystore) -> Ed25519PrivateKey:
    """Return the key that signs checkpoints. Its public half is what auditors pin."""
    return Ed25519PrivateKey.from_private_bytes(keystore.derive_field("ledger", "checkpoint signer"))


class Chain:
    """The round, and what it remembers: from when on it looks for events without a place."""

    def __init__(
        self,
        db: Databases,
        signer: Ed25519PrivateKey,
        clock: Clock,
        anchors: Path | None,
        forked: Callable[[], bool] | None = None,
    ) -> None:
        """Take what it works with; `forked` says whether anchors kept elsewhere are not of this ledger."""
        self._db, self._signer, self._clock, self._anchors = db, signer, clock, anchors
        self._forked = forked
        self._since: datetime | None = None
        self._whole_at: datetime | None = None
        self._caught_up = True

    def turn(self) -> int:
        """Chain, sign and anchor what is new; return how many events got a place. To be called each second.

        Raises LedgerRolledBack, TreeAltered, SiloUnavailable; and LeafAltered, once all is done.
        """
        now = self._clock()
        self._check_not_rolled_back()
        if self._caught_up:
            self._look_back(now)
        done, altered = self._chain(now)
        self._anchor()
        if altered:
            raise LeafAltered(altered)
        return done

    def _check_not_rolled_back(self) -> None:
        if self._forked and self._forked():
            raise LedgerRolledBack("PARAVENT_ANCHORS_S3")
        anchored = last_anchored(self._anchors) if self._anchors else None  # first: another worker may sign now
        if anchored is None:
            return
        with self._db.reading("ledger") as session:
            newest = newest_checkpoint(session)
        if newest is None or newest.size < anchored:
            raise LedgerRolledBack

    def _look_back(self, now: datetime) -> None:
        """Choose how far back this round looks."""
        whole = self._whole_at is None or now >= self._whole_at
        self._since = None if whole else now - _LATE
        if whole:
            self._whole_at = now + _WHOLE
        self._caught_up = False  # until a round got as far: one that fails looks as far back when it is tried again

    def _chain(self, now: datetime) -> tuple[int, int]:
        """Sequence and sign, batch after batch; return how many events there were, and how many of them altered."""
        done = altered = 0
        for _ in range(_BATCHES):
            with self._db.reading("ledger") as session:
                oldest = waiting(session, self._since)
            if oldest is None:
                self._caught_up = True
                break
            with self._db.writing("ledger") as session:
                batch = sequence(session, self._signer.public_key(), oldest)  # so the lock is short
                checkpoint(session, now, self._signer, batch)
            done, altered = done + batch.count, altered + batch.altered
            if batch.count < BATCH:
                self._caught_up = True
                break
            self._since = batch.last
        return done, altered

    def _anchor(self) -> None:
        """Append each signed note that the files lack; where there is no file yet, the newest alone."""
        if self._anchors is None:
            return
        anchored = last_anchored(self._anchors)
        signed = select(Checkpoint.at, Checkpoint.note)
        if anchored is None:
            lacking = signed.order_by(Checkpoint.size.desc()).limit(1)
        else:
            lacking = signed.where(Checkpoint.size > anchored).order_by(Checkpoint.size).limit(_ANCHORED_AT_ONCE)
        with self._db.reading("ledger") as session:
            found = session.execute(lacking).all()
        for day, notes in groupby(found, lambda one: f"{one.at:%Y-%m-%d}"):
            _append(self._anchors / f"{day}{_SUFFIX}", [one.note for one in notes])


def last_anchored(folder: Path) -> int | None:
    """Return the size that the last whole note of a folder's files tells, or None before the first."""
    for path in sorted(folder.glob(f"*{_SUFFIX}"), reverse=True):
        sizes = [int(found[2]) for found in NOTE.finditer(_end_of(path))]
        if sizes:
            return sizes[-1]
    return None


def _end_of(path: Path) -> str:
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - _TAIL))
        return file.read().decode("utf-8", errors="replace")


def _append(path: Path, notes: Iterable[str]) -> None:
    """Append notes durably, a blank line after each; one that was left unfinished stays, on lines of its own."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with path.open("ab") as file:
        unfinished = file.tell() > 0 and not _end_of(path).endswith("\n\n")
        file.write((("\n\n" if unfinished else "") + "".join(f"{note}\n" for note in notes)).encode())
        file.flush()
        os.fsync(file.fileno())
