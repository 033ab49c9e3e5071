"""The keys of half-days kept by an HSM: each has a key of its own in the token, and is destroyed with it.

The file of such a key holds it wrapped by an AES-256 key of the token, sensitive and not extractable, labelled
`<label>-epoch-<name>` and found by a random CKA_ID that the file says. Without that object the file opens nothing,
whoever has the root. What the token opened is kept in memory for a minute at most, and no longer than its file.
"""

import base64
import os
import threading
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import pkcs11
from pkcs11 import Attribute, KeyType, MechanismFlag, ObjectClass

from app.config import Token
from app.vault.errors import KeystoreDamaged, TokenKeyMissing
from app.vault.token_root import NOT_ITS_OWN, opened_by, session_with, wrapped_with
from app.vault.unlock import WrappedByToken

KEPT_SECONDS = 60.0
"""How long a process keeps what the token opened."""

_ID_BYTES = 16


class TokenDays:
    """The keys of half-days of one token, and those that this process opened a moment ago."""

    def __init__(self, token: Token, kept_seconds: float = KEPT_SECONDS) -> None:
        self._token, self._kept_seconds = token, kept_seconds
        self._opened: dict[tuple[str, str], bytes] = {}

    @property
    def keeps_new(self) -> bool:
        """Say whether keys made from now on are kept by the token; those it keeps open in any case."""
        return self._token.keeps_days

    def keep(self, name: str, key: bytes) -> Mapping[str, str]:
        """Make an object of the token for a name, and wrap a key with it; return what the key's file says of it.

        Raises TokenAbsent, TokenPinRefused, TokenKeyLoose, TokenUnable, TokenLost. An object that is left in the
        token when that, or the file, then fails opens nothing: what it wrapped was kept nowhere.
        """
        made = os.urandom(_ID_BYTES)
        with session_with(self._token, writing=True) as session:
            kept_by = session.generate_key(
                KeyType.AES,
                256,
                id=made,
                label=self._label(name),
                store=True,
                capabilities=MechanismFlag.ENCRYPT
                | MechanismFlag.DECRYPT
                | MechanismFlag.WRAP
                | MechanismFlag.UNWRAP,
                template={Attribute.PRIVATE: True, Attribute.SENSITIVE: True, Attribute.EXTRACTABLE: False},
            )
            try:
                terms = wrapped_with(session, kept_by, key)
            except Exception:
                with suppress(pkcs11.PKCS11Error):
                    kept_by.destroy()
                raise
        return {"id": made.hex(), "mechanism": terms.mechanism, "wrapped": _text(terms.wrapped)}

    def key_of(self, name: str, kept: Mapping[str, Any]) -> bytes:
        """Return a key that `keep` wrapped.

        Raises TokenKeyMissing once its object is destroyed, or before another token; TokenAbsent, TokenPinRefused,
        TokenLost; KeystoreDamaged; KeyError, TypeError, ValueError when the file does not say what it must.
        """
        known = self._opened.get((name, kept["id"]))
        if known is not None:
            return known
        terms = WrappedByToken(kept["mechanism"], base64.b64decode(kept["wrapped"], validate=True))
        key = self._asked(name, bytes.fromhex(kept["id"]), terms)
        self._opened[name, kept["id"]] = key
        forgetting = threading.Timer(self._kept_seconds, self._opened.pop, ((name, kept["id"]), None))
        forgetting.daemon = True
        forgetting.start()
        return key

    def drop(self, name: str | None = None) -> None:
        """Forget what was opened for a name, or for all."""
        for one in [one for one in list(self._opened) if name in (None, one[0])]:
            self._opened.pop(one, None)

    def destroy(self, name: str, kept: Mapping[str, Any]) -> None:
        """Destroy the object that a key's file tells of, and no other: installations may share a token.

        None there changes nothing. Raises TokenAbsent, TokenPinRefused, TokenLost; KeyError, TypeError, ValueError.
        """
        made = bytes.fromhex(kept["id"])
        self.drop(name)
        with session_with(self._token, writing=True) as session:
            for found in list(session.get_objects(self._wanted(name) | {Attribute.ID: made})):
                found.destroy()

    def _asked(self, name: str, made: bytes, terms: WrappedByToken) -> bytes:
        with session_with(self._token) as session:
            kept_by = self._object(session, name, made)
            try:
                return opened_by(session, kept_by, terms)
            except NOT_ITS_OWN:
                session.generate_random(64)  # Does the token answer at all? If not, it is lost.
                raise KeystoreDamaged("a key file is damaged") from None

    def _object(self, session: Any, name: str, made: bytes) -> Any:
        found = list(session.get_objects(self._wanted(name) | {Attribute.ID: made}))
        if len(found) != 1:
            raise TokenKeyMissing(
                "the HSM has no key for this half-day: it was destroyed with what it opened, or this is another HSM"
            )
        return found[0]

    def _wanted(self, name: str) -> dict[Attribute, Any]:
        label = self._label(name)
        return {Attribute.CLASS: ObjectClass.SECRET_KEY, Attribute.KEY_TYPE: KeyType.AES, Attribute.LABEL: label}

    def _label(self, name: str) -> str:
        return f"{self._token.key_label}-epoch-{name}"


def _text(value: bytes) -> str:
    return base64.b64encode(value).decode("ascii")
