"""New keys, a seal, an older file: what a change of the root file does to those who use it."""

from datetime import timedelta
from pathlib import Path

import pytest

from app.vault.blind import index_keys
from app.vault.errors import (
    KeystoreSealed,
    KeystoreUnreadable,
    UnlockMissing,
    WrongUnlock,
)
from app.vault.held import is_sealed, seal_keystore, unseal_keystore
from app.vault.keystore import Keystore
from app.vault.rekeying import (
    with_lock,
    with_new_root_key,
    with_new_silo_keys,
    with_note,
    without_former_silo_keys,
    without_lock,
    without_notes,
)
from app.vault.root import key_of, open_file, read_head, write
from app.vault.sealing import Unsealable
from app.vault.unlock import Unlock, new_lock, unlocking_key
from tests.unit.vault.keystore_place import CHEAP, NOW, OTHER, UNLOCK, make_place, three_locks


def test_new_silo_keys_open_what_the_former_sealed_until_they_are_forgotten(tmp_path: Path) -> None:
    place = make_place(tmp_path)
    sealed, derived = place.keystore.seal_field("desk", "x", b"marker"), place.keystore.derive_field("desk", "y")
    index = index_keys(place.keystore).current(NOW)
    write(place.directory, with_new_silo_keys(open_file(place.directory, UNLOCK)))

    keystore = Keystore.open(place.directory, UNLOCK)
    assert keystore.unreadable() == []
    assert keystore.rewrap_files() == (5, 0)
    assert keystore.rewrap_files() == (0, 0)
    assert not keystore.is_field_current("desk", "x", sealed)
    again = keystore.seal_field("desk", "x", keystore.open_field("desk", "x", sealed))
    write(place.directory, without_former_silo_keys(open_file(place.directory, UNLOCK)))

    assert keystore.unreadable() == []
    assert index_keys(keystore).readable() == (index,)
    assert keystore.open_field("desk", "x", again) == b"marker"
    assert keystore.derive_field("desk", "y") == derived
    with pytest.raises(Unsealable):
        keystore.open_field("desk", "x", sealed)


def test_after_a_revocation_the_old_file_opens_nothing_new(tmp_path: Path) -> None:
    place = make_place(tmp_path)
    index_keys(place.keystore).current(NOW)
    _, ways = three_locks(place)
    old = tmp_path / "stolen"
    old.mkdir(mode=0o700)
    _copy(place.directory / "keystore.json", old)

    opened = open_file(place.directory, UNLOCK)
    held = opened.head.held[0]
    kept = [(held.lock, key_of(opened.head, held, UNLOCK, opened.root_key))]
    write(place.directory, with_new_silo_keys(with_new_root_key(opened, kept)))
    keystore = Keystore.open(place.directory, UNLOCK)
    keystore.rewrap_files()
    keystore.ensure_epoch(NOW + timedelta(days=1))

    for path in place.directory.glob("*.key"):
        _copy(path, old)
    thief = Keystore.open(old, ways["shares"])
    both = ["2026-11-18", "2026-11-18", "2026-11-19", "2026-11-19"]  # for secrets, and for the intake
    assert sorted(thief.unreadable()) == ["2026", "2026-11", *both, "2026-12"]
    assert keystore.unreadable() == []
    with pytest.raises(UnlockMissing):
        Keystore.open(place.directory, ways["shares"])
    with pytest.raises(Unsealable):
        thief.open_field("desk", "x", keystore.seal_field("desk", "x", b"marker"))


def _copy(path: Path, folder: Path) -> None:
    copy = folder / path.name
    copy.write_bytes(path.read_bytes())
    copy.chmod(0o600)


def test_the_former_root_file_is_overwritten_when_it_is_replaced(tmp_path: Path) -> None:
    place = make_place(tmp_path)
    file = place.directory / "keystore.json"
    with file.open("rb") as before:
        old = before.read()
        three_locks(place)
        before.seek(0)
        assert before.read() not in (old, b"")


def test_a_running_process_follows_a_change_of_the_root_file(tmp_path: Path) -> None:
    place = make_place(tmp_path)
    running = place.keystore
    opened = write(place.directory, with_new_silo_keys(open_file(place.directory, UNLOCK)))
    fresh = Keystore.open(place.directory, UNLOCK).seal_field("desk", "x", b"new")
    assert running.open_field("desk", "x", fresh) == b"new"

    second = new_lock(OTHER, CHEAP)
    changed = with_lock(opened, second, unlocking_key(OTHER, second))
    write(place.directory, without_lock(changed, opened.head.held[0].lock.id))
    with pytest.raises(WrongUnlock):
        running.open_field("desk", "x", fresh)


def test_a_sealed_keystore_serves_nobody_and_loses_nothing(tmp_path: Path) -> None:
    place = make_place(tmp_path)
    running, sealed = place.keystore, place.keystore.seal_field("desk", "x", b"marker")
    assert seal_keystore(place.directory)
    assert not seal_keystore(place.directory)
    for use in (
        lambda: running.open_field("desk", "x", sealed),
        lambda: running.seal_field("desk", "x", b""),
        lambda: running.derive_field("desk", "x"),
        lambda: running.ensure_epoch(NOW),
        lambda: running.turn(NOW),
        running.names,
        lambda: Keystore.open(place.directory, UNLOCK),
    ):
        with pytest.raises(KeystoreSealed, match="unseal"):
            use()
    assert running.sealed
    assert running._holder._held is None
    Keystore.open(place.directory, UNLOCK, heeds_seal=False)

    unseal_keystore(place.directory)
    assert not is_sealed(place.directory)
    assert running.open_field("desk", "x", sealed) == b"marker"


def test_a_root_file_out_of_reach_is_named_and_the_process_goes_on_when_it_is_back(tmp_path: Path) -> None:
    place = make_place(tmp_path)
    file, away = place.directory / "keystore.json", tmp_path / "away"
    file.rename(away)
    with pytest.raises(KeystoreUnreadable, match=r"keystore\.json can't be reached"):
        place.keystore.derive_field("desk", "x")
    away.rename(file)
    place.keystore.derive_field("desk", "x")


def test_a_change_made_without_a_ledger_is_remembered(tmp_path: Path) -> None:
    place = make_place(tmp_path)
    write(place.directory, with_note(open_file(place.directory, UNLOCK), "recovered"))
    opened = open_file(place.directory, UNLOCK)
    assert opened.root.unrecorded == ("recovered@2",)
    write(place.directory, without_notes(opened))
    assert open_file(place.directory, UNLOCK).root.unrecorded == ()
    assert read_head(place.directory).generation == 3


def test_no_key_is_shown_with_what_was_opened(tmp_path: Path) -> None:
    opened = open_file(make_place(tmp_path).directory, UNLOCK)
    assert repr(opened.root_key) not in repr(opened)
    assert repr(opened.root.silo_keys["desk"]) not in repr(opened)
    assert "mot" not in repr(Unlock(shares=("mot",)))
