"""A receipt: the proof, inside one process and what it forks, that a reading was written to the ledger before.

Only `app.ledger` calls `issue` (a test holds it). A receipt made by hand, or changed after, is refused.
"""

import hashlib
import hmac
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import UUID

_PROCESS_KEY = os.urandom(32)  # Of this process and what it forks; a receipt is sent nowhere.


class ReceiptRefused(Exception):
    """A receipt was not issued by the ledger, or does not cover what it is shown for."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """The event that was recorded, and the pseudonyms and purposes it allows to open."""

    event: UUID
    subjects: frozenset[UUID]
    purposes: frozenset[str]
    proof: bytes = field(default=b"", repr=False, compare=False)

    def __post_init__(self) -> None:
        """Refuse a receipt that the ledger did not issue. Raises ReceiptRefused."""
        self.check()

    def check(self) -> None:
        """Raise ReceiptRefused unless the ledger issued exactly this receipt, in this process or in the one it was
        forked from."""
        if not hmac.compare_digest(self.proof, _proof(self.event, self.subjects, self.purposes)):
            raise ReceiptRefused("a receipt was not issued by the ledger")

    def check_covers(self, pairs: Iterable[tuple[UUID, str]]) -> None:
        """Raise ReceiptRefused unless this genuine receipt covers each of these subjects and purposes."""
        self.check()
        if any(subject not in self.subjects or purpose not in self.purposes for subject, purpose in pairs):
            raise ReceiptRefused("a receipt does not cover this subject and purpose")


def issue(event: UUID, subjects: frozenset[UUID], purposes: frozenset[str]) -> Receipt:
    """Make a receipt for a durable event. For `app.ledger` alone."""
    return Receipt(event, subjects, purposes, _proof(event, subjects, purposes))


def _proof(event: UUID, subjects: frozenset[UUID], purposes: frozenset[str]) -> bytes:
    said = [event.hex, *sorted(s.hex for s in subjects), "/", *sorted(purposes)]
    return hmac.new(_PROCESS_KEY, "\n".join(said).encode(), hashlib.sha256).digest()
