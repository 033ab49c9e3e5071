"""What unlocks a keystore's root: a passphrase (Argon2id, RFC 9106) or a key file of 32 random bytes."""

import base64
import binascii
import os
import unicodedata
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from argon2.low_level import Type, hash_secret_raw
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from app.config import WordsCost
from app.vault.errors import (
    KeyFileRefused,
    KeystoreDamaged,
    KeystoreExists,
    KeystoreMissing,
    KeystoreOpenToOthers,
    PassphraseTooShort,
    UnlockMissing,
)
from app.vault.files import create_once, read_private

PASSPHRASE_AT_LEAST = 12
_KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class Unlock:
    """What a process was given to open the keystore with. With both, the keystore's own kind is used."""

    passphrase: str | None = field(default=None, repr=False)
    key_file: Path | None = None


@dataclass(frozen=True, slots=True)
class Lock:
    """How a keystore is locked; kept beside it, in clear."""

    kind: str
    salt: bytes
    cost: WordsCost

    def as_document(self) -> dict[str, Any]:
        """Return the JSON form."""
        cost = {"memory_kib": self.cost.memory_kib, "passes": self.cost.passes, "lanes": self.cost.lanes}
        return {"kind": self.kind, "salt": base64.b64encode(self.salt).decode(), "argon2id": cost}


def new_lock(unlock: Unlock, cost: WordsCost) -> Lock:
    """Lock a new keystore by key file, or else by passphrase. Raises UnlockMissing, PassphraseTooShort."""
    if unlock.key_file is None:
        if unlock.passphrase is None:
            raise UnlockMissing("a new keystore needs a passphrase or a key file")
        if len(unlock.passphrase) < PASSPHRASE_AT_LEAST:
            raise PassphraseTooShort(f"a passphrase has at least {PASSPHRASE_AT_LEAST} characters")
    return Lock("passphrase" if unlock.key_file is None else "key_file", os.urandom(16), cost)


def read_lock(document: Any) -> Lock:
    """Read the JSON form of a lock. Raises KeystoreDamaged."""
    try:
        kind, cost = document["kind"], document["argon2id"]
        salt = base64.b64decode(document["salt"], validate=True)
        numbers = [cost["memory_kib"], cost["passes"], cost["lanes"]]
    except (KeyError, TypeError, ValueError):
        raise KeystoreDamaged("the keystore's lock is damaged") from None
    if kind not in ("passphrase", "key_file") or not all(type(n) is int and 0 < n <= 1 << 22 for n in numbers):
        raise KeystoreDamaged("the keystore's lock is damaged")
    return Lock(kind, salt, WordsCost(*numbers))


def unlocking_key(unlock: Unlock, lock: Lock) -> bytes:
    """Return the key that wraps the root. Raises UnlockMissing, KeyFileRefused."""
    if lock.kind == "key_file":
        if unlock.key_file is None:
            raise UnlockMissing("this keystore opens by a key file")
        return HKDF(SHA256(), 32, lock.salt, b"paravent keystore key file").derive(_read_key(unlock.key_file))
    if unlock.passphrase is None:
        raise UnlockMissing("this keystore opens by a passphrase")
    typed = unicodedata.normalize("NFC", unlock.passphrase).encode("utf-8", "surrogateescape")
    cost = lock.cost
    return hash_secret_raw(typed, lock.salt, cost.passes, cost.memory_kib, cost.lanes, 32, Type.ID)


def new_key_file(path: Path) -> None:
    """Make a key file (0600), never over another. Raises KeystoreExists."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not create_once(path, os.urandom(_KEY_BYTES).hex().encode() + b"\n"):
        raise KeystoreExists("there is a key file already")


def _read_key(path: Path) -> bytes:
    try:
        key = binascii.unhexlify(read_private(path).strip())
    except KeystoreMissing:
        raise KeyFileRefused("the key file can't be read") from None
    except KeystoreOpenToOthers:
        raise KeyFileRefused("the key file is open to other users: chmod 600 it") from None
    except ValueError:
        raise KeyFileRefused("the key file is not hexadecimal") from None
    if len(key) != _KEY_BYTES:
        raise KeyFileRefused("the key file is not 32 bytes in hexadecimal")
    return key
