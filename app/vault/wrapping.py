"""A secret wrapped under the key of its half-day.

    version 2 (1 byte) ‖ nonce (12) ‖ AES-256-GCM ciphertext and tag

A key lives half a day and wraps each secret once or a few times: far from the 2³² random nonces that NIST
SP 800-38D allows one key. So no key is derived for each, as sealed objects have theirs; and no commitment is
needed, since the objects commit to the secret. What the form of sealed objects wrapped (version 1) is read still.
"""

import os
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from app.vault.sealing import SECRET_BYTES, Unsealable, unlock

_FORMAT = b"\x02"
_NONCE = 12
_HEAD = len(_FORMAT) + _NONCE
_LENGTH = _HEAD + SECRET_BYTES + 16


class DayKey:
    """The key of a half-day, ready to wrap and unwrap. Like every key, it is kept for the work at hand only."""

    __slots__ = ("_gcm", "key")

    def __init__(self, key: bytes) -> None:
        """Prepare the cipher once for all that the key wraps."""
        self.key, self._gcm = key, AESGCM(key)

    def wrap(self, secret: bytes, pseudonym: UUID, purpose: str) -> bytes:
        """Wrap a secret for one pseudonym and purpose."""
        nonce = os.urandom(_NONCE)
        return _FORMAT + nonce + self._gcm.encrypt(nonce, secret, _row(pseudonym, purpose))

    def unwrap(self, wrapped: bytes, pseudonym: UUID, purpose: str) -> bytes:
        """Return what was wrapped for this pseudonym and purpose. Raises Unsealable."""
        if len(wrapped) != _LENGTH or wrapped[:1] != _FORMAT:
            return unlock(self.key, wrapped, _row(pseudonym, purpose))
        try:
            return self._gcm.decrypt(wrapped[1:_HEAD], wrapped[_HEAD:], _row(pseudonym, purpose))
        except InvalidTag:
            raise Unsealable from None


def _row(pseudonym: UUID, purpose: str) -> bytes:
    """Return the associated data of a wrapped secret: its row's."""
    return b"paravent secret 1 " + pseudonym.bytes + purpose.encode()
