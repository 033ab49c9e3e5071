"""Opening a keystore: passphrase, key file, and every way it can be wrong."""

import json
import stat
from pathlib import Path
from typing import Any

import pytest

from app.vault.errors import (
    KeyFileRefused,
    KeystoreDamaged,
    KeystoreError,
    KeystoreExists,
    KeystoreMissing,
    KeystoreOpenToOthers,
    PassphraseTooShort,
    UnlockMissing,
    WrongUnlock,
)
from app.vault.keystore import Keystore, Unlock
from app.vault.unlock import new_key_file
from tests.unit.vault.keystore_place import CHEAP, NOW, UNLOCK, Place, make_place


def _with_key_file(tmp_path: Path) -> tuple[Path, Unlock, Keystore]:
    unlock = Unlock(key_file=tmp_path / "keys" / "root.key")
    assert unlock.key_file is not None
    new_key_file(unlock.key_file)
    return tmp_path / "ks", unlock, Keystore.create(tmp_path / "ks", tmp_path / "public", unlock, NOW)


def test_it_opens_again_with_the_same_passphrase(tmp_path: Path) -> None:
    place = make_place(tmp_path)
    again = Keystore.open(place.directory, UNLOCK)
    assert again.verify_key == place.keystore.verify_key
    assert len(again.verify_key) == 32
    sealed = place.keystore.seal_field("desk", "totp 1", b"marker")
    assert again.open_field("desk", "totp 1", sealed) == b"marker"


def test_a_passphrase_reads_the_same_composed_or_decomposed(tmp_path: Path) -> None:
    Keystore.create(tmp_path / "ks", tmp_path / "public", Unlock("forêt de hêtres"), NOW, CHEAP)
    Keystore.open(tmp_path / "ks", Unlock("fore\u0302t de he\u0302tres"))


@pytest.mark.parametrize("passphrase", ["quatre saisons au Jardin", "", "x" * 1000, "\udcff"])
def test_a_wrong_passphrase_is_refused_without_being_repeated(tmp_path: Path, passphrase: str) -> None:
    place = make_place(tmp_path)
    with pytest.raises(WrongUnlock) as caught:
        Keystore.open(place.directory, Unlock(passphrase))
    assert passphrase == "" or passphrase not in str(caught.value)


def test_a_short_passphrase_makes_no_keystore(tmp_path: Path) -> None:
    with pytest.raises(PassphraseTooShort):
        Keystore.create(tmp_path / "ks", tmp_path / "public", Unlock("short"), NOW)
    assert not (tmp_path / "ks").exists()


def test_nothing_to_unlock_with_is_said(tmp_path: Path) -> None:
    place = make_place(tmp_path)
    with pytest.raises(UnlockMissing):
        Keystore.open(place.directory, Unlock())
    with pytest.raises(UnlockMissing):
        Keystore.create(tmp_path / "other", tmp_path / "public", Unlock(), NOW)


def test_it_opens_with_its_key_file_alone(tmp_path: Path) -> None:
    directory, unlock, made = _with_key_file(tmp_path)
    assert Keystore.open(directory, unlock).verify_key == made.verify_key
    with pytest.raises(UnlockMissing):
        Keystore.open(directory, UNLOCK)
    other = tmp_path / "other.key"
    new_key_file(other)
    with pytest.raises(WrongUnlock):
        Keystore.open(directory, Unlock(key_file=other))


@pytest.mark.parametrize("content", [b"", b"00", b"z" * 64, b"0" * 63, b"0" * 66, b"\xff" * 32])
def test_a_cut_or_malformed_key_file_is_refused(tmp_path: Path, content: bytes) -> None:
    directory, unlock, _ = _with_key_file(tmp_path)
    assert unlock.key_file is not None
    unlock.key_file.write_bytes(content)
    with pytest.raises(KeyFileRefused):
        Keystore.open(directory, unlock)


def test_a_key_file_that_is_missing_or_open_to_others_is_refused(tmp_path: Path) -> None:
    directory, unlock, _ = _with_key_file(tmp_path)
    assert unlock.key_file is not None
    unlock.key_file.chmod(0o640)
    with pytest.raises(KeyFileRefused):
        Keystore.open(directory, unlock)
    unlock.key_file.unlink()
    with pytest.raises(KeyFileRefused):
        Keystore.open(directory, unlock)


def test_a_key_file_is_private_and_never_written_over(tmp_path: Path) -> None:
    path = tmp_path / "root.key"
    new_key_file(path)
    content = path.read_bytes()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(KeystoreExists):
        new_key_file(path)
    assert path.read_bytes() == content


def test_a_second_keystore_is_not_made_over_the_first(tmp_path: Path) -> None:
    place = make_place(tmp_path)
    content = (place.directory / "keystore.json").read_bytes()
    with pytest.raises(KeystoreExists):
        Keystore.create(place.directory, place.public_dir, UNLOCK, NOW, CHEAP)
    assert (place.directory / "keystore.json").read_bytes() == content


def test_files_are_private_and_the_public_one_is_public(tmp_path: Path) -> None:
    place = make_place(tmp_path)
    assert stat.S_IMODE(place.directory.stat().st_mode) == 0o700
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in place.directory.iterdir()}
    keys = ("epoch-2026-11-18", "intake-2026-11-18", "ledger-2026-11", "ledger-2026-12")
    assert modes == dict.fromkeys(("keystore.json", *(f"{name}.key" for name in keys)), 0o600)
    assert [stat.S_IMODE(path.stat().st_mode) for path in place.public_dir.iterdir()] == [0o644] * 3


def test_loose_modes_are_refused(tmp_path: Path) -> None:
    place = make_place(tmp_path)
    for path, mode in ((place.directory, 0o755), (place.directory / "keystore.json", 0o644)):
        kept = stat.S_IMODE(path.stat().st_mode)
        path.chmod(mode)
        with pytest.raises(KeystoreOpenToOthers):
            Keystore.open(place.directory, UNLOCK)
        path.chmod(kept)
    Keystore.open(place.directory, UNLOCK)


def test_no_keystore_is_said(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir(mode=0o700)
    (tmp_path / "file").write_bytes(b"")
    for directory in (tmp_path / "nowhere", tmp_path / "empty", tmp_path / "file"):
        with pytest.raises(KeystoreMissing):
            Keystore.open(directory, UNLOCK)


def test_every_damage_to_the_root_file_is_refused(tmp_path: Path) -> None:
    place = make_place(tmp_path)
    file = place.directory / "keystore.json"
    good = file.read_bytes()
    for at in range(0, len(good), 37):
        for wrong in (good[:at], good[:at] + bytes([good[at] ^ 4]) + good[at + 1 :]):
            file.write_bytes(wrong)
            _opens_the_same_or_is_refused(place)


def _opens_the_same_or_is_refused(place: Place) -> None:
    """A changed space or a changed `schema` number of the file harms nothing; all else must be refused."""
    try:
        opened = Keystore.open(place.directory, UNLOCK)
    except KeystoreError:
        return
    assert opened.verify_key == place.keystore.verify_key


def test_a_root_file_of_another_form_is_damaged(tmp_path: Path) -> None:
    place = make_place(tmp_path)
    file = place.directory / "keystore.json"
    good = json.loads(file.read_bytes())
    huge = {**good["locks"][0], "argon2id": {"memory_kib": 1 << 40, "passes": 1, "lanes": 1}}
    wrongs: list[Any] = [
        [],
        {},
        {**good, "schema": 3},
        {**good, "locks": None},
        {**good, "locks": [huge]},
        {**good, "body": good["locks"][0]["root"]},
    ]
    for wrong in wrongs:
        file.write_text(json.dumps(wrong))
        with pytest.raises(KeystoreDamaged):
            Keystore.open(place.directory, UNLOCK)


def test_what_is_given_to_unlock_is_not_shown() -> None:
    assert "saisons" not in repr(UNLOCK)
