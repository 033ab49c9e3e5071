"""Key files on a disk that fails, beside a process that was killed, and under two commands at once."""

import os
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import pytest

from app.vault import files, root
from app.vault.errors import EpochKeyMissing, KeystoreChanged, KeystoreError, KeystoreExists, KeystoreUnreadable
from app.vault.files import create_once, destroy, replace_private
from app.vault.keystore import Keystore
from app.vault.rekeying import with_new_silo_keys
from app.vault.root import create_root, open_file, read_head, write
from app.vault.sealing import new_secret
from tests.unit.vault.keystore_place import CHEAP, NOW, UNLOCK, make_place

EPOCH = "epoch-2026-11-18.key"


class Killed(BaseException):
    """The end of a process."""


def out_of_reach(path: Path) -> Callable[[], None]:
    """Make a file one that opening fails for (ELOOP, also for root); return what mends it."""
    away = path.with_name("away")
    path.rename(away)
    path.symlink_to(path.name)

    def mend() -> None:
        away.replace(path)

    return mend


def test_a_key_that_can_not_be_read_now_is_not_said_to_be_gone(tmp_path: Path) -> None:
    place, pseudonym, secret = make_place(tmp_path), uuid4(), new_secret()
    with place.db.writing("keys") as session:
        place.keystore.put(session, pseudonym, "care", secret, NOW)
    mend = out_of_reach(place.directory / EPOCH)
    with place.db.reading("keys") as session, pytest.raises(KeystoreUnreadable):
        place.keystore.get(session, pseudonym, "care")
    mend()
    with place.db.reading("keys") as session:
        assert place.keystore.get(session, pseudonym, "care") == secret
    (place.directory / EPOCH).unlink()
    with place.db.reading("keys") as session, pytest.raises(EpochKeyMissing):
        place.keystore.get(session, pseudonym, "care")


@pytest.mark.parametrize("name", ["keystore.json", "generation"])
def test_a_root_file_that_can_not_be_read_is_neither_missing_nor_new(tmp_path: Path, name: str) -> None:
    place = make_place(tmp_path)
    write(place.directory, open_file(place.directory, UNLOCK))
    mend = out_of_reach(place.directory / name)
    with pytest.raises(KeystoreUnreadable):
        Keystore.open(place.directory, UNLOCK)
    with pytest.raises(KeystoreUnreadable):
        open_file(place.directory, UNLOCK)
    mend()
    Keystore.open(place.directory, UNLOCK)


def test_no_keystore_is_made_over_the_keys_of_another(tmp_path: Path) -> None:
    place = make_place(tmp_path)
    (place.directory / "keystore.json").unlink()
    with pytest.raises(KeystoreExists, match=r"put keystore\.json back"):
        create_root(place.directory, place.public_dir, UNLOCK, CHEAP)
    for path in place.directory.iterdir():
        path.unlink()
    (place.directory / "unlock.key").write_bytes(b"an operator's own")
    create_root(place.directory, place.public_dir, UNLOCK, CHEAP)


def killed_before(step: str, path: Path, content: bytes) -> None:
    """Replace a file in a process that dies at one step."""

    def die(*_given: object) -> None:
        raise Killed

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, step, die)
        with pytest.raises(Killed):
            replace_private(path, content)


def test_a_key_left_beside_its_file_by_a_killed_process_is_destroyed_with_it(tmp_path: Path) -> None:
    path = tmp_path / EPOCH
    create_once(path, b"former")
    create_once(tmp_path / "epoch-2026-11-19.key", b"of another day")
    for _ in range(2):
        killed_before("replace", path, b"wrapped anew")
    assert len(list(tmp_path.glob(f".{EPOCH}.*"))) == 2
    kept = os.open(next(tmp_path.glob(f".{EPOCH}.*")), os.O_RDONLY)

    replace_private(path, b"wrapped anew")

    assert sorted(one.name for one in tmp_path.iterdir()) == [EPOCH, "epoch-2026-11-19.key"]
    assert os.read(kept, 100) != b"wrapped anew"
    os.close(kept)
    killed_before("replace", path, b"wrapped again")
    destroy(path)
    assert [one.name for one in tmp_path.iterdir()] == ["epoch-2026-11-19.key"]


def test_a_fault_while_a_file_is_written_leaves_nothing(tmp_path: Path) -> None:
    killed_before("fsync", tmp_path / EPOCH, b"a key")
    assert list(tmp_path.iterdir()) == []


def test_a_key_destroyed_while_keys_are_wrapped_again_does_not_come_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = make_place(tmp_path)
    write(place.directory, with_new_silo_keys(open_file(place.directory, UNLOCK)))
    read = files.read_private

    def read_and_destroyed(path: Path) -> bytes:
        content = read(path)
        if path.name == EPOCH:
            destroy(path)
        return content

    monkeypatch.setattr("app.vault.keyfiles.read_private", read_and_destroyed)
    assert Keystore.open(place.directory, UNLOCK).rewrap_files() == (3, 0)
    assert place.files("[ei]*.key") == ["intake-2026-11-18.key"]


def test_of_two_commands_that_write_at_one_moment_one_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, refused = make_place(tmp_path), []
    opened, both_looked = open_file(place.directory, UNLOCK), threading.Barrier(2)

    def looked(directory: Path) -> root.Head:
        head = read_head(directory)
        with suppress(threading.BrokenBarrierError):
            both_looked.wait(timeout=0.3)
        return head

    def change() -> None:
        try:
            write(place.directory, opened)
        except KeystoreError as fault:
            refused.append(type(fault))

    monkeypatch.setattr(root, "read_head", looked)
    threads = [threading.Thread(target=change) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert refused == [KeystoreChanged]
