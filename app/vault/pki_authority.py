"""An authority as it is kept: its certificate as PEM, its key as PEM in clear or locked by a passphrase."""

import base64
import json
import os
import unicodedata

from argon2.low_level import Type, hash_secret_raw
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from app.config import WordsCost
from app.vault.errors import PassphraseTooShort
from app.vault.pki import Pair, key_pem
from app.vault.pki_errors import AuthorityDamaged, AuthorityLocked, WrongPassphrase
from app.vault.sealing import Unsealable, lock, unlock

PASSPHRASE_AT_LEAST = 12
_BOUND = b"paravent authority key"
_SALT = 16
_MOST = 1 << 22
"""Greatest cost that is believed, in KiB or in passes: a damaged file must not fill the memory."""


def key_text(authority: Pair, passphrase: str | None, cost: WordsCost | None = None) -> bytes:
    """Return the authority's key for its file: PKCS#8 PEM or, with a passphrase, that PEM locked (JSON).

    Locked as the keystore's root is (Argon2id, RFC 9106, then AES-256-GCM), since the passphrase is the keystore's:
    PKCS#8's own encryption would let who has this file try passphrases far more cheaply. Raises PassphraseTooShort.
    """
    plain = key_pem(authority.key)
    if passphrase is None:
        return plain
    if len(passphrase) < PASSPHRASE_AT_LEAST:
        raise PassphraseTooShort(f"a passphrase has at least {PASSPHRASE_AT_LEAST} characters: set a longer one")
    salt, cost = os.urandom(_SALT), cost or WordsCost()
    document = {
        "schema": 1,
        "salt": _text(salt),
        "argon2id": [cost.memory_kib, cost.passes, cost.lanes],
        "key": _text(lock(_locking_key(passphrase, salt, cost), plain, _BOUND)),
    }
    return json.dumps(document, indent=1).encode("ascii") + b"\n"


def read_authority(certificate: bytes, key: bytes, passphrase: str | None) -> Pair:
    """Read an authority from the texts of its two files.

    Raises AuthorityDamaged, AuthorityLocked, WrongPassphrase.
    """
    read = read_authority_certificate(certificate)
    try:
        private = load_pem_private_key(_opened(key, passphrase), None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise AuthorityDamaged("the authority's key is damaged: put back a copy of authority.key") from None
    if not isinstance(private, ec.EllipticCurvePrivateKey) or private.public_key() != read.public_key():
        raise AuthorityDamaged("authority.key is not the key of authority.pem: put back both from one copy")
    return Pair(read, private)


def read_authority_certificate(pem: bytes) -> x509.Certificate:
    """Read the certificate of an authority made here. Raises AuthorityDamaged."""
    try:
        certificate = x509.load_pem_x509_certificate(pem)
        found = certificate.extensions
        signs = found.get_extension_for_class(x509.BasicConstraints).value.ca
        found.get_extension_for_class(x509.NameConstraints)
        found.get_extension_for_class(x509.SubjectKeyIdentifier)
    except (ValueError, x509.ExtensionNotFound):
        signs = False
    if not signs:
        raise AuthorityDamaged("authority.pem is damaged, or was not made by `paravent pki init`: put back a copy")
    return certificate


def _opened(text: bytes, passphrase: str | None) -> bytes:
    """Return a key's PEM, unlocked if it was locked."""
    if not text.startswith(b"{"):
        return text
    if passphrase is None:
        raise AuthorityLocked("the authority's key is locked: set PARAVENT_KEYSTORE_PASSPHRASE to its passphrase")
    try:
        document = json.loads(text)
        salt, locked, cost = _bytes(document["salt"]), _bytes(document["key"]), _cost(document["argon2id"])
        if len(salt) != _SALT:
            raise ValueError
    except (KeyError, TypeError, ValueError, RecursionError):
        raise AuthorityDamaged("the authority's key is damaged: put back a copy of authority.key") from None
    try:
        return unlock(_locking_key(passphrase, salt, cost), locked, _BOUND)
    except Unsealable:
        raise WrongPassphrase(
            "PARAVENT_KEYSTORE_PASSPHRASE does not open the authority's key: set the one it was made with"
        ) from None


def _locking_key(passphrase: str, salt: bytes, cost: WordsCost) -> bytes:
    typed = unicodedata.normalize("NFC", passphrase).encode("utf-8", "surrogateescape")
    return hash_secret_raw(typed, salt, cost.passes, cost.memory_kib, cost.lanes, 32, Type.ID)


def _cost(numbers: list[int]) -> WordsCost:
    memory_kib, passes, lanes = numbers
    if not all(type(number) is int and 0 < number <= _MOST for number in numbers) or memory_kib < 8 * lanes:
        raise ValueError
    return WordsCost(memory_kib, passes, lanes)


def _text(value: bytes) -> str:
    return base64.b64encode(value).decode("ascii")


def _bytes(value: str) -> bytes:
    return base64.b64decode(value, validate=True)
