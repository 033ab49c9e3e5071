"""The keystore: root → silo keys → the key of the day → the secret S of each pseudonym and purpose.

Root, silo keys, keys of the day and the intake's private keys are files of one private directory, never rows.
A secret is a row of the keys silo, wrapped under the key of its day: once that key's file is destroyed, no copy
of the row, in any backup, opens. Key files are read at each use, so that no process keeps what another destroyed.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import delete, select, update
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
from app.vault.root import Root, create_root, open_root
from app.vault.sealing import SECRET_BYTES, lock, new_secret, pad, unlock, unpad
from app.vault.tokens import derive
from app.vault.unlock import Unlock

__all__ = ["SETTLE", "Keystore", "Made", "Rewrapped", "SecretConflict", "SecretMissing", "Unlock"]

SETTLE = timedelta(minutes=10)
"""How long an outgoing key outlives its replacement, for what was under way when it was replaced."""

_log = logging.getLogger("paravent.vault")


@dataclass(frozen=True, slots=True)
class Made:
    """Names of the keys that `ensure_epoch` made: of the day (`2026-11-21`) and of the week (`2026-W47`)."""

    secrets: tuple[str, ...]
    intake: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rewrapped:
    """What a call of `rewrap` did: secrets moved, secrets whose key was gone already, key files destroyed."""

    moved: int
    lost: int
    destroyed: tuple[str, ...]


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
        day, week = now.astimezone(UTC).date().isoformat(), intake_epoch(now)
        new_day = day not in self._epochs.names() and self._epochs.make(day, new_secret(), now)
        new_week = week not in self._intakes.names() and self._intakes.make(week, new_seed(), now)
        path = self._public_dir / public_name(week)
        if new_week or not path.exists():
            replace_public(path, signed_document(week, public_of(self._intakes.read(week).key), self._signer))
        return Made((day,) if new_day else (), (week,) if new_week else ())

    def put(self, session: Session, pseudonym: UUID, purpose: str, secret: bytes) -> None:
        """Keep a secret under today's key; keeping the same one again changes nothing.

        Raises SecretMalformed, and SecretConflict when another is kept already: what comes from outside must
        not be able to replace, and so destroy, a secret in use.
        """
        if len(secret) != SECRET_BYTES:
            raise SecretMalformed("a secret is 32 bytes")
        epoch = self._current_epoch()
        wrapped = lock(self._epoch_key(epoch), secret, _bound_to(pseudonym, purpose))
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
        return unlock(self._epoch_key(row.epoch), row.wrapped, _bound_to(pseudonym, purpose))

    def destroy(self, session: Session, pseudonym: UUID, purpose: str) -> None:
        """Remove a secret: unusable once committed, and past recovery once the key of its day is destroyed."""
        session.execute(delete(Secret).where(*_is(pseudonym, purpose)))

    def rewrap(self, session: Session, now: datetime) -> Rewrapped:
        """Move every secret to today's key, and destroy older keys of the day that no committed row uses.

        Call it at each turn of the worker, in its own transaction: one call moves, and a later one, SETTLE after
        today's key was made, destroys; a key is never destroyed before the move is committed. A row whose key
        is gone (restored from an old backup) stays unreadable and is counted as lost.
        """
        self.ensure_epoch(now)
        today = self._current_epoch()
        key = self._epoch_key(today)
        stale = select(Secret.pseudonym, Secret.purpose, Secret.epoch, Secret.wrapped).where(Secret.epoch != today)
        rows = session.execute(stale).all()
        lost = sum(not self._move(session, row, today, key) for row in rows)
        if lost:
            _log.error("secrets can't be read: the key of their day is gone", extra={"count": lost})
        destroyed = self._destroy_unused({row.epoch for row in rows}, today, now)
        return Rewrapped(len(rows) - lost, lost, destroyed)

    def open_intake(self, epoch: str, sealed: bytes, submission: UUID) -> dict[str, Any]:
        """Open a mailbox entry. What it holds was written outside: check it.

        Raises IntakeEpochMissing, KeystoreDamaged, Unsealable.
        """
        try:
            seed = self._intakes.read(epoch).key
        except KeystoreMissing:
            raise IntakeEpochMissing("the intake's private key of this week is gone") from None
        return open_from_intake(seed, epoch, sealed, submission)

    def destroy_old_intake(self, session: Session, now: datetime) -> tuple[str, ...]:
        """Destroy the intake pairs whose dates are past and that no mailbox row uses. Returns their weeks."""
        used = set(session.scalars(select(MailboxEntry.epoch).distinct()))
        old = [name for name in self._intakes.names() if name not in used and validity(name)[1] + SETTLE < now]
        for name in old:
            self._intakes.destroy(name)
            destroy(self._public_dir / public_name(name))
        return tuple(old)

    def seal_field(self, silo: Silo, label: str, value: bytes) -> bytes:
        """Seal a small value of a silo (a TOTP key) under that silo's key, bound to a label naming its row."""
        return lock(self._silo_keys[silo], pad(value), _field(silo, label))

    def open_field(self, silo: Silo, label: str, sealed: bytes) -> bytes:
        """Open what `seal_field` made for the same silo and label. Raises Unsealable."""
        return unpad(unlock(self._silo_keys[silo], sealed, _field(silo, label)))

    def derive_field(self, silo: Silo, label: str) -> bytes:
        """Return 32 bytes that a silo's key gives for a label, the same in every process of a zone."""
        return derive(self._silo_keys[silo], f"field {silo} {label}")

    def _current_epoch(self) -> str:
        names = self._epochs.names()
        if not names:
            raise EpochKeyMissing("the keystore has no key of the day: call ensure_epoch")
        return names[-1]

    def _epoch_key(self, epoch: str) -> bytes:
        try:
            return self._epochs.read(epoch).key
        except KeystoreMissing:
            raise EpochKeyMissing("the key of the day that wrapped a secret is gone") from None

    def _move(self, session: Session, row: Any, today: str, key: bytes) -> bool:
        """Wrap one row again. Returns False when it can't be read any more."""
        bound_to = _bound_to(row.pseudonym, row.purpose)
        try:
            secret = unlock(self._epoch_key(row.epoch), row.wrapped, bound_to)
        except EpochKeyMissing:
            return False
        same = (*_is(row.pseudonym, row.purpose), Secret.wrapped == row.wrapped)
        session.execute(update(Secret).where(*same).values(epoch=today, wrapped=lock(key, secret, bound_to)))
        return True

    def _destroy_unused(self, used: set[str], today: str, now: datetime) -> tuple[str, ...]:
        """Destroy keys older than today's that no row used when this transaction began, once things settled."""
        if self._epochs.read(today).made_at + SETTLE > now:
            return ()
        old = tuple(name for name in self._epochs.names() if name < today and name not in used)
        for name in old:
            self._epochs.destroy(name)
        return old


def _is(pseudonym: UUID, purpose: str) -> tuple[Any, Any]:
    return Secret.pseudonym == pseudonym, Secret.purpose == purpose


def _bound_to(pseudonym: UUID, purpose: str) -> bytes:
    return b"paravent secret 1 " + pseudonym.bytes + purpose.encode()


def _field(silo: str, label: str) -> bytes:
    return f"paravent field 1 {silo} {label}".encode()
