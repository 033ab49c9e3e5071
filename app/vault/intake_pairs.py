"""The intake's key pairs, one for each half-day: made, published, and gone as soon as the next one has taken over.

A pair goes in this order: a newer one is published and settles; the pair is closed in the keys silo
(app/vault/closing.py) and its public file removed; that settles too; then, once no mailbox row is sealed to it, its
private key is destroyed.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.vault.closing import closings
from app.vault.errors import IntakeEpochMissing, KeystoreMissing
from app.vault.files import destroy, replace_public
from app.vault.hybrid import new_seed, public_of
from app.vault.intake import by_age, intake_epoch, open_from_intake, public_name, signed_document, validity
from app.vault.keyfiles import KeyFiles
from app.vault.models import MailboxEntry
from app.vault.rewrapping import SETTLE


@dataclass(frozen=True, slots=True)
class IntakePairs:
    """The pairs of an opened keystore: private keys in its directory, signed public ones beside it."""

    files: KeyFiles
    public_dir: Path
    signer: Ed25519PrivateKey = field(repr=False)

    def names(self) -> list[str]:
        """Return the names of the pairs whose private keys there are; they sort by `by_age`."""
        return self.files.names()

    def ensure(self, now: datetime) -> tuple[str, ...]:
        """Make the pair of the half-day if missing, and publish it; return which was made. Raises KeystoreError."""
        name = intake_epoch(now)
        made = name not in self.names() and self.files.make(name, new_seed(), now)
        path = self.public_dir / public_name(name)
        if made or not path.exists():
            replace_public(path, signed_document(name, public_of(self.files.read(name).key), self.signer))
        return (name,) if made else ()

    def opened(self, epoch: str, sealed: bytes, submission: UUID) -> dict[str, Any]:
        """Open a mailbox entry. What it holds was written outside: check it.

        Raises IntakeEpochMissing, KeystoreDamaged, KeystoreUnreadable, Unsealable.
        """
        try:
            seed = self.files.read(epoch).key
        except KeystoreMissing:
            raise IntakeEpochMissing("the intake's private key of this half-day is gone") from None
        return open_from_intake(seed, epoch, sealed, submission)

    def begun(self, now: datetime) -> tuple[str, ...]:
        """Return the names of the pairs, oldest first, without those of times to come, which a wrong clock made."""
        return tuple(sorted((name for name in self.names() if validity(name)[0] <= now), key=by_age))

    def outgoing(self, now: datetime) -> tuple[str, ...]:
        """Return the pairs that nobody seals to any more, as a newer one has been there for a while.

        Raises KeystoreDamaged, KeystoreUnreadable when that one can't be read: nothing goes before it works.
        """
        *older, newest = self.begun(now) or ("",)
        return tuple(older) if older and self.files.read(newest).made_at + SETTLE <= now else ()

    def unpublish(self, names: Iterable[str]) -> None:
        """Remove the public files of pairs."""
        for name in names:
            destroy(self.public_dir / public_name(name))

    def old(self, session: Session, now: datetime) -> tuple[str, ...]:
        """Return the pairs that were closed a while ago and that no mailbox row uses."""
        used = set(session.scalars(select(MailboxEntry.epoch).distinct()))
        closed = {name for name, since in closings(session).items() if since + SETTLE <= now}
        return tuple(name for name in self.outgoing(now) if name in closed - used)

    def destroy(self, names: Iterable[str]) -> None:
        """Destroy the private keys of pairs; what is sealed to them can't be opened any more, in any copy."""
        for name in names:
            self.files.destroy(name)
