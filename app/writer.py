"""What a process's events are written with: the count of each, and the key that what they say is sealed under."""

import os
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol
from uuid import UUID, uuid4

Range = tuple[int, int]
"""The first and the last of counts that follow one another."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One thing to be written: by whom, the how-manieth, and which counts before it were never written."""

    writer: UUID
    count: int
    unwritten: tuple[Range, ...]


class Writer:
    """Counts what a process hands to the ledger: 1, 2, 3… under a random id, from any thread.

    A count whose row was not kept is told with the next one, so that a row removed later leaves a gap that nothing
    explains. A forked process gets an id of its own.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._unwritten: tuple[Range, ...] = ()
        self._begin()

    def take(self) -> Turn:
        """Hand out the next count, with the counts to tell of."""
        with self._lock:
            if self._process != os.getpid():
                self._begin()
            self._count += 1
            told, self._unwritten = self._unwritten, ()
            return Turn(self._id, self._count, told)

    def lost(self, turn: Turn) -> bool:
        """Remember that a turn's row was not kept: the next turn tells of it, and of what it told.

        Returns whether a later turn was handed out already: should none follow, the count would look removed.
        """
        with self._lock:
            if turn.writer != self._id:
                return False
            self._unwritten = _joined([*self._unwritten, *turn.unwritten, (turn.count, turn.count)])
            return turn.count < self._count

    def _begin(self) -> None:
        self._process, self._id = os.getpid(), uuid4()
        self._count, self._unwritten = 0, ()


@dataclass(slots=True)
class ContentKey:
    """A key that a process drew to seal what its events of one month say (`2026-11`).

    `envelope` is that key, sealed for who holds the month's private key; `id` is a digest of both. `kept_at` says
    when the envelope's row was last made durable: until then, and again after a while, events bring it along.
    """

    id: UUID
    month: str
    key: bytes = field(repr=False)
    envelope: bytes = field(repr=False)
    kept_at: datetime | None = None


class Sealer(Protocol):
    """Gives the key that a process's events of a moment are sealed under."""

    def under(self, now: datetime) -> ContentKey:
        """Return the key of the month that `now` is in. Raises an exception of its own when there can be none."""


def _joined(ranges: Iterable[Range]) -> tuple[Range, ...]:
    """Return ranges in order, those that touch as one."""
    found: list[Range] = []
    for first, last in sorted(ranges):
        if found and found[-1][1] + 1 == first:
            found[-1] = found[-1][0], last
        else:
            found.append((first, last))
    return tuple(found)
