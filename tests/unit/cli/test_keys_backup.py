"""Copies of keystore and keys silo: whole or not at all, apart from all else, destroyed in their time."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy.orm import Session

from app.cli.keys_backup import back_up
from app.cli.keys_restore import restore
from app.config import Token
from app.db import Databases, Silo
from app.vault.backup_errors import BackupUnsteady
from app.vault.keybackup import copies_in, read_manifest
from app.vault.keyrows import LARGEST
from app.vault.models import Secret
from tests.unit.cli.copies import Copied, dies_at, empty, files, fill, room_with, turn
from tests.unit.cli.custody import Room, changes
from tests.unit.worker.shredded import ALL


def test_a_copy_is_whole_private_sealed_and_told(room: Room, folder: Path) -> None:
    assert back_up(room.table, folder) == 0

    (copy,) = copies_in(folder)
    manifest = read_manifest(copy)
    assert set(files(copy)) == {*manifest.files, "manifest.json"}
    content = room.content()
    assert {name: (copy / "keystore" / name).read_bytes() for name in content} == content
    assert set(manifest.files) == {f"keystore/{name}" for name in (*content, "sealed", "restored")} | {
        "rows-00001.jsonl"
    }
    assert {oct(path.stat().st_mode & 0o777) for path in copy.rglob("*") if path.is_file()} == {"0o600"}
    assert {oct(path.stat().st_mode & 0o777) for path in (copy, copy / "keystore")} == {"0o700"}
    assert manifest.verify_key == room.table.settings.verify_key.hex()
    assert (manifest.revision, manifest.ledger_size) == (None, 0)
    assert [(one["change"], one["generation"]) for one in changes(room)] == [("backed_up", 1)]


def test_thirty_days_are_kept_and_the_newest_for_ever(room: Room, folder: Path) -> None:
    table = room.table
    for day in range(0, 36, 3):
        room.now = datetime.fromisoformat("2026-11-18T04:00:00+00:00") + timedelta(days=day)
        assert back_up(table, folder) == 0
    names = [path.name[:10] for path in copies_in(folder)]
    assert (names[0], names[-1], len(names)) == ("2026-11-24", "2026-12-21", 10)

    shorter = room_with(room, keystore_backup_days=3)
    room.now += timedelta(days=1)
    assert back_up(shorter.table, folder) == 0
    assert [path.name[:10] for path in copies_in(folder)] == ["2026-12-21", "2026-12-22"]

    room.now += timedelta(days=400)
    assert back_up(shorter.table, folder, dry_run=True) == 0
    assert "destroy 2 that" in room.people.said[-1]
    assert back_up(shorter.table, folder) == 0
    assert [path.name[:10] for path in copies_in(folder)] == ["2028-01-26"]
    assert {path.name for path in folder.iterdir()} == {copies_in(folder)[0].name}


@pytest.mark.parametrize("keeps_days", [False, True])
def test_a_copy_that_an_hsm_makes_worthless_in_half_a_day_says_so(
    room: Room, folder: Path, *, keeps_days: bool
) -> None:
    token = Token(Path(), "clinic", None, "", "paravent-root", keeps_days)
    assert back_up(room_with(room, token=token).table, folder) == 0
    assert any("RESTORES NO SECRET" in said for said in room.people.said) == keeps_days


@pytest.mark.parametrize("each", [7, pytest.param(1, marks=pytest.mark.prove)])
def test_killed_anywhere_no_half_copy_counts_and_the_next_command_takes_it_away(
    copied: Copied, folder: Path, tmp_path: Path, each: int
) -> None:
    copied.send()
    old = copied.back_up()
    aside, kept = shutil.copytree(old, tmp_path / "aside"), files(old)
    copied.house.clock.forward(days=28)
    newer = copied.back_up()
    copied.house.clock.forward(days=3)
    for step in range(1, 400, each):
        shutil.rmtree(old, ignore_errors=True)
        shutil.copytree(aside, old)
        copied.house.clock.forward(seconds=1)
        if dies_at(step, copied, lambda: back_up(copied.table(), folder)):
            break
        for copy in copies_in(folder):
            assert set(files(copy)) == {*read_manifest(copy).files, "manifest.json"}
        assert newer in copies_in(folder)
        assert not old.exists() or old not in copies_in(folder) or files(old) == kept
    assert step > 40
    copied.house.clock.forward(seconds=1)
    copied.back_up()
    assert sorted(folder.iterdir()) == copies_in(folder)
    assert not old.exists()


class Turning(Databases):
    """Silos where, each time the keys silo is about to be read, something happens first."""

    def __init__(self, living: Databases, happens: Callable[[], object]) -> None:
        vars(self).update(vars(living))
        self._happens = happens

    @contextmanager
    def reading(self, silo: Silo) -> Iterator[Session]:
        """Let it happen, then read."""
        if silo == "keys":
            self._happens()
        with super().reading(silo) as session:
            yield session


def test_a_key_that_turns_in_between_leaves_no_row_without_its_key(copied: Copied, folder: Path) -> None:
    sent, turns = copied.send(), iter([1, 0])
    silos = Turning(copied.house.db, lambda: turn(copied.house) if next(turns, 1) == 0 else None)
    assert back_up(copied.table(silos), folder) == 0
    assert next(turns, None) is None

    copied.lose()
    copied.restore(copies_in(folder)[-1])
    copied.unseal()

    assert copied.opens(sent) == set(ALL)


def test_keys_that_never_stop_turning_are_told_and_nothing_is_kept(copied: Copied, folder: Path) -> None:
    copied.send()
    with pytest.raises(BackupUnsteady):
        back_up(copied.table(Turning(copied.house.db, lambda: turn(copied.house))), folder)
    assert list(folder.iterdir()) == []


def test_a_key_that_is_lost_for_good_is_told_and_all_else_is_copied(room: Room, folder: Path) -> None:
    with room.table.db.writing("keys") as session:
        session.add(Secret(pseudonym=uuid4(), purpose="care", epoch="2026-01-01", wrapped=b"x"))
    assert back_up(room.table, folder) == 0
    assert any("epoch-2026-01-01.key" in said for said in room.people.said)
    assert len(copies_in(folder)) == 1


def test_many_rows_are_cut_into_files_and_come_back(room: Room, folder: Path) -> None:
    fill(room, 2000)
    assert back_up(room.table, folder) == 0
    (copy,) = copies_in(folder)
    assert len(read_manifest(copy).rows) == 2
    assert all((copy / name).stat().st_size <= LARGEST for name in read_manifest(copy).rows)

    empty(room)
    assert restore(room.table, copy) == 0
    assert any("Restored 2000 row(s)" in said for said in room.people.said)
