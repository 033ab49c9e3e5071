"""Hybrid public-key sealing: HPKE (RFC 9180) over ML-KEM-768 with X25519, so that either alone protects.

A private key is always made from 96 bytes (ML-KEM seed, then X25519 key): code words derive them, the intake
draws them.
"""

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hpke
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey, MLKEM768PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

from app.vault.sealing import Unsealable, pad, unpad

SEED_BYTES = 96
PUBLIC_BYTES = 1184 + 32
_MLKEM_SEED = 64
_MLKEM_PUBLIC = 1184
_SUITE = hpke.Suite(hpke.KEM.MLKEM768_X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_256_GCM)
_FORMAT = b"\x01"


class PublicKeyRefused(Exception):
    """Bytes given as a public key are none."""


def new_seed() -> bytes:
    """Return 96 random bytes: a new private key."""
    return os.urandom(SEED_BYTES)


def public_of(seed: bytes) -> bytes:
    """Return the 1,216 bytes of the public key that belongs to a seed."""
    lattice, curve = _halves(seed)
    return lattice.public_key().public_bytes_raw() + curve.public_key().public_bytes_raw()


def seal_to(public: bytes, plaintext: bytes, info: bytes) -> bytes:
    """Seal padded bytes to a public key, bound to `info`. Raises PublicKeyRefused."""
    if len(public) != PUBLIC_BYTES:
        raise PublicKeyRefused("a public key has the wrong length")
    try:
        lattice = MLKEM768PublicKey.from_public_bytes(public[:_MLKEM_PUBLIC])
        curve = X25519PublicKey.from_public_bytes(public[_MLKEM_PUBLIC:])
        return _FORMAT + _SUITE.encrypt(pad(plaintext), hpke.MLKEM768X25519PublicKey(lattice, curve), info)
    except ValueError:
        raise PublicKeyRefused("a public key is malformed") from None


def open_with(seed: bytes, sealed: bytes, info: bytes) -> bytes:
    """Open what `seal_to` made for this seed's public key and the same `info`. Raises Unsealable."""
    if sealed[:1] != _FORMAT:
        raise Unsealable
    try:
        padded = _SUITE.decrypt(sealed[1:], hpke.MLKEM768X25519PrivateKey(*_halves(seed)), info)
    except (InvalidTag, ValueError):
        raise Unsealable from None
    return unpad(padded)


def _halves(seed: bytes) -> tuple[MLKEM768PrivateKey, X25519PrivateKey]:
    lattice = MLKEM768PrivateKey.from_seed_bytes(seed[:_MLKEM_SEED])
    return lattice, X25519PrivateKey.from_private_bytes(seed[_MLKEM_SEED:])
