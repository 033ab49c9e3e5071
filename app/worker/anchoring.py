"""The ledger's signed notes go where nobody of this installation can take them back: a locked bucket, time stamps.

Each minute the newest note is put into the bucket, after a look at what the bucket holds already: it must be a note
of this very ledger, else the ledger was cut or restored, and nothing more is signed. Each hour a note is stamped by
the authority. Both are done again when the outside was away, and neither holds up the chain.
"""

import logging
import os
from datetime import datetime, timedelta
from pathlib import Path
from uuid import uuid4

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import select

from app.anchor_settings import Elsewhere
from app.clock import Clock
from app.db import Databases
from app.ledger.models import Checkpoint
from app.ledger.notes import NoteRefused, read_note
from app.ledger.sequence import newest_checkpoint
from app.worker.anchor_bucket import NOTES, STAMPS, Bucket, BucketTaken, file_name
from app.worker.chain import LedgerRolledBack
from app.worker.time_stamps import Authority, StampRefused, size_of, stamps_in, time_in

EVERY = timedelta(minutes=1)
_STAMP_EVERY = timedelta(hours=1)
_STAMPS_AT_ONCE = 24
_log = logging.getLogger("paravent.worker")


class Anchoring:
    """The bucket's round, and whether the ledger was seen to be another than the one anchored there."""

    def __init__(
        self, db: Databases, trusted: Ed25519PublicKey, clock: Clock, anchors: Path | None, bucket: Bucket
    ) -> None:
        self._db, self._trusted, self._clock = db, trusted, clock
        self._anchors, self._bucket = anchors, bucket
        self._forked, self._put = False, 0
        self._stamps, self._asked = set[int](), False

    def is_forked(self) -> bool:
        """Say whether the bucket was seen to hold a note that this ledger does not. It stays so."""
        return self._forked

    def turn(self) -> int:
        """Compare with the bucket, then put there what it lacks; return how many objects were put.

        Raises LedgerRolledBack, BucketTaken, BucketUnlocked, BucketAway, BucketRefused, SiloUnavailable.
        """
        if self._forked:
            raise LedgerRolledBack("PARAVENT_ANCHORS_S3")
        kept = self.compare()
        with self._db.reading("ledger") as session:
            newest = newest_checkpoint(session)
        done = 0
        if newest is not None and newest.size >= max(kept, self._put + 1):  # what another put is seen to be locked
            done += self._bucket.keep(NOTES, newest.size, as_kept(newest.note), self._clock())
            self._put = newest.size
        return done + self._keep_stamps()

    def compare(self) -> int:
        """Return the largest size in the bucket, 0 before the first, once its note was found in this ledger.

        Raises LedgerRolledBack; BucketTaken when it holds no note of ours under that name; and as the bucket does.
        """
        size = self._bucket.newest(NOTES)
        if size is None:
            return 0
        kept = [note for note in map(as_signed, self._bucket.contents(NOTES, size)) if self._is_ours(note, size)]
        if not kept:
            raise BucketTaken
        if any(note != self._note_of(size) for note in kept):
            self._forked = True
            raise LedgerRolledBack("PARAVENT_ANCHORS_S3")
        return size

    def _is_ours(self, note: str, size: int) -> bool:
        """Say whether a note is signed by us and of that size: a true one under another name says nothing of it."""
        try:
            return read_note(note, self._trusted).size == size
        except NoteRefused:
            return False

    def _note_of(self, size: int) -> str | None:
        with self._db.reading("ledger") as session:
            return session.scalar(select(Checkpoint.note).where(Checkpoint.size == size))

    def _keep_stamps(self) -> int:
        """Put the stamps beside the anchors that the bucket lacks, oldest first, a few at once.

        The bucket is asked once what it has: nothing goes from there, and what is put later is remembered.
        """
        found = {size_of(path): path for path in stamps_in(self._anchors)} if self._anchors else {}
        if found and not self._asked:
            self._stamps |= set(self._bucket.sizes(STAMPS))
            self._asked = True
        done = 0
        for size in sorted(found.keys() - self._stamps)[:_STAMPS_AT_ONCE]:
            done += self._keep_stamp(size, found[size])
        return done

    def _keep_stamp(self, size: int, path: Path) -> int:
        """Put a stamp, its note before it: alone it would prove nothing."""
        note, done = self._note_of(size), 0
        if note is not None:
            done += self._bucket.keep(NOTES, size, as_kept(note), self._clock())
            done += self._bucket.keep(STAMPS, size, path.read_bytes(), self._clock())
        self._stamps.add(size)
        return done


class Stamping:
    """The authority's round: each hour the newest signed note, if there is a new one."""

    def __init__(self, db: Databases, clock: Clock, anchors: Path, authority: Authority) -> None:
        self._db, self._clock, self._anchors, self._authority = db, clock, anchors, authority
        self._spoilt = set[Path]()

    def turn(self) -> int:
        """Have the newest note stamped when the last stamp is an hour old; return how many were.

        Raises AuthorityAway, StampRefused, SiloUnavailable.
        """
        now = self._clock()
        if now < self._next(now):
            return 0
        with self._db.reading("ledger") as session:
            newest = newest_checkpoint(session)
        path = self._anchors / file_name(STAMPS, newest.size) if newest else None
        if newest is None or path is None or (path.exists() and path not in self._spoilt):
            return 0
        _write(path, self._authority.stamp(newest.note.encode(), self._clock))
        self._spoilt.discard(path)
        return 1

    def _next(self, now: datetime) -> datetime:
        """Return when the next stamp is due: in an hour at most, whatever the authority's clock says.

        A file that is no stamp is passed over, and stamped again when it is the newest note's.
        """
        for path in reversed(stamps_in(self._anchors)):
            try:
                return min(time_in(path.read_bytes()), now) + _STAMP_EVERY
            except (StampRefused, OSError) as fault:
                self._tell_of(path, fault)
        return now

    def _tell_of(self, path: Path, fault: Exception) -> None:
        """Log a file that is no stamp, once; `count` is the number in its name."""
        if path not in self._spoilt:
            self._spoilt.add(path)
            extra = {"event_id": str(uuid4()), "kind": type(fault).__name__, "count": size_of(path)}
            _log.warning("a time stamp beside the anchors can't be read; it proves nothing", extra=extra)


def as_kept(note: str) -> bytes:
    """Return a note as it stands in a file of anchors: with the empty line after it."""
    return f"{note}\n".encode()


def as_signed(kept: bytes) -> str:
    """Return the note that a kept object holds, without the empty line after it."""
    return kept.decode("utf-8", errors="replace").removesuffix("\n")


def rounds_of(
    db: Databases, trusted: Ed25519PublicKey, clock: Clock, anchors: Path | None, elsewhere: Elsewhere
) -> tuple[Anchoring | None, Stamping | None]:
    """Return the rounds that the settings ask for. Raises SettingsError for certificates that can't be read."""
    bucket = Anchoring(db, trusted, clock, anchors, Bucket(elsewhere.bucket)) if elsewhere.bucket else None
    if elsewhere.authority is None or anchors is None:
        return bucket, None
    return bucket, Stamping(db, clock, anchors, Authority.of(elsewhere.authority))


def _write(path: Path, content: bytes) -> None:
    """Write a file whole or not at all, and durably."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    beside = path.with_suffix(".new")
    with beside.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
