"""The sealed format: a key for each object, a commitment to that key, and associated data that says what it is.

    version (1 byte) ‖ salt (32) ‖ nonce (12) ‖ commitment (32) ‖ AES-256-GCM ciphertext and tag

`key ‖ commitment = HKDF-SHA256(S, salt, info)`, 64 bytes. Each object has its own key, so the limits on GCM
nonces (NIST SP 800-38D) are never near; GCM alone does not commit to its key, hence the commitment. What is
sealed is first prefixed with its length and padded (PADME, Nikitin et al., PETS 2019), so that a stored length
tells little.
"""

import hmac
import json
import os
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

SECRET_BYTES = 32
PADDED_AT_LEAST = 256
"""Anything shorter is stored as if it had this many bytes."""

_FORMAT = b"\x01"
_SALT = 32
_NONCE = 12
_COMMITMENT = 32
_HEAD = len(_FORMAT) + _SALT + _NONCE + _COMMITMENT
_TAG = 16
_INFO = b"paravent sealed 1 key commitment"
_LENGTH = struct.Struct(">I")
_SHA256 = SHA256()


class Unsealable(Exception):
    """A sealed object can't be opened: altered, moved, cut, of another version, or under another secret."""

    def __init__(self) -> None:
        super().__init__("a sealed object can't be opened")


class SchemaMissing(Exception):
    """A document to seal carries no whole number under `schema`."""


@dataclass(frozen=True, slots=True)
class Context:
    """What a sealed object is, bound to it: it opens nowhere else.

    `kind` is the logical kind of its destination (`care.answers`), never a table's name; `version` counts the
    row's writes from 1.
    """

    kind: str
    pseudonym: UUID
    purpose: str
    object_id: UUID
    version: int

    def associated(self) -> bytes:
        """Return the associated data: each part behind its length, so that no two contexts read the same."""
        ids = self.pseudonym.bytes + self.object_id.bytes
        return _beginning(self.kind, self.purpose) + ids + self.version.to_bytes(8, "big")


@lru_cache(maxsize=64)  # Kinds and purposes are few; a list opens thousands of objects of one.
def _beginning(kind: str, purpose: str) -> bytes:
    parts = (kind.encode(), purpose.encode())
    return b"paravent object 1" + b"".join(_LENGTH.pack(len(part)) + part for part in parts)


def new_secret() -> bytes:
    """Return a fresh secret S: 32 random bytes, never derived from anything (a derived one can't be destroyed)."""
    return os.urandom(SECRET_BYTES)


def seal(secret: bytes, plaintext: bytes, context: Context) -> bytes:
    """Seal padded bytes under a secret for one context."""
    return lock(secret, pad(plaintext), context.associated())


def unseal(secret: bytes, sealed: bytes, context: Context) -> bytes:
    """Open what `seal` made for the same secret and context. Raises Unsealable."""
    return unpad(unlock(secret, sealed, context.associated()))


def seal_json(secret: bytes, document: Mapping[str, Any], context: Context) -> bytes:
    """Seal a document that carries its `schema` number. Raises SchemaMissing."""
    return seal(secret, encode_document(document), context)


def unseal_json(secret: bytes, sealed: bytes, context: Context) -> dict[str, Any]:
    """Open a sealed document. Raises Unsealable, also when what was sealed is no document."""
    return decode_document(unseal(secret, sealed, context))


def lock(secret: bytes, plaintext: bytes, associated: bytes) -> bytes:
    """Encrypt without padding, for values of one fixed size (wrapped keys)."""
    drawn = os.urandom(_SALT + _NONCE)
    key, commitment = _object_key(secret, drawn[:_SALT])
    return b"".join((_FORMAT, drawn, commitment, AESGCM(key).encrypt(drawn[_SALT:], plaintext, associated)))


def unlock(secret: bytes, sealed: bytes, associated: bytes) -> bytes:
    """Open what `lock` made. Raises Unsealable."""
    if len(sealed) < _HEAD + _TAG or sealed[:1] != _FORMAT:
        raise Unsealable
    salt, nonce, said = sealed[1:33], sealed[33:45], sealed[45:_HEAD]
    key, commitment = _object_key(secret, salt)
    if not hmac.compare_digest(commitment, said):
        raise Unsealable
    try:
        return AESGCM(key).decrypt(nonce, sealed[_HEAD:], associated)
    except InvalidTag:
        raise Unsealable from None


def pad(plaintext: bytes) -> bytes:
    """Put the length before the bytes, and zeros after, up to a PADME length."""
    body = _LENGTH.pack(len(plaintext)) + plaintext
    return body.ljust(padded_length(len(body)), b"\0")


def unpad(padded: bytes) -> bytes:
    """Return what `pad` was given. Raises Unsealable when the length or the zeros are not as `pad` makes them."""
    if len(padded) < PADDED_AT_LEAST:
        raise Unsealable
    end = _LENGTH.size + _LENGTH.unpack_from(padded)[0]
    if padded_length(end) != len(padded) or padded.count(0, end) != len(padded) - end:
        raise Unsealable
    return padded[_LENGTH.size : end]


@lru_cache(maxsize=1024)
def padded_length(length: int) -> int:
    """Return the stored length of `length` bytes: at least 256, at most 12 % more (PADME)."""
    if length <= PADDED_AT_LEAST:
        return PADDED_AT_LEAST
    exponent = length.bit_length() - 1
    low_bits = exponent - exponent.bit_length()
    mask = (1 << low_bits) - 1
    return (length + mask) & ~mask


def encode_document(document: Mapping[str, Any]) -> bytes:
    """Return a document as compact JSON in ASCII. Raises SchemaMissing."""
    if type(document.get("schema")) is not int:
        raise SchemaMissing("a document to seal needs a whole number under schema")
    return json.dumps(dict(document), separators=(",", ":"), allow_nan=False).encode("ascii")


def decode_document(encoded: bytes) -> dict[str, Any]:
    """Read back a document. The writer is not trusted: anything else than one raises Unsealable."""
    try:
        document = json.loads(encoded)
    except (ValueError, RecursionError):
        raise Unsealable from None
    if not isinstance(document, dict) or type(document.get("schema")) is not int:
        raise Unsealable
    return document


def _object_key(secret: bytes, salt: bytes) -> tuple[bytes, bytes]:
    derived = HKDF(_SHA256, 64, salt, _INFO).derive(secret)
    return derived[:32], derived[32:]
