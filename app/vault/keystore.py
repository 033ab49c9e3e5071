"""The keystore: root → silo keys → the key of the day → the secret S of each pseudonym and purpose.

Root, silo keys, keys of the day and the intake's private keys are files of one private directory, never rows.
A secret is a row of the keys silo, wrapped under the key of its day: once that key's file is destroyed, no copy
of the row, in any backup, opens. Key files are read at each use, so that no process keeps what another destroyed.
"""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.config import WordsCost
from app.db import Silo, insert_for
from app.vault.errors import (
    EpochKeyMissing,
    KeystoreError,
    KeystoreMissing,
    SecretConflict,
    SecretMalformed,
    SecretMissing,
)
from app.vault.files import destroy, replace_public
from app.vault.half_days import day_of
from app.vault.held import Holder, is_sealed
from app.vault.hybrid import new_seed, public_of
from app.vault.intake_pairs import IntakePairs
from app.vault.keyfiles import KeyFiles, rewrap, unlock_by_any
from app.vault.models import INDEXED_PURPOSE, BlindIndex, Secret
from app.vault.months import MONTH_NAME, PUBLIC_MONTHS, months_ahead
from app.vault.rewrapping import SETTLE, DayTurn, current_epoch
from app.vault.root import create_root
from app.vault.sealing import SECRET_BYTES, Unsealable, lock, new_secret, pad, unlock, unpad
from app.vault.tokens import derive
from app.vault.unlock import Unlock
from app.vault.wrapping import DayKey

_YEAR_NAME = r"\d{4}"
_log = logging.getLogger("paravent.vault")

__all__ = ["SETTLE", "Keystore", "Made", "SecretConflict", "SecretMissing", "Unlock"]


@dataclass(frozen=True, slots=True)
class Made:
    """Names of the keys that `ensure_epoch` made: of half-days (`2026-11-21T12`) and of months (`2026-11`)."""

    secrets: tuple[str, ...]
    intake: tuple[str, ...]
    ledger: tuple[str, ...] = ()


class Keystore:
    """An opened keystore. Methods that take a session work in the keys silo and never commit.

    Any method may raise KeystoreSealed, and what opening raises when the root file was changed since.
    """

    def __init__(self, directory: Path, unlock_with: Unlock, *, heeds_seal: bool = True) -> None:
        self.directory = directory
        self._holder = Holder(directory, unlock_with, heeds_seal=heeds_seal)
        self._verify_key = self._holder.keys().signer.public_key().public_bytes_raw()

    @classmethod
    def create(
        cls, directory: Path, public_dir: Path, unlock_with: Unlock, now: datetime, cost: WordsCost | None = None
    ) -> "Keystore":
        """Make a new keystore with its first keys. `cost` is Argon2id's, for a passphrase.

        `keystore.verify_key.hex()` is what the settings of every process pin. Raises KeystoreExists,
        UnlockMissing, PassphraseTooShort, KeyFileRefused.
        """
        create_root(directory, public_dir, unlock_with, cost or WordsCost())
        keystore = cls(directory, unlock_with)
        keystore.ensure_epoch(now)
        return keystore

    @classmethod
    def open(cls, directory: Path, unlock_with: Unlock, *, heeds_seal: bool = True) -> "Keystore":
        """Open a keystore. `heeds_seal` is false for the commands that manage it.

        Raises KeystoreMissing, KeystoreOpenToOthers, KeystoreDamaged, KeystoreOutdated, KeystoreSealed,
        UnlockMissing, KeyFileRefused, WrongUnlock, and what an HSM raises.
        """
        return cls(directory, unlock_with, heeds_seal=heeds_seal)

    @property
    def verify_key(self) -> bytes:
        """Return the 32 bytes of the Ed25519 key that verifies intake keys."""
        return self._verify_key

    @property
    def sealed(self) -> bool:
        """Say whether the keystore is sealed: whoever works in rounds waits until it is not."""
        return is_sealed(self.directory)

    def ensure_epoch(self, now: datetime) -> Made:
        """Make key and pair of the half-day and the pairs of months if missing, and publish the pairs, signed.

        May be called at any time and by several processes: one makes, the others find it made.
        """
        keys, day = self._holder.keys(), day_of(now)
        new_day = day not in keys.epochs.names() and keys.epochs.make(day, new_secret(), now)
        return Made((day,) if new_day else (), self.intakes.ensure(now), self._ensure_months(now))

    def names(self) -> Mapping[str, Sequence[str]]:
        """Return the names of the keys there are: `secrets`, `intake` by half-day, `ledger` by month."""
        return {
            "secrets": self._epochs.names(),
            "intake": self.intakes.names(),
            "ledger": self.months.names(),
        }

    def put(self, session: Session, pseudonym: UUID, purpose: str, secret: bytes, now: datetime) -> None:
        """Keep a secret under today's key; keeping the same one again changes nothing.

        Raises SecretMalformed, and SecretConflict when another is kept already: what comes from outside must
        not be able to replace, and so destroy, a secret in use.
        """
        if len(secret) != SECRET_BYTES:
            raise SecretMalformed("a secret is 32 bytes")
        epoch = current_epoch(self._epochs, now)
        wrapped = self._epoch_key(epoch).wrap(secret, pseudonym, purpose)
        row = {"pseudonym": pseudonym, "purpose": purpose, "epoch": epoch, "wrapped": wrapped}
        session.execute(insert_for(session, Secret.__table__).values(row).on_conflict_do_nothing())
        if self.get(session, pseudonym, purpose) != secret:
            raise SecretConflict("another secret is kept for this pseudonym and purpose")

    def get(self, session: Session, pseudonym: UUID, purpose: str) -> bytes:
        """Return a secret, withdrawn or not, without a trace: sealed data is opened by `app.vault.door` alone.

        Raises SecretMissing, EpochKeyMissing, KeystoreDamaged, Unsealable.
        """
        wanted = select(Secret.epoch, Secret.wrapped).where(*_is(pseudonym, purpose))
        row = session.execute(wanted).one_or_none()
        if row is None:
            raise SecretMissing("there is no secret for this pseudonym and purpose")
        return self._epoch_key(row.epoch).unwrap(row.wrapped, pseudonym, purpose)

    def keys_of_days(self) -> Callable[[str], DayKey]:
        """Return what reads the key of a day by its name, each file once: for one work, never to be kept.

        It raises EpochKeyMissing, KeystoreDamaged.
        """
        return cache(self._epoch_key)

    def destroy(self, session: Session, pseudonym: UUID, purpose: str) -> None:
        """Remove a secret: unusable once committed, and past recovery once the key of its day is destroyed.

        A contact's blind indexes go with its secret.
        """
        session.execute(delete(Secret).where(*_is(pseudonym, purpose)))
        if purpose == INDEXED_PURPOSE:
            session.execute(delete(BlindIndex).where(BlindIndex.pseudonym == pseudonym))

    def turn(self, now: datetime) -> DayTurn:
        """Begin to move every secret to today's key. Raises EpochKeyMissing, KeystoreDamaged."""
        return DayTurn(self._epochs, now)

    def destroy_days(self, names: Iterable[str]) -> None:
        """Destroy keys that a turn named as unused; what they wrapped can't be opened any more, in any backup."""
        for name in names:
            self._epochs.destroy(name)

    def open_intake(self, epoch: str, sealed: bytes, submission: UUID) -> dict[str, Any]:
        """Open a mailbox entry. What it holds was written outside: check it.

        Raises IntakeEpochMissing, KeystoreDamaged, KeystoreUnreadable, Unsealable.
        """
        return self.intakes.opened(epoch, sealed, submission)

    def destroy_months(self, names: Iterable[str]) -> None:
        """Destroy the ledger's keys of these months; what their events say can't be read any more, in any copy."""
        for name in names:
            destroy(self._holder.keys().root.public_dir / PUBLIC_MONTHS.name(name))
            self.months.destroy(name)

    def seal_field(self, silo: Silo, label: str, value: bytes) -> bytes:
        """Seal a small value of a silo (a TOTP key) under that silo's key, bound to a label naming its row."""
        return lock(self._holder.keys().root.silo_keys[silo], pad(value), _field(silo, label))

    def open_field(self, silo: Silo, label: str, sealed: bytes) -> bytes:
        """Open what `seal_field` made for the same silo and label. Raises Unsealable."""
        return unpad(unlock_by_any(self._holder.keys().root.versions(silo), sealed, _field(silo, label)))

    def is_field_current(self, silo: Silo, label: str, sealed: bytes) -> bool:
        """Say whether a field opens under the newest version of its silo's key."""
        try:
            unlock(self._holder.keys().root.silo_keys[silo], sealed, _field(silo, label))
        except Unsealable:
            return False
        return True

    def derive_field(self, silo: Silo, label: str) -> bytes:
        """Return 32 bytes that a silo's key gives for a label, the same in every process of a zone and for ever."""
        return derive(self._holder.keys().root.deriving(silo), f"field {silo} {label}")

    def unreadable(self) -> list[str]:
        """Return the names of the keys of half-days, months and indexes whose files can't be read."""
        keys, found = self._holder.keys(), []
        for files in (keys.epochs, keys.intakes, self.months, self.indexes):
            for name in files.names():
                try:
                    files.read(name)
                except KeystoreError:
                    found.append(name)
        return found

    def rewrap_files(self) -> tuple[int, int]:
        """Wrap every key file under the newest silo keys; return how many, and how many none opens."""
        root = self._holder.keys().root
        wrapping = {"epoch": "keys", "intake": "intake", "ledger": "ledger", "index": "identity"}
        return rewrap(self.directory, {kind: root.versions(name) for kind, name in wrapping.items()})

    @property
    def intakes(self) -> IntakePairs:
        """Return the intake's key pairs."""
        keys = self._holder.keys()
        return IntakePairs(keys.intakes, keys.root.public_dir, keys.signer)

    @property
    def months(self) -> KeyFiles:
        """Return the files of the ledger's keys of months (app/vault/months.py)."""
        return KeyFiles(self.directory, "ledger", MONTH_NAME, lambda: self._holder.keys().root.versions("ledger"))

    @property
    def indexes(self) -> KeyFiles:
        """Return the files of the keys of blind indexes (app/vault/blind.py)."""
        return KeyFiles(self.directory, "index", _YEAR_NAME, lambda: self._holder.keys().root.versions("identity"))

    @property
    def _epochs(self) -> KeyFiles:
        return self._holder.keys().epochs

    def _ensure_months(self, now: datetime) -> tuple[str, ...]:
        """Make and publish the pairs of this month and of those that begin soon; return which were made."""
        keys, there, made = self._holder.keys(), self.months.names(), []
        wanted = tuple(months_ahead(now))
        _say_to_come(month for month in there if month > wanted[-1])
        for month in wanted:
            path = keys.root.public_dir / PUBLIC_MONTHS.name(month)
            if month not in there and self.months.make(month, new_seed(), now):
                made.append(month)
            elif path.exists():
                continue
            public = public_of(self.months.read(month).key)
            replace_public(path, PUBLIC_MONTHS.document(month, public, keys.signer))
        return tuple(made)

    def _epoch_key(self, epoch: str) -> DayKey:
        try:
            return DayKey(self._epochs.read(epoch).key)
        except KeystoreMissing:
            raise EpochKeyMissing("the key of the day that wrapped a secret is gone") from None


def _say_to_come(months: Iterable[str]) -> None:
    """Say in the log that a wrong clock made keys of months: they are left as they are, and serve in their time."""
    to_come = sum(1 for _ in months)
    if to_come:
        _log.error("ledger keys of months to come are left unused: a clock was wrong", extra={"count": to_come})


def _is(pseudonym: UUID, purpose: str) -> tuple[Any, Any]:
    return Secret.pseudonym == pseudonym, Secret.purpose == purpose


def _field(silo: str, label: str) -> bytes:
    return f"paravent field 1 {silo} {label}".encode()
