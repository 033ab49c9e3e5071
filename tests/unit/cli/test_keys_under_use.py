"""Root key, silo keys, custodians and locks change while other processes use the keystore: nobody notices.

Two processes as the clinic's and one as the worker's (keys_in_use.py) go on without a pause meanwhile. With real
pages and the real worker: tests/prove/test_rotation.py.
"""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from app.cli.keys_ceremony import hold_ceremony
from app.cli.keys_locks import add_lock, remove_lock, retire_silo, revoke, rotate_root, rotate_silo
from app.config import ROOT
from app.vault.errors import KeystoreError
from app.vault.keyfiles import bound_to, unlock_by_any
from app.vault.root import Root, open_file, read_head
from app.vault.sealing import Unsealable
from tests.unit.cli.custody import NOW, Room, changes, kinds, make_room
from tests.unit.cli.keys_in_use import NOW_FILE, STOP_FILE, done_file, unopened

_ROLES = (("clinic", 1), ("clinic", 2), ("worker", 1))
_STARTED = 20.0
_TURNS = timedelta(days=3)
_SILO_OF = {"epoch": "keys", "intake": "intake", "index": "identity"}


@dataclass
class InUse:
    """What the processes said in the end."""

    said: dict[tuple[str, int], dict[str, Any]]

    @property
    def faults(self) -> list[str]:
        return [fault for one in self.said.values() for fault in one["faults"]]


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    made = make_room(tmp_path)
    (tmp_path / NOW_FILE).write_text(NOW.isoformat())
    yield made
    made.table.db.dispose()


@contextmanager
def _in_use(folder: Path) -> Iterator[InUse]:
    """Let the processes work, from when each has begun to the end of the block."""
    said = InUse({})
    words = [sys.executable, "-m", "tests.unit.cli.keys_in_use", str(folder)]
    begun = [
        subprocess.Popen([*words, role, str(number)], cwd=ROOT)  # noqa: S603 - our own module
        for role, number in _ROLES
    ]
    try:
        _wait_for_turns(folder)
        yield said
    finally:
        (folder / STOP_FILE).touch()
        for process in begun:
            process.wait(30)
    said.said |= {one: json.loads(done_file(folder, *one).read_text()) for one in _ROLES}


def _wait_for_turns(folder: Path) -> None:
    """Wait until the worker has turned some keys and both clinics keep secrets."""
    until = time.monotonic() + _STARTED
    while datetime.fromisoformat((folder / NOW_FILE).read_text()) < NOW + _TURNS and time.monotonic() < until:
        time.sleep(0.05)


def _change_everything(room: Room) -> None:
    """Change root, silo keys and locks once each, by the commands, and forget the former silo keys."""
    assert add_lock(room.table, key_file=room.table.settings.var / "second.key") == 0
    room.people.shares_typed = 0
    room.confirming("ada", "bea")
    second = room.table.settings.var / "second.key"
    room.confirming("ada", "bea")
    assert remove_lock(room.table, read_head(room.directory).held[-1].lock.id) == 0
    second.unlink()
    room.confirming("ada", "bea")
    assert rotate_root(room.table) == 0
    assert rotate_silo(room.table) == 0
    room.confirming("ada", "bea")
    assert retire_silo(room.table) == 0
    room.people.sheets.clear()
    room.people.shares_typed = 0
    room.confirming("ada", "bea")
    assert revoke(room.table, (2, 3)) == 0


def test_nothing_fails_and_nothing_is_lost_while_everything_changes(room: Room) -> None:
    folder = room.table.settings.var
    assert hold_ceremony(room.table, 2, 3) == 0
    before = open_file(room.directory, room.unlock)
    with _in_use(folder) as used:
        for _ in range(2):
            _change_everything(room)
    assert used.faults == [], "\n".join(used.faults[:2]) + str(used.said)[-300:]
    assert all(one["rounds"] > 5 for one in used.said.values()), used.said
    assert used.said["worker", 1]["destroyed"] > 5

    assert unopened(folder) == []
    assert room.keystore().unreadable() == []
    assert _opened_by(before.root, room.directory) == []
    with pytest.raises(KeystoreError):
        _opened_with_former_root(room, before.root_key)
    assert kinds(room) == ["key_file", "custodians"]
    assert [change["change"] for change in changes(room)].count("silo_retired") == 2


def _opened_by(root: Root, directory: Path) -> list[str]:
    """Return the key files that former silo keys open."""
    opened = []
    for path in directory.glob("*-*.key"):
        kind, _, name = path.stem.partition("-")
        try:
            keys = root.versions(_SILO_OF.get(kind, kind))
            unlock_by_any(keys, path.read_bytes(), bound_to(kind, name))
            opened.append(path.name)
        except Unsealable:
            continue
    return opened


def _opened_with_former_root(room: Room, root_key: bytes) -> None:
    """Open the root file's body with a former root key. Raises KeystoreDamaged."""
    from app.vault.root import _read, _read_body

    head, body = _read(room.directory)
    _read_body(root_key, head, body)
