"""Secrets in the keystore: kept, replayed, destroyed."""

import threading
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, update

from app.vault.errors import (
    EpochKeyMissing,
    KeystoreDamaged,
    KeystoreOpenToOthers,
    SecretConflict,
    SecretMalformed,
    SecretMissing,
)
from app.vault.keystore import Keystore, Made
from app.vault.models import Secret
from app.vault.sealing import Unsealable, new_secret
from tests.unit.vault.keystore_place import NOW, PAIR, UNLOCK, Place, make_place

TOMORROW = NOW + timedelta(days=1)


def _put(place: Place, pseudonym: UUID, purpose: str, secret: bytes) -> None:
    with place.db.writing("keys") as session:
        place.keystore.put(session, pseudonym, purpose, secret, NOW)


def _get(place: Place, pseudonym: UUID, purpose: str) -> bytes:
    with place.db.reading("keys") as session:
        return place.keystore.get(session, pseudonym, purpose)


def test_a_secret_is_kept_for_one_pseudonym_and_purpose(tmp_path: Path) -> None:
    place, pseudonym, secret = make_place(tmp_path), uuid4(), new_secret()
    _put(place, pseudonym, "care", secret)
    assert _get(place, pseudonym, "care") == secret
    for whom, why in ((uuid4(), "care"), (pseudonym, "contact")):
        with pytest.raises(SecretMissing) as caught:
            _get(place, whom, why)
        assert str(whom) not in str(caught.value)


def test_keeping_it_again_changes_nothing(tmp_path: Path) -> None:
    place, pseudonym, secret = make_place(tmp_path), uuid4(), new_secret()
    for _ in range(3):
        _put(place, pseudonym, "care", secret)
    with place.db.reading("keys") as session:
        assert len(session.scalars(select(Secret)).all()) == 1
    assert _get(place, pseudonym, "care") == secret


def test_another_secret_never_replaces_one_in_use(tmp_path: Path) -> None:
    place, pseudonym, secret = make_place(tmp_path), uuid4(), new_secret()
    _put(place, pseudonym, "care", secret)
    with pytest.raises(SecretConflict):
        _put(place, pseudonym, "care", new_secret())
    assert _get(place, pseudonym, "care") == secret


@pytest.mark.parametrize("secret", [b"", bytes(31), bytes(33)])
def test_what_is_no_secret_is_not_kept(tmp_path: Path, secret: bytes) -> None:
    with pytest.raises(SecretMalformed):
        _put(make_place(tmp_path), uuid4(), "care", secret)


def test_the_secret_itself_is_in_no_file(tmp_path: Path) -> None:
    place, secret = make_place(tmp_path), new_secret()
    _put(place, uuid4(), "care", secret)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) >= 6
    assert not any(secret in path.read_bytes() for path in files)


def test_a_wrapped_secret_moved_to_another_row_is_refused(tmp_path: Path) -> None:
    place, one, other = make_place(tmp_path), uuid4(), uuid4()
    _put(place, one, "care", new_secret())
    _put(place, other, "care", new_secret())
    with place.db.writing("keys") as session:
        wrapped = session.scalars(select(Secret.wrapped).where(Secret.pseudonym == one)).one()
        session.execute(update(Secret).where(Secret.pseudonym == other).values(wrapped=wrapped))
    with pytest.raises(Unsealable):
        _get(place, other, "care")


def test_a_destroyed_secret_is_missing(tmp_path: Path) -> None:
    place, pseudonym, secret = make_place(tmp_path), uuid4(), new_secret()
    _put(place, pseudonym, "care", new_secret())
    _put(place, pseudonym, "contact", secret)
    with place.db.writing("keys") as session:
        place.keystore.destroy(session, pseudonym, "care")
        place.keystore.destroy(session, pseudonym, "care")
    with pytest.raises(SecretMissing):
        _get(place, pseudonym, "care")
    assert _get(place, pseudonym, "contact") == secret


def test_each_half_day_makes_its_key_and_its_pair_once(tmp_path: Path) -> None:
    place = make_place(tmp_path)
    assert place.keystore.ensure_epoch(NOW) == Made((), ())
    assert place.keystore.ensure_epoch(TOMORROW) == Made(("2026-11-19",), ("2026-11-19",))
    noon = NOW + timedelta(hours=3)
    assert place.keystore.ensure_epoch(noon) == Made(("2026-11-18T12",), ("2026-11-18T12",))
    assert place.keystore.ensure_epoch(TOMORROW) == Made((), ())


def test_a_lost_public_file_is_published_again(tmp_path: Path) -> None:
    place = make_place(tmp_path)
    key = place.intake_key()
    (place.public_dir / f"intake-{PAIR}.json").unlink()
    place.keystore.ensure_epoch(NOW)
    assert place.intake_key() == key


def test_processes_that_begin_a_day_together_share_one_key(tmp_path: Path) -> None:
    place = make_place(tmp_path)
    keystores, made = [Keystore.open(place.directory, UNLOCK) for _ in range(8)], []
    barrier = threading.Barrier(len(keystores))

    def begin(keystore: Keystore) -> None:
        barrier.wait()
        made.append(keystore.ensure_epoch(NOW + timedelta(days=7)))

    threads = [threading.Thread(target=begin, args=[keystore]) for keystore in keystores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(len(m.secrets) for m in made) == sum(len(m.intake) for m in made) == 1
    assert place.files(".*") == []


def test_a_key_of_the_day_that_is_cut_or_open_is_refused(tmp_path: Path) -> None:
    place, pseudonym = make_place(tmp_path), uuid4()
    _put(place, pseudonym, "care", new_secret())
    file = place.directory / "epoch-2026-11-18.key"
    good = file.read_bytes()
    for wrong in (b"", good[:-1], good[:50] + bytes([good[50] ^ 1]) + good[51:]):
        file.write_bytes(wrong)
        with pytest.raises(KeystoreDamaged):
            _get(place, pseudonym, "care")
    file.write_bytes(good)
    file.chmod(0o604)
    with pytest.raises(KeystoreOpenToOthers):
        _get(place, pseudonym, "care")


def test_a_key_file_under_another_days_name_is_refused(tmp_path: Path) -> None:
    place, pseudonym = make_place(tmp_path), uuid4()
    _put(place, pseudonym, "care", new_secret())
    place.keystore.ensure_epoch(TOMORROW)
    (place.directory / "epoch-2026-11-19.key").replace(place.directory / "epoch-2026-11-18.key")
    with pytest.raises(KeystoreDamaged):
        _get(place, pseudonym, "care")


def test_no_key_of_any_day_is_said(tmp_path: Path) -> None:
    place = make_place(tmp_path)
    (place.directory / "epoch-2026-11-18.key").unlink()
    with pytest.raises(EpochKeyMissing):
        _put(place, uuid4(), "care", new_secret())


def test_a_field_is_bound_to_its_silo_and_label(tmp_path: Path) -> None:
    keystore = make_place(tmp_path).keystore
    sealed = keystore.seal_field("desk", "totp 1", b"marker")
    assert keystore.open_field("desk", "totp 1", sealed) == b"marker"
    assert b"marker" not in sealed
    with pytest.raises(Unsealable):
        keystore.open_field("desk", "totp 2", sealed)
    with pytest.raises(Unsealable):
        keystore.open_field("care", "totp 1", sealed)


def test_a_derived_field_is_steady_and_each_label_has_its_own(tmp_path: Path) -> None:
    place = make_place(tmp_path)
    again = Keystore.open(place.directory, UNLOCK)
    assert place.keystore.derive_field("desk", "forms") == again.derive_field("desk", "forms")
    assert place.keystore.derive_field("desk", "forms") != again.derive_field("desk", "other")
    assert place.keystore.derive_field("desk", "forms") != again.derive_field("care", "forms")
