"""What unlocks a keystore's root: a passphrase, a key file, an HSM's key, custodians' shares.

A keystore has one lock or several; any of them opens the same root key. A lock says in clear how its own key is
found: by Argon2id (RFC 9106) from a passphrase, by HKDF-SHA256 (RFC 5869) from 32 random bytes in the other kinds.
"""

import base64
import binascii
import os
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Literal, get_args

from argon2.exceptions import HashingError
from argon2.low_level import Type, hash_secret_raw
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from app.config import Settings, Token, WordsCost
from app.vault.custodians import Custody, combine
from app.vault.errors import (
    KeyFileRefused,
    KeystoreDamaged,
    KeystoreExists,
    KeystoreMissing,
    KeystoreOpenToOthers,
    KeystoreUnreadable,
    PassphraseTooShort,
    UnlockMissing,
)
from app.vault.files import create_once, read_private

PASSPHRASE_AT_LEAST = 12
Kind = Literal["key_file", "pkcs11", "passphrase", "custodians"]
KINDS: tuple[Kind, ...] = get_args(Kind)
"""In the order they are tried: what is quick and needs nobody comes first."""

_KEY_BYTES = 32
_INFO = {
    "key_file": b"paravent keystore key file",
    "pkcs11": b"paravent keystore token",
    "custodians": b"paravent keystore custodians",
}


@dataclass(frozen=True, slots=True)
class Unlock:
    """What a process was given to open the keystore with. Each lock that one of these fits is tried."""

    passphrase: str | None = field(default=None, repr=False)
    key_file: Path | None = None
    token: Token | None = None
    shares: tuple[str, ...] = field(default=(), repr=False)

    def fits(self, kind: Kind) -> bool:
        """Say whether something was given for locks of this kind."""
        given = {"passphrase": self.passphrase is not None, "key_file": self.key_file, "pkcs11": self.token}
        return bool(given.get(kind, self.shares))


@dataclass(frozen=True, slots=True)
class WrappedByToken:
    """A lock's key as an HSM wrapped it: by which mechanism (`aes-gcm` or `aes-key-wrap`), and the result."""

    mechanism: str
    wrapped: bytes


Terms = WordsCost | WrappedByToken | Custody | None


@dataclass(frozen=True, slots=True)
class Lock:
    """One way to unlock a keystore; kept beside it, in clear. `terms` is what its kind needs besides a salt."""

    id: str
    kind: Kind
    salt: bytes
    terms: Terms

    def as_document(self) -> dict[str, Any]:
        """Return the JSON form."""
        head = {"id": self.id, "kind": self.kind, "salt": base64.b64encode(self.salt).decode()}
        return head | _written(self.terms)


def unlock_of(settings: Settings) -> Unlock:
    """Return what a process's settings give to open the keystore with."""
    return Unlock(settings.keystore_passphrase, settings.keystore_key_file, settings.token)


def new_lock(unlock: Unlock, cost: WordsCost) -> Lock:
    """Return a new lock by key file, or else by passphrase. Raises UnlockMissing, PassphraseTooShort."""
    if unlock.key_file is not None:
        return _fresh("key_file", None)
    if unlock.passphrase is None:
        raise UnlockMissing("a new lock needs a passphrase or a key file; an HSM's comes by `paravent keys lock`")
    if len(unlock.passphrase) < PASSPHRASE_AT_LEAST:
        raise PassphraseTooShort(f"a passphrase has at least {PASSPHRASE_AT_LEAST} characters: choose a longer one")
    return _fresh("passphrase", cost)


def token_lock(token: Token) -> tuple[Lock, bytes]:
    """Return a new lock by an HSM's key, and the key that wraps the root. Raises as `token_root.wrap` does."""
    from app.vault import token_root  # Here, so that what has no HSM never loads its library.

    secret, terms = token_root.wrap(token)
    lock = _fresh("pkcs11", terms)
    return lock, _expanded(secret, lock)


def custodians_lock(custody: Custody, recovery_key: bytes) -> tuple[Lock, bytes]:
    """Return a new lock by shares, and the key that wraps the root."""
    lock = _fresh("custodians", custody)
    return lock, _expanded(recovery_key, lock)


def unlocking_key(unlock: Unlock, lock: Lock) -> bytes:
    """Return the key that wraps the root. Raises UnlockMissing, KeyFileRefused, and what an HSM or shares raise."""
    if not unlock.fits(lock.kind):
        raise UnlockMissing(f"this lock opens by {said(lock.kind)}, which was not given")
    if lock.kind == "passphrase":
        return _stretched(unlock.passphrase or "", lock)
    if isinstance(lock.terms, Custody):
        return _expanded(combine(unlock.shares, lock.terms), lock)
    if isinstance(lock.terms, WrappedByToken) and unlock.token:
        from app.vault import token_root  # As above.

        return _expanded(token_root.unwrap(unlock.token, lock.terms), lock)
    return _expanded(_read_key(unlock.key_file or Path()), lock)


def said(kind: Kind) -> str:
    """Return a kind of lock in words."""
    words = {"passphrase": "a passphrase", "key_file": "a key file", "pkcs11": "an HSM's key"}
    return words.get(kind, "custodians' shares")


def read_lock(document: Any) -> Lock:
    """Read the JSON form of a lock. Raises KeystoreDamaged."""
    try:
        kind, salt = document["kind"], base64.b64decode(document["salt"], validate=True)
        terms = _read_terms(kind, document)
        lock = Lock(document["id"], kind, salt, terms)
    except (KeyError, TypeError, ValueError):
        raise KeystoreDamaged(
            "a lock of the keystore is damaged: put the newest copy of keystore.json back"
        ) from None
    if type(lock.id) is not str or lock.as_document() != {k: v for k, v in document.items() if k != "root"}:
        raise KeystoreDamaged("a lock of the keystore is damaged: put the newest copy of keystore.json back")
    return lock


def read_first_lock(document: Any) -> Lock:
    """Read the one lock of a root file of schema 1, where a key file had a cost too. Raises KeystoreDamaged."""
    if not isinstance(document, Mapping):
        raise KeystoreDamaged("the keystore's lock is damaged: put the newest copy of keystore.json back")
    by_file = document.get("kind") == "key_file"
    return read_lock({"id": new_id()} | {k: v for k, v in document.items() if not (by_file and k == "argon2id")})


def new_id() -> str:
    """Return the id of a new lock."""
    return os.urandom(4).hex()


def new_key_file(path: Path) -> None:
    """Make a key file (0600), never over another. Raises KeystoreExists."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not create_once(path, os.urandom(_KEY_BYTES).hex().encode() + b"\n"):
        raise KeystoreExists("there is a key file already")


def _fresh(kind: Kind, terms: Terms) -> Lock:
    return Lock(new_id(), kind, os.urandom(16), terms)


def _stretched(passphrase: str, lock: Lock) -> bytes:
    cost = lock.terms if isinstance(lock.terms, WordsCost) else WordsCost()
    typed = unicodedata.normalize("NFC", passphrase).encode("utf-8", "surrogateescape")
    try:
        return hash_secret_raw(typed, lock.salt, cost.passes, cost.memory_kib, cost.lanes, _KEY_BYTES, Type.ID)
    except HashingError:
        raise KeystoreDamaged(
            "a lock of the keystore is damaged: put the newest copy of keystore.json back"
        ) from None


def _expanded(secret: bytes, lock: Lock) -> bytes:
    return HKDF(SHA256(), _KEY_BYTES, lock.salt, _INFO[lock.kind]).derive(secret)


def _written(terms: Terms) -> dict[str, Any]:
    if isinstance(terms, WordsCost):
        return {"argon2id": {"memory_kib": terms.memory_kib, "passes": terms.passes, "lanes": terms.lanes}}
    if isinstance(terms, WrappedByToken):
        return {"mechanism": terms.mechanism, "wrapped": base64.b64encode(terms.wrapped).decode()}
    if isinstance(terms, Custody):
        held_on = terms.held_on.isoformat()
        return {"threshold": terms.threshold, "count": terms.count, "ceremony": terms.ceremony, "held_on": held_on}
    return {}


def _read_terms(kind: Any, document: Any) -> Terms:
    """Read what a kind of lock needs. Raises KeyError, TypeError, ValueError."""
    if kind == "passphrase":
        cost = document["argon2id"]
        return WordsCost(*(_number(cost[name], 1 << 22) for name in ("memory_kib", "passes", "lanes")))
    if kind == "pkcs11":
        return WrappedByToken(document["mechanism"], base64.b64decode(document["wrapped"], validate=True))
    if kind == "custodians":
        threshold, count = _number(document["threshold"], 16), _number(document["count"], 16)
        return Custody(threshold, count, int(document["ceremony"]), date.fromisoformat(document["held_on"]))
    if kind != "key_file":
        raise ValueError
    return None


def _number(value: Any, greatest: int) -> int:
    if type(value) is not int or not 0 < value <= greatest:
        raise ValueError
    return value


def _read_key(path: Path) -> bytes:
    try:
        key = binascii.unhexlify(read_private(path).strip())
    except (KeystoreMissing, KeystoreUnreadable):
        raise KeyFileRefused("the key file can't be read: check PARAVENT_KEYSTORE_KEY_FILE, or its disk") from None
    except KeystoreOpenToOthers:
        raise KeyFileRefused("the key file is open to other users: chmod 600 it") from None
    except ValueError:
        raise KeyFileRefused("the key file is not hexadecimal: put its copy back") from None
    if len(key) != _KEY_BYTES:
        raise KeyFileRefused("the key file is not 32 bytes in hexadecimal: put its copy back")
    return key
