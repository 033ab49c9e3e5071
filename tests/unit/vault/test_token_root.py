"""A lock kept by an HSM, tried with SoftHSM2: what opens, what does not, and every way an HSM can be away."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pkcs11
import pytest
from pkcs11 import Attribute, KeyType, MechanismFlag

from app.config import Token
from app.vault import token_root
from app.vault.errors import (
    KeystoreError,
    TokenAbsent,
    TokenKeyLoose,
    TokenKeyMissing,
    TokenLost,
    TokenPinRefused,
    TokenUnable,
    WrongUnlock,
)
from app.vault.keystore import Keystore
from app.vault.rekeying import with_lock, without_lock
from app.vault.root import open_file, write
from app.vault.unlock import Unlock, WrappedByToken, token_lock
from tests.unit.vault.keystore_place import UNLOCK, Place, make_place
from tests.unit.vault.soft_hsm import MODULE, PIN, needs_soft_hsm, new_token, soft_hsm

pytestmark = needs_soft_hsm


@pytest.fixture
def token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Token]:
    """An HSM with one token, in a folder of its own, which has no key yet."""
    with soft_hsm(tmp_path, monkeypatch) as made:
        yield made


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A keystore with a passphrase."""
    return make_place(tmp_path)


def _add_lock(place: Place, token: Token) -> None:
    token_root.ensure_key(token)
    write(place.directory, with_lock(open_file(place.directory, UNLOCK), *token_lock(token)))


def test_the_token_alone_opens_the_keystore(place: Place, token: Token) -> None:
    _add_lock(place, token)
    opened = open_file(place.directory, UNLOCK)
    write(place.directory, without_lock(opened, opened.head.held[0].lock.id))

    keystore = Keystore.open(place.directory, Unlock(token=token))

    assert keystore.verify_key == place.keystore.verify_key
    assert PIN.encode() not in b"".join(path.read_bytes() for path in place.directory.iterdir())
    assert PIN not in repr(token)


def test_the_key_never_leaves_the_token_and_is_made_once(token: Token) -> None:
    assert token_root.ensure_key(token)
    assert not token_root.ensure_key(token)
    with token_root.session_with(token) as session:
        key = token_root._key(session, token)
        assert key[Attribute.SENSITIVE]
        assert key[Attribute.NEVER_EXTRACTABLE]
        assert not key[Attribute.EXTRACTABLE]
        with pytest.raises(pkcs11.AttributeSensitive):
            key[Attribute.VALUE]


@pytest.mark.parametrize("mechanism", ["aes-gcm", "aes-key-wrap"])
def test_each_mechanism_gives_back_what_it_wrapped_and_nothing_altered(token: Token, mechanism: str) -> None:
    token_root.ensure_key(token)
    secret, terms = _wrapped_by(token, mechanism)
    assert terms.mechanism == mechanism
    assert token_root.unwrap(token, terms) == secret
    assert secret not in terms.wrapped
    for at in range(0, len(terms.wrapped), 7):
        altered = terms.wrapped[:at] + bytes([terms.wrapped[at] ^ 1]) + terms.wrapped[at + 1 :]
        with pytest.raises(WrongUnlock):
            token_root.unwrap(token, replace(terms, wrapped=altered))
    for cut in (b"", terms.wrapped[:8], terms.wrapped[:-1]):
        with pytest.raises(KeystoreError):
            token_root.unwrap(token, replace(terms, wrapped=cut))


def _wrapped_by(token: Token, mechanism: str) -> tuple[bytes, WrappedByToken]:
    if mechanism == "aes-gcm":
        return token_root.wrap(token)
    with token_root.session_with(token) as session:
        secret = bytes(range(32))
        return secret, token_root._by_key_wrap(session, token_root._key(session, token), secret)


class _OwnNonces:
    """A key of a token that takes no nonce from outside, as some that are certified do."""

    def __init__(self, key: Any) -> None:
        self.wrap_key = key.wrap_key

    def encrypt(self, *_given: Any, **_words: Any) -> bytes:
        raise pkcs11.MechanismParamInvalid


def test_a_token_that_takes_no_nonce_wraps_the_other_way(token: Token) -> None:
    token_root.ensure_key(token)
    secret = bytes(range(32))
    with token_root.session_with(token) as session:
        terms = token_root._wrapped(session, _OwnNonces(token_root._key(session, token)), secret)
    assert terms.mechanism == "aes-key-wrap"
    assert token_root.unwrap(token, terms) == secret


def test_a_mechanism_of_a_later_release_is_said(token: Token) -> None:
    token_root.ensure_key(token)
    with pytest.raises(TokenUnable, match="upgrade"):
        token_root.unwrap(token, WrappedByToken("aes-later", b"x" * 60))


def test_a_wrong_pin_is_said_and_not_repeated(token: Token) -> None:
    token_root.ensure_key(token)
    for pin in ("0000-wrong", "x", ""):
        with pytest.raises(TokenPinRefused, match="PARAVENT_PKCS11_PIN") as caught:
            token_root.wrap(replace(token, pin=pin))
        assert not pin or pin not in str(caught.value).split()
    token_root.wrap(token)


def test_an_absent_hsm_is_named_with_what_to_check(place: Place, token: Token, tmp_path: Path) -> None:
    _add_lock(place, token)
    absent = {
        "no library": replace(token, module=tmp_path / "none.so"),
        "a file that is no library": replace(token, module=tmp_path / "softhsm2.conf"),
        "another token": replace(token, label="elsewhere"),
        "another slot": replace(token, label=None, slot=7),
    }
    for away in absent.values():
        with pytest.raises(TokenAbsent, match="PARAVENT_PKCS11"):
            Keystore.open(place.directory, Unlock(token=away))
    Keystore.open(place.directory, replace(UNLOCK, token=absent["no library"]))


def test_a_token_is_found_by_its_slot_and_two_alike_are_not_guessed_between(token: Token) -> None:
    token_root.ensure_key(token)
    slot = next(one.slot_id for one in pkcs11.lib(str(MODULE)).get_slots() if one.get_token().label == "clinic")
    by_slot = replace(token, label=None, slot=slot)
    assert token_root.unwrap(by_slot, token_root.wrap(token)[1])
    new_token("clinic")
    pkcs11.unload(str(MODULE))
    with pytest.raises(TokenAbsent, match="several"):
        token_root.wrap(token)


def test_a_token_that_comes_later_is_found(token: Token) -> None:
    token_root.ensure_key(token)
    new_token("later")
    assert token_root.ensure_key(replace(token, label="later"))


def test_a_key_of_another_label_or_of_another_token_does_not_open(place: Place, token: Token) -> None:
    _add_lock(place, token)
    with pytest.raises(TokenKeyMissing, match="lock --hsm"):
        Keystore.open(place.directory, Unlock(token=replace(token, key_label="other")))
    other = replace(token, key_label="other")
    token_root.ensure_key(other)
    with pytest.raises(WrongUnlock, match="check the token"):
        Keystore.open(place.directory, Unlock(token=other))


def test_two_keys_of_one_label_are_not_guessed_between(token: Token) -> None:
    token_root.ensure_key(token)
    _plain_key(token, {Attribute.EXTRACTABLE: False, Attribute.SENSITIVE: True})
    with pytest.raises(TokenKeyMissing, match="several"):
        token_root.wrap(token)
    with pytest.raises(TokenKeyMissing, match="several"):
        token_root.ensure_key(token)


@pytest.mark.parametrize("loose", [{Attribute.EXTRACTABLE: True}, {Attribute.SENSITIVE: False}])
def test_a_key_that_could_leave_is_refused(token: Token, loose: dict[Attribute, bool]) -> None:
    _plain_key(token, {Attribute.EXTRACTABLE: False, Attribute.SENSITIVE: True} | loose)
    with pytest.raises(TokenKeyLoose):
        token_root.wrap(token)


def _plain_key(token: Token, template: dict[Attribute, bool]) -> None:
    uses = MechanismFlag.ENCRYPT | MechanismFlag.DECRYPT | MechanismFlag.WRAP | MechanismFlag.UNWRAP
    with token_root.session_with(token, writing=True) as session:
        session.generate_key(
            KeyType.AES, 256, label=token.key_label, store=True, capabilities=uses, template=template
        )


def test_a_process_keeps_its_keys_when_the_hsm_is_lost_and_says_so_when_it_needs_it_again(
    place: Place, token: Token, tmp_path: Path
) -> None:
    _add_lock(place, token)
    running = Keystore.open(place.directory, Unlock(token=token))
    derived = running.derive_field("desk", "x")
    pkcs11.unload(str(MODULE))
    (tmp_path / "tokens").rename(tmp_path / "gone")
    (tmp_path / "tokens").mkdir()

    assert running.derive_field("desk", "x") == derived
    file = place.directory / "keystore.json"
    content = file.read_bytes()
    file.write_bytes(content)
    with pytest.raises(TokenAbsent):
        running.derive_field("desk", "x")

    pkcs11.unload(str(MODULE))
    (tmp_path / "tokens").rmdir()
    (tmp_path / "gone").rename(tmp_path / "tokens")
    assert running.derive_field("desk", "x") == derived
    assert file.read_bytes() == content


def test_an_hsm_lost_in_the_middle_of_an_operation_is_told_from_a_wrong_key(token: Token) -> None:
    token_root.ensure_key(token)
    _, terms = token_root.wrap(token)
    with pytest.raises(TokenLost, match="nothing was changed"):
        _lost_meanwhile(token, terms)
    assert token_root.unwrap(token, terms)


def _lost_meanwhile(token: Token, terms: WrappedByToken) -> None:
    with token_root.session_with(token) as session:
        key = token_root._key(session, token)
        session.close()
        token_root.opened_by(session, key, terms)


@pytest.mark.parametrize(
    ("raised", "named"),
    [
        (pkcs11.DeviceRemoved, TokenLost),
        (pkcs11.DeviceError, TokenLost),
        (pkcs11.SessionHandleInvalid, TokenLost),
        (pkcs11.FunctionFailed, TokenLost),
        (pkcs11.MechanismParamInvalid, TokenUnable),
    ],
)
def test_what_a_library_raises_has_a_name(raised: type[Exception], named: type[KeystoreError]) -> None:
    with pytest.raises(named), token_root.told():
        raise raised
