"""Where copies of the keystore go and may not, and what the command line and the doctor say of them."""

import argparse
import subprocess
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from app.cli import keys
from app.cli.doctor_backups import key_backups
from app.cli.findings import Place
from app.cli.keys_backup import back_up
from app.cli.keys_ceremony import hold_ceremony
from app.cli.keys_recovery import drill
from app.cli.keys_restore import restore
from app.cli.keys_state import unseal
from app.config import SettingsError, load_settings
from app.db import SiloUnavailable
from app.vault.backup_errors import BackupFolderRefused, BackupUnwritten, NotYetReplayed
from app.vault.keybackup import copies_in
from tests.unit.cli.copies import Copied, empty, files, fill, room_with, turn
from tests.unit.cli.custody import Room, without_ledger


@pytest.fixture
def small_disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A disk with room for one small copy."""
    place = tmp_path_factory.mktemp("disk")
    command = ["mount", "-t", "tmpfs", "-o", "size=256k,mode=0700", "none", str(place)]
    done = subprocess.run(command, capture_output=True, check=False)  # noqa: S603 - this machine's own program
    if done.returncode:
        pytest.skip("a disk that is full needs the right to mount one")
    yield place
    subprocess.run(["umount", str(place)], check=True)  # noqa: S603, S607 - the same


def test_a_full_disk_keeps_nothing_half_and_leaves_the_older_copies(room: Room, small_disk: Path) -> None:
    assert back_up(room.table, small_disk) == 0
    before = files(small_disk)
    fill(room, 1000)
    room.now += timedelta(days=60)

    with pytest.raises(BackupUnwritten, match="No space left"):
        back_up(room.table, small_disk)

    assert files(small_disk) == before


def test_folders_that_other_copies_take_along_are_refused(room: Room, folder: Path, tmp_path: Path) -> None:
    private(tmp_path / "inside")
    private(room.directory / "inside")
    link = folder / "link"
    link.symlink_to(tmp_path / "inside")
    apart = private(folder / "anchors")
    other = room_with(room, anchors=apart)
    for at, where in (
        (room, tmp_path / "inside"),
        (room, room.directory / "inside"),
        (room, room.directory),
        (room, tmp_path.parent),
        (room, link),
        (other, apart),
        (other, folder),
    ):
        with pytest.raises(BackupFolderRefused, match="folder of their own"):
            back_up(at.table, where)


def private(path: Path) -> Path:
    """Make a private folder."""
    path.mkdir(mode=0o700)
    return path


def test_a_folder_open_to_others_or_missing_or_of_another_is_refused(room: Room, folder: Path) -> None:
    with pytest.raises(BackupFolderRefused, match="PARAVENT_KEYSTORE_BACKUPS"):
        back_up(room.table)
    with pytest.raises(BackupFolderRefused, match="is its disk there"):
        back_up(room.table, folder / "away")
    folder.chmod(0o750)
    with pytest.raises(BackupFolderRefused, match="chmod 700"):
        back_up(room.table, folder)
    assert list(folder.iterdir()) == []


def test_without_the_ledger_there_is_no_copy(room: Room, folder: Path) -> None:
    with without_ledger(room), pytest.raises(SiloUnavailable, match="ledger"):
        back_up(room.table, folder)
    assert list(folder.iterdir()) == []


def test_a_restored_keystore_is_not_copied_before_it_caught_up(room: Room, folder: Path) -> None:
    assert back_up(room.table, folder) == 0
    empty(room)
    assert restore(room.table, copies_in(folder)[0]) == 0
    with pytest.raises(NotYetReplayed):
        back_up(room.table, folder)


@pytest.mark.parametrize("days", ["0", "31", "forty"])
def test_more_than_thirty_days_are_refused_at_start(days: str) -> None:
    environ = {"PARAVENT_ZONE": "cli", "PARAVENT_KEYSTORE_BACKUP_DAYS": days}
    with pytest.raises(SettingsError, match="PARAVENT_KEYSTORE_BACKUP_DAYS must be a whole number from 1 to 30"):
        load_settings(environ)


def test_the_drill_works_on_a_copy_made_days_ago(copied: Copied, folder: Path) -> None:
    copied.send()
    hold_ceremony(copied.table(), 2, 3)
    copy = copied.back_up()
    turn(copied.house)
    turn(copied.house)
    for where in (copy, copy / "keystore"):
        copied.people.shares_typed = 0
        copied.people.said.clear()
        assert drill(copied.table(), where) == 0
        assert any("Sample: 3 opened, 0 did not" in said for said in copied.people.said)


def test_the_doctor_says_what_is_missing_old_or_on_the_same_disk(room: Room, folder: Path) -> None:
    def told(where: Room) -> dict[str, str]:
        table = where.table
        place = Place(
            settings=table.settings, zones={}, db=table.db, keystore=None, now=room.now, users=lambda _name: None
        )
        return {f"{one.level}: {one.said}": one.step for one in key_backups(place)}

    assert list(told(room)) == ["warning: nothing says where copies of the keystore are kept"]
    here = room_with(room, keystore_backups=folder, keystore_backup_days=2)
    assert "fault: there is no copy of the keystore" in told(here)
    assert back_up(here.table) == 0
    same_disk = "warning: copies of the keystore are on the keystore's own disk: what breaks it takes both"
    assert list(told(here)) == ["ok: the newest copy of the keystore is of 2026-11-18 09:30 UTC", same_disk]
    room.now += timedelta(days=4)
    found = told(here)
    assert "fault: the newest copy of the keystore is of 2026-11-18 09:30 UTC" in found
    (old,) = [one for one in found if "not unreadable" in one]
    assert old.startswith("fault: 1 copies are older than 2 days")
    assert "destroy them" in found[old]
    gone = room_with(room, keystore_backups=folder / "gone")
    assert list(told(gone)) == [f"fault: there is no folder {folder / 'gone'}"]


def test_the_command_line_makes_restores_and_unseals(
    room: Room, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = room.table.settings
    environ = {
        "PARAVENT_VAR": str(settings.var),
        "PARAVENT_VERIFY_KEY": settings.verify_key.hex(),
        "PARAVENT_WORDS_SALT": settings.words_salt.hex(),
        "PARAVENT_KEYSTORE_KEY_FILE": str(room.key_file),
        "PARAVENT_KEYSTORE_BACKUPS": str(folder),
    }
    parser = argparse.ArgumentParser()
    keys.add_to(parser.add_subparsers())

    def run(*words: str) -> int:
        given = parser.parse_args(["keys", *words])
        status: int = given.act(given, environ)
        return status

    room.keystore().ensure_epoch(datetime.now().astimezone())
    assert run("backup") == 0
    (copy,) = copies_in(folder)
    empty(room)
    assert run("restore", str(copy), "--dry-run") == 0
    assert not room.directory.exists()
    assert run("restore", str(copy)) == 0
    assert run("unseal") == 0
    assert not (room.directory / "sealed").exists()
    assert unseal(room.table) == 0
