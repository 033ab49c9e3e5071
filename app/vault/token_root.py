"""A lock of the keystore kept by an HSM, through PKCS#11 (OASIS, 2.40).

The token holds an AES-256 key that never leaves it, found by its label. It wraps 32 random bytes, from which the
lock's key comes. By AES-GCM where the token offers it (NIST SP 800-38D), else by AES Key Wrap (RFC 3394): its
padded variant is left alone, as tokens disagree on what it is. A session lasts one operation and is then closed.
"""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pkcs11
from pkcs11 import Attribute, KeyType, Mechanism, MechanismFlag, ObjectClass

from app.config import Token
from app.vault.errors import (
    TokenAbsent,
    TokenKeyLoose,
    TokenKeyMissing,
    TokenLost,
    TokenPinRefused,
    TokenUnable,
    WrongUnlock,
)
from app.vault.unlock import WrappedByToken

_GCM, _KEY_WRAP = "aes-gcm", "aes-key-wrap"
_BOUND = b"paravent keystore token 1"
_NONCE, _SECRET = 12, 32
_ONE_AT_A_TIME = threading.Lock()  # Not every library takes calls from several threads.

_PIN_REFUSED = (
    pkcs11.PinIncorrect,
    pkcs11.PinInvalid,
    pkcs11.PinLenRange,
    pkcs11.PinExpired,
    pkcs11.PinLocked,
    pkcs11.UserPinNotInitialized,
)
_REFUSED = (pkcs11.MechanismInvalid, pkcs11.MechanismParamInvalid)
NOT_ITS_OWN: tuple[type[Exception], ...] = (
    pkcs11.GeneralError,  # What SoftHSM answers to a wrong GCM tag; other trouble too, so the token is asked again.
    pkcs11.EncryptedDataInvalid,
    pkcs11.EncryptedDataLenRange,
    pkcs11.WrappedKeyInvalid,
    pkcs11.WrappedKeyLenRange,
    pkcs11.FunctionFailed,
)


def ensure_key(token: Token) -> bool:
    """Make the token's key unless there is one of its label. Returns whether it was made.

    Raises TokenAbsent, TokenPinRefused, TokenKeyMissing (several of that label), TokenLost.
    """
    with session_with(token, writing=True) as session:
        if any(True for _ in session.get_objects(_wanted(token))):
            _key(session, token)
            return False
        session.generate_key(
            KeyType.AES,
            256,
            label=token.key_label,
            store=True,
            capabilities=MechanismFlag.ENCRYPT | MechanismFlag.DECRYPT | MechanismFlag.WRAP | MechanismFlag.UNWRAP,
            template={Attribute.PRIVATE: True, Attribute.SENSITIVE: True, Attribute.EXTRACTABLE: False},
        )
        return True


def wrap(token: Token) -> tuple[bytes, WrappedByToken]:
    """Draw 32 bytes and have the token wrap them; they are unwrapped once before they are trusted.

    Raises TokenAbsent, TokenPinRefused, TokenKeyMissing, TokenKeyLoose, TokenUnable, TokenLost.
    """
    secret = os.urandom(_SECRET)
    with session_with(token) as session:
        terms = wrapped_with(session, _key(session, token), secret)
    return secret, terms


def wrapped_with(session: Any, key: Any, secret: bytes) -> WrappedByToken:
    """Wrap bytes with a key of the token, and unwrap them once. Raises TokenKeyLoose, TokenUnable."""
    if key[Attribute.EXTRACTABLE] or not key[Attribute.SENSITIVE]:
        raise TokenKeyLoose("the HSM's key can be taken out of it: name another by PARAVENT_PKCS11_KEY_LABEL")
    terms = _wrapped(session, key, secret)
    if opened_by(session, key, terms) != secret:
        raise TokenUnable("the HSM does not give back what it wrapped: ask its maker")
    return terms


def unwrap(token: Token, terms: WrappedByToken) -> bytes:
    """Return the bytes that the token wrapped.

    Raises TokenAbsent, TokenPinRefused, TokenKeyMissing, TokenUnable, TokenLost, and WrongUnlock when the token's
    key is another than the one that wrapped them, or they were altered.
    """
    with session_with(token) as session:
        key = _key(session, token)
        try:
            return opened_by(session, key, terms)
        except NOT_ITS_OWN:
            session.generate_random(64)  # Does the token answer at all? If not, it is lost.
            raise WrongUnlock(
                "the HSM's key is not the one of this keystore: check the token and its label"
            ) from None


@contextmanager
def told() -> Iterator[None]:
    """Turn what a library raises once a session is open into TokenLost: nothing was changed."""
    try:
        yield
    except _REFUSED:
        raise TokenUnable("the HSM refuses AES-GCM and AES Key Wrap as used here: ask its maker") from None
    except pkcs11.PKCS11Error:
        raise TokenLost("the HSM stopped answering: nothing was changed; mend its link and do it again") from None


@contextmanager
def session_with(token: Token, *, writing: bool = False) -> Iterator[Any]:
    """Give a session, signed in, that ends with the block. Raises TokenAbsent, TokenPinRefused, TokenLost."""
    with _ONE_AT_A_TIME:
        session = _entered(token, writing=writing)
        try:
            with told():
                yield session
        finally:
            with suppress(pkcs11.PKCS11Error):
                session.close()


def _entered(token: Token, *, writing: bool) -> Any:
    """Find the token and log in. Raises TokenAbsent, TokenPinRefused."""
    try:
        return _found(token).open(rw=writing, user_pin=token.pin)
    except pkcs11.PinLocked:
        raise TokenPinRefused(
            "the HSM's token is locked after wrong PINs: its security officer unlocks it"
        ) from None
    except _PIN_REFUSED:
        raise TokenPinRefused("the HSM refuses the PIN: check PARAVENT_PKCS11_PIN before it locks") from None
    except pkcs11.PKCS11Error:
        raise TokenAbsent(
            "the HSM does not answer: check that it is on, and the PARAVENT_PKCS11 settings"
        ) from None


def _found(token: Token) -> Any:
    try:
        library = pkcs11.lib(str(token.module))
    except pkcs11.PKCS11Error:
        raise TokenAbsent("the HSM's library can't be loaded: check PARAVENT_PKCS11_MODULE") from None
    found = _tokens(library, token)
    if not found:
        library.reinitialize()  # Some libraries list the tokens once: this one may have come since.
        found = _tokens(library, token)
    if len(found) != 1:
        raise TokenAbsent("no token, or several, are as PARAVENT_PKCS11_TOKEN or PARAVENT_PKCS11_SLOT says")
    return found[0]


def _tokens(library: Any, token: Token) -> list[Any]:
    slots = [slot for slot in library.get_slots(token_present=True) if token.slot in (None, slot.slot_id)]
    present = [slot.get_token() for slot in slots]
    return [one for one in present if token.label in (None, one.label)]


def _key(session: Any, token: Token) -> Any:
    found = list(session.get_objects(_wanted(token)))
    if len(found) != 1:
        raise TokenKeyMissing(
            f"the token has {'several keys' if found else 'no key'} of the label in PARAVENT_PKCS11_KEY_LABEL: "
            "`paravent keys lock --hsm` makes one where there is none"
        )
    return found[0]


def _wanted(token: Token) -> dict[Attribute, Any]:
    return {
        Attribute.CLASS: ObjectClass.SECRET_KEY,
        Attribute.KEY_TYPE: KeyType.AES,
        Attribute.LABEL: token.key_label,
    }


def _wrapped(session: Any, key: Any, secret: bytes) -> WrappedByToken:
    offered = session.token.slot.get_mechanisms()
    if Mechanism.AES_GCM in offered:
        with suppress(*_REFUSED):  # Some tokens take no nonce but their own.
            return _by_gcm(key, secret)
    if Mechanism.AES_KEY_WRAP in offered:
        return _by_key_wrap(session, key, secret)
    raise TokenUnable("the HSM offers neither AES-GCM nor AES Key Wrap: it can't keep this key")


def _by_gcm(key: Any, secret: bytes) -> WrappedByToken:
    nonce = os.urandom(_NONCE)
    return WrappedByToken(
        _GCM, nonce + key.encrypt(secret, mechanism=Mechanism.AES_GCM, mechanism_param=_gcm(nonce))
    )


def _by_key_wrap(session: Any, key: Any, secret: bytes) -> WrappedByToken:
    inner = session.create_object(_passing() | {Attribute.VALUE: secret})
    return WrappedByToken(_KEY_WRAP, key.wrap_key(inner, mechanism=Mechanism.AES_KEY_WRAP))


def opened_by(session: Any, key: Any, terms: WrappedByToken) -> bytes:
    """Return what a key of the token wrapped. Raises TokenUnable, and `NOT_ITS_OWN` when it is another's."""
    if terms.mechanism == _GCM:
        nonce, sealed = terms.wrapped[:_NONCE], terms.wrapped[_NONCE:]
        return bytes(key.decrypt(sealed, mechanism=Mechanism.AES_GCM, mechanism_param=_gcm(nonce)))
    if terms.mechanism != _KEY_WRAP:
        raise TokenUnable("the keystore's lock names a mechanism that this release does not know: upgrade")
    inner = key.unwrap_key(
        ObjectClass.SECRET_KEY,
        KeyType.GENERIC_SECRET,
        terms.wrapped,
        mechanism=Mechanism.AES_KEY_WRAP,
        template=_passing(),
    )
    return bytes(inner[Attribute.VALUE])


def _gcm(nonce: bytes) -> pkcs11.GCMParams:
    return pkcs11.GCMParams(nonce, _BOUND, 128)


def _passing() -> dict[Attribute, Any]:
    """Return the attributes of a key that exists in the token for one session, to be wrapped or read."""
    return {
        Attribute.CLASS: ObjectClass.SECRET_KEY,
        Attribute.KEY_TYPE: KeyType.GENERIC_SECRET,
        Attribute.TOKEN: False,
        Attribute.SENSITIVE: False,
        Attribute.EXTRACTABLE: True,
    }
