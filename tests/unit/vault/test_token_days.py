"""Keys of half-days kept by an HSM, tried with SoftHSM2: what opens, what no longer does, and an HSM away."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from time import monotonic, sleep
from uuid import UUID, uuid4

import pkcs11
import pytest
from pkcs11 import Attribute, ObjectClass
from sqlalchemy import select, update

from app.config import Token
from app.vault.errors import (
    EpochKeyMissing,
    KeystoreDamaged,
    KeystoreError,
    TokenAbsent,
    TokenKeyMissing,
    TokenLost,
)
from app.vault.keystore import Keystore
from app.vault.models import Secret
from app.vault.rekeying import with_new_silo_keys, without_former_silo_keys
from app.vault.rewrapping import SETTLE
from app.vault.root import open_file, write
from app.vault.sealing import new_secret
from app.vault.token_days import TokenDays
from app.vault.token_root import session_with
from tests.unit.vault.keystore_place import NOW, UNLOCK, Place, make_place
from tests.unit.vault.soft_hsm import MODULE, needs_soft_hsm, new_token, soft_hsm

pytestmark = needs_soft_hsm

NOON, LATER = NOW.replace(hour=12), NOW.replace(hour=12) + SETTLE
MORNING, AFTERNOON = "2026-11-18", "2026-11-18T12"


@pytest.fixture
def token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Token]:
    """An HSM with one token, that is to keep keys of half-days."""
    with soft_hsm(tmp_path, monkeypatch) as made:
        yield replace(made, keeps_days=True)


@pytest.fixture
def place(tmp_path: Path, token: Token) -> Place:
    """A keystore with a passphrase, whose first key of a half-day was made in the HSM."""
    made = make_place(tmp_path)
    made.keystore.destroy_days([MORNING])
    kept = replace(made, keystore=Keystore.open(made.directory, replace(UNLOCK, token=token)))
    kept.keystore.ensure_epoch(NOW)
    return kept


def _put(place: Place) -> tuple[UUID, bytes]:
    pseudonym, secret = uuid4(), new_secret()
    with place.db.writing("keys") as session:
        place.keystore.put(session, pseudonym, "care", secret, NOW)
    return pseudonym, secret


def _get(place: Place, pseudonym: UUID, keystore: Keystore | None = None) -> bytes:
    with place.db.reading("keys") as session:
        return (keystore or place.keystore).get(session, pseudonym, "care")


def _turn(place: Place) -> None:
    """Move every secret to the afternoon's key, and destroy the morning's."""
    place.keystore.ensure_epoch(NOON)
    for moment in (NOON, LATER):
        day = place.keystore.turn(moment)
        with place.db.writing("keys") as session:
            day.move_batch(session)
    place.keystore.destroy_days(day.unused())


def _fresh(place: Place, token: Token) -> Keystore:
    """Open the keystore as a process that has just begun."""
    return Keystore.open(place.directory, replace(UNLOCK, token=token))


def _labels(token: Token) -> list[str]:
    with session_with(token) as session:
        return sorted(
            key[Attribute.LABEL] for key in session.get_objects({Attribute.CLASS: ObjectClass.SECRET_KEY})
        )


@contextmanager
def _away(folder: Path) -> Iterator[None]:
    """Take the token away for a while."""
    pkcs11.unload(str(MODULE))
    (folder / "tokens").rename(folder / "gone")
    (folder / "tokens").mkdir()
    yield
    pkcs11.unload(str(MODULE))
    (folder / "tokens").rmdir()
    (folder / "gone").rename(folder / "tokens")


def test_each_half_day_has_a_key_of_its_own_that_never_leaves_the_token(place: Place, token: Token) -> None:
    place.keystore.ensure_epoch(NOON)
    assert _labels(token) == [f"paravent-root-epoch-{MORNING}", f"paravent-root-epoch-{AFTERNOON}"]
    with session_with(token) as session:
        for key in session.get_objects({Attribute.CLASS: ObjectClass.SECRET_KEY}):
            assert key[Attribute.SENSITIVE]
            assert key[Attribute.NEVER_EXTRACTABLE]
    pseudonym, secret = _put(place)
    assert _get(place, pseudonym, _fresh(place, token)) == secret


def test_a_copy_of_the_folder_opens_nothing_once_the_tokens_key_is_destroyed(
    place: Place, token: Token, tmp_path: Path
) -> None:
    pseudonym, secret = _put(place)
    copied, kept_so = shutil.copytree(place.directory, tmp_path / "copy"), replace(UNLOCK, token=token)
    row = select(Secret.epoch, Secret.wrapped).where(Secret.pseudonym == pseudonym)
    with place.db.reading("keys") as session:
        former = session.execute(row).one()
    assert _get(place, pseudonym, Keystore.open(copied, kept_so)) == secret

    _turn(place)
    assert _labels(token) == [f"paravent-root-epoch-{AFTERNOON}"]
    assert _get(place, pseudonym) == secret
    with place.db.writing("keys") as session:
        session.execute(update(Secret).values(epoch=former.epoch, wrapped=former.wrapped))

    # The former row, the former files and the root are in hand: the token's key alone is missing.
    assert open_file(copied, UNLOCK).root_key
    for unlock, fault in ((kept_so, TokenKeyMissing), (UNLOCK, TokenAbsent)):
        with pytest.raises(fault):
            _get(place, pseudonym, Keystore.open(copied, unlock))


def test_what_the_token_opened_goes_with_the_file_and_after_a_while(place: Place, token: Token) -> None:
    pseudonym, secret = _put(place)
    other = _fresh(place, token)
    assert _get(place, pseudonym, other) == secret
    file = place.directory / f"epoch-{MORNING}.key"
    content = file.read_bytes()
    file.unlink()
    with pytest.raises(EpochKeyMissing):
        _get(place, pseudonym, other)
    assert other._holder._token is not None
    assert other._holder._token._opened == {}  # type: ignore[attr-defined]

    days = TokenDays(token, kept_seconds=0.2)
    key = new_secret()
    kept = days.keep(AFTERNOON, key)
    assert days.key_of(AFTERNOON, kept) == key
    assert list(days._opened.values()) == [key]
    until = monotonic() + 5
    while days._opened and monotonic() < until:
        sleep(0.02)
    assert days._opened == {}
    file.write_bytes(content)


def test_a_seal_drops_what_the_token_opened(place: Place, token: Token) -> None:
    pseudonym, _ = _put(place)
    (place.directory / "sealed").touch(0o600)
    with pytest.raises(KeystoreError, match="unseal"):
        _get(place, pseudonym)
    assert place.keystore._holder._token._opened == {}  # type: ignore[union-attr]


def test_a_token_that_is_away_stops_the_turn_and_loses_nothing(place: Place, token: Token, tmp_path: Path) -> None:
    pseudonym, secret = _put(place)
    before = place.files()
    waiting = _fresh(place, token)
    with _away(tmp_path):
        with pytest.raises(TokenAbsent):
            waiting.ensure_epoch(NOON)
        with pytest.raises(TokenAbsent):
            waiting.turn(NOW)
        with pytest.raises(TokenAbsent):
            waiting.destroy_days([MORNING])
    assert place.files() == before
    assert _get(place, pseudonym, waiting) == secret
    _turn(place)
    assert _get(place, pseudonym) == secret


def test_a_token_lost_while_a_key_is_made_leaves_no_file_and_the_next_try_cleans_up(
    place: Place, token: Token, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lost(*_given: object) -> None:
        raise pkcs11.DeviceRemoved

    with monkeypatch.context() as broken:
        broken.setattr("app.vault.token_days.wrapped_with", lost)
        with pytest.raises(TokenLost):
            place.keystore.ensure_epoch(NOON)
    assert f"epoch-{AFTERNOON}.key" not in place.files()
    assert len(_labels(token)) == 1

    pseudonym, secret = _put(place)
    place.keystore.ensure_epoch(NOON)
    assert len(_labels(token)) == 2
    _turn(place)
    assert _get(place, pseudonym) == secret
    place.keystore.destroy_days([AFTERNOON])
    assert _labels(token) == []


def test_destroying_ends_although_it_was_cut_between_token_and_file(place: Place, token: Token) -> None:
    with session_with(token) as session:
        (key,) = session.get_objects({Attribute.CLASS: ObjectClass.SECRET_KEY})
        made = key[Attribute.ID].hex()
    TokenDays(token).destroy(MORNING, {"id": made})
    assert _labels(token) == []
    assert place.files("epoch-*") == [f"epoch-{MORNING}.key"]
    with pytest.raises(TokenKeyMissing, match="half-day"):
        _fresh(place, token).turn(NOW)
    place.keystore.destroy_days([MORNING])
    assert place.files("epoch-*") == []


def test_two_keystores_on_one_token_leave_each_others_days_alone(
    place: Place, token: Token, tmp_path: Path
) -> None:
    (tmp_path / "second").mkdir()
    plain = make_place(tmp_path / "second")
    plain.keystore.destroy_days([MORNING])
    second = replace(plain, keystore=_fresh(plain, token))
    second.keystore.ensure_epoch(NOW)
    pseudonym, secret = _put(second)
    assert _labels(token) == [f"paravent-root-epoch-{MORNING}"] * 2
    place.keystore.destroy_days([MORNING])
    assert _get(second, pseudonym, _fresh(second, token)) == secret
    second.keystore.destroy_days([MORNING])
    assert _labels(token) == []


@pytest.mark.parametrize("keeps_days", [False, True])
def test_a_token_that_is_away_keeps_no_plain_file_from_being_destroyed(
    tmp_path: Path, token: Token, keeps_days: bool
) -> None:
    plain = make_place(tmp_path)
    keystore = _fresh(plain, replace(token, keeps_days=keeps_days))
    with _away(tmp_path):
        keystore.destroy_days([MORNING])
    assert plain.files("epoch-*") == []


def test_a_file_that_may_have_its_part_in_the_token_goes_only_with_it(place: Place, token: Token) -> None:
    file = place.directory / f"epoch-{MORNING}.key"
    content = file.read_bytes()
    with pytest.raises(TokenAbsent, match="PKCS11"):
        Keystore.open(place.directory, UNLOCK).destroy_days([MORNING])
    file.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(KeystoreDamaged, match="its copy"):
        place.keystore.destroy_days([MORNING])
    assert len(_labels(token)) == 1
    file.write_bytes(content)
    place.keystore.destroy_days([MORNING])
    assert (_labels(token), place.files("epoch-*")) == ([], [])


def test_another_token_is_told_from_a_destroyed_day_by_nobody_and_destroys_nothing(
    place: Place, token: Token
) -> None:
    new_token("other")
    pseudonym, secret = _put(place)
    elsewhere = _fresh(place, replace(token, label="other"))
    with pytest.raises(TokenKeyMissing, match="another HSM"):
        _get(place, pseudonym, elsewhere)
    assert _get(place, pseudonym) == secret


def test_silo_keys_change_and_the_setting_ends_while_the_token_keeps_a_day(place: Place, token: Token) -> None:
    pseudonym, secret = _put(place)
    write(place.directory, with_new_silo_keys(open_file(place.directory, UNLOCK)))
    assert place.keystore.rewrap_files()[1] == 0
    write(place.directory, without_former_silo_keys(open_file(place.directory, UNLOCK)))
    assert _get(place, pseudonym, _fresh(place, token)) == secret

    plain = _fresh(place, replace(token, keeps_days=False))
    plain.ensure_epoch(NOON)
    assert _labels(token) == [f"paravent-root-epoch-{MORNING}"]
    for moment in (NOON, LATER):
        day = plain.turn(moment)
        with place.db.writing("keys") as session:
            day.move_batch(session)
    plain.destroy_days(day.unused())
    assert _labels(token) == []
    assert _get(place, pseudonym, Keystore.open(place.directory, UNLOCK)) == secret
