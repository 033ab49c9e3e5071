"""What is derived from a random token that only a browser holds, so that the server keeps nothing about it."""

import os
from uuid import UUID

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

TOKEN_BYTES = 32


def new_token() -> bytes:
    """Return 32 random bytes."""
    return os.urandom(TOKEN_BYTES)


def derive(token: bytes, label: str) -> bytes:
    """Return the 32-byte key of one use of a token (HKDF-SHA256, RFC 5869), e.g. `draft seal`, `form key`."""
    return _expand(token, b"paravent key " + label.encode(), 32)


def derive_id(secret: bytes, label: str) -> UUID:
    """Return the row id that a token or a secret gives, e.g. `draft id`; it tells nothing about the secret."""
    return UUID(bytes=_expand(secret, b"paravent id " + label.encode(), 16), version=4)


def _expand(secret: bytes, info: bytes, length: int) -> bytes:
    return HKDF(SHA256(), length, None, info).derive(secret)
