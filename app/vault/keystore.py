"""The keystore: root → silo keys → the key of the day → the secret S of each pseudonym and purpose.

Root, silo keys, keys of the day and the intake's private keys are files of one private directory, never rows.
A secret is a row of the keys silo, wrapped under the key of its day: once that key's file is destroyed, no copy
of the row, in any backup, opens. Key files are read at each use, so that no process keeps what another destroyed.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.config import WordsCost
from app.db import Silo, insert_for
from app.vault.errors import (
    EpochKeyMissing,
    IntakeEpochMissing,
    KeystoreMissing,
    SecretConflict,
    SecretMalformed,
    SecretMissing,
)
from app.vault.files import destroy, replace_public
from app.vault.hybrid import new_seed, public_of
from app.vault.intake import intake_epoch, open_from_intake, public_name, signed_document, validity
from app.vault.keyfiles import KeyFiles
from app.vault.models import MailboxEntry, Secret
from app.vault.rewrapping import SETTLE, DayTurn, current_epoch, day_of, wrapped_for
from app.vault.root import Root, create_root, open_root
from app.vault.sealing import SECRET_BYTES, lock, new_secret, pad, unlock, unpad
from app.vault.tokens import derive
from app.vault.unlock import Unlock

__all__ = ["SETTLE", "Keystore", "Made", "SecretConflict", "SecretMissing", "Unlock"]


@dataclass(frozen=True, slots=True)
class Made:
    """Names of the keys that `ensure_epoch` made: of the day (`2026-11-21`) and of the week (`2026-W47`)."""

    secrets: tuple[str, ...]
    intake: tuple[str, ...]


class Keystore:
    """An opened keystore. Methods that take a session work in the keys silo and never commit."""

    def __init__(self, directory: Path, root: Root) -> None:
        self._silo_keys: Mapping[str, bytes] = root.silo_keys
        self._signer = Ed25519PrivateKey.from_private_bytes(root.signing_seed)
        self._public_dir = root.public_dir
        self._epochs = KeyFiles(directory, "epoch", r"\d{4}-\d\d-\d\d", root.silo_keys["keys"])
        self._intakes = KeyFiles(directory, "intake", r"\d{4}-W\d\d", root.intake_key)

    @classmethod
    def create(
        cls, directory: Path, public_dir: Path, unlock_with: Unlock, now: datetime, cost: WordsCost | None = None
    ) -> "Keystore":
        """Make a new keystore with its first keys. `cost` is Argon2id's, for a passphrase.

        `keystore.verify_key.hex()` is what the settings of every process pin. Raises KeystoreExists,
        UnlockMissing, PassphraseTooShort, KeyFileRefused.
        """
        keystore = cls(directory, create_root(directory, public_dir, unlock_with, cost or WordsCost()))
        keystore.ensure_epoch(now)
        return keystore

    @classmethod
    def open(cls, directory: Path, unlock_with: Unlock) -> "Keystore":
        """Open a keystore. Raises KeystoreMissing, KeystoreOpenToOthers, KeystoreDamaged, UnlockMissing,
        KeyFileRefused, WrongUnlock.
        """
        return cls(directory, open_root(directory, unlock_with))

    @property
    def verify_key(self) -> bytes:
        """Return the 32 bytes of the Ed25519 key that verifies intake keys."""
        return self._signer.public_key().public_bytes_raw()

    def ensure_epoch(self, now: datetime) -> Made:
        """Make the key of the day and the intake pair of the week if missing, and publish the latter, signed.

        May be called at any time and by several processes: one makes, the others find it made.
        """
        day, week = day_of(now), intake_epoch(now)
        new_day = day not in self._epochs.names() and self._epochs.make(day, new_secret(), now)
        new_week = week not in self._intakes.names() and self._intakes.make(week, new_seed(), now)
        path = self._public_dir / public_name(week)
        if new_week or not path.exists():
            replace_public(path, signed_document(week, public_of(self._intakes.read(week).key), self._signer))
        return Made((day,) if new_day else (), (week,) if new_week else ())

    def names(self) -> Mapping[str, Sequence[str]]:
        """Return the names of the keys there are, of both kinds: `secrets` by day, `intake` by week."""
        return {"secrets": self._epochs.names(), "intake": self._intakes.names()}

    def put(self, session: Session, pseudonym: UUID, purpose: str, secret: bytes, now: datetime) -> None:
        """Keep a secret under today's key; keeping the same one again changes nothing.

        Raises SecretMalformed, and SecretConflict when another is kept already: what comes from outside must
        not be able to replace, and so destroy, a secret in use.
        """
        if len(secret) != SECRET_BYTES:
            raise SecretMalformed("a secret is 32 bytes")
        epoch = current_epoch(self._epochs, now)
        wrapped = lock(self._epoch_key(epoch), secret, wrapped_for(pseudonym, purpose))
        row = {"pseudonym": pseudonym, "purpose": purpose, "epoch": epoch, "wrapped": wrapped}
        session.execute(insert_for(session, Secret.__table__).values(row).on_conflict_do_nothing())
        if self.get(session, pseudonym, purpose) != secret:
            raise SecretConflict("another secret is kept for this pseudonym and purpose")

    def get(self, session: Session, pseudonym: UUID, purpose: str) -> bytes:
        """Return a secret. Raises SecretMissing, EpochKeyMissing, KeystoreDamaged, Unsealable."""
        wanted = select(Secret.epoch, Secret.wrapped).where(*_is(pseudonym, purpose))
        row = session.execute(wanted).one_or_none()
        if row is None:
            raise SecretMissing("there is no secret for this pseudonym and purpose")
        return unlock(self._epoch_key(row.epoch), row.wrapped, wrapped_for(pseudonym, purpose))

    def destroy(self, session: Session, pseudonym: UUID, purpose: str) -> None:
        """Remove a secret: unusable once committed, and past recovery once the key of its day is destroyed."""
        session.execute(delete(Secret).where(*_is(pseudonym, purpose)))

    def turn(self, now: datetime) -> DayTurn:
        """Begin to move every secret to today's key. Raises EpochKeyMissing, KeystoreDamaged."""
        return DayTurn(self._epochs, now)

    def destroy_days(self, names: Iterable[str]) -> None:
        """Destroy keys that a turn named as unused; what they wrapped can't be opened any more, in any backup."""
        for name in names:
            self._epochs.destroy(name)

    def open_intake(self, epoch: str, sealed: bytes, submission: UUID) -> dict[str, Any]:
        """Open a mailbox entry. What it holds was written outside: check it.

        Raises IntakeEpochMissing, KeystoreDamaged, Unsealable.
        """
        try:
            seed = self._intakes.read(epoch).key
        except KeystoreMissing:
            raise IntakeEpochMissing("the intake's private key of this week is gone") from None
        return open_from_intake(seed, epoch, sealed, submission)

    def old_intakes(self, session: Session, now: datetime) -> tuple[str, ...]:
        """Return the weeks of the intake pairs whose dates are past and that no mailbox row uses."""
        used = set(session.scalars(select(MailboxEntry.epoch).distinct()))
        past = (name for name in self._intakes.names() if validity(name)[1] + SETTLE < now)
        return tuple(name for name in past if name not in used)

    def destroy_intakes(self, names: Iterable[str]) -> None:
        """Destroy the intake pairs of these weeks."""
        for name in names:
            self._intakes.destroy(name)
            destroy(self._public_dir / public_name(name))

    def seal_field(self, silo: Silo, label: str, value: bytes) -> bytes:
        """Seal a small value of a silo (a TOTP key) under that silo's key, bound to a label naming its row."""
        return lock(self._silo_keys[silo], pad(value), _field(silo, label))

    def open_field(self, silo: Silo, label: str, sealed: bytes) -> bytes:
        """Open what `seal_field` made for the same silo and label. Raises Unsealable."""
        return unpad(unlock(self._silo_keys[silo], sealed, _field(silo, label)))

    def derive_field(self, silo: Silo, label: str) -> bytes:
        """Return 32 bytes that a silo's key gives for a label, the same in every process of a zone."""
        return derive(self._silo_keys[silo], f"field {silo} {label}")

    def _epoch_key(self, epoch: str) -> bytes:
        try:
            return self._epochs.read(epoch).key
        except KeystoreMissing:
            raise EpochKeyMissing("the key of the day that wrapped a secret is gone") from None


def _is(pseudonym: UUID, purpose: str) -> tuple[Any, Any]:
    return Secret.pseudonym == pseudonym, Secret.purpose == purpose


def _field(silo: str, label: str) -> bytes:
    return f"paravent field 1 {silo} {label}".encode()
