"""Recovery by custodians, on a clean machine too, and the drill."""

import os
from pathlib import Path
from uuid import uuid4

import pytest

from app.cli.keys_locks import rotate_silo
from app.cli.keys_recovery import drill, recover, recover_apart
from app.cli.keys_state import status
from app.cli.keys_terminal import GivenUp
from app.vault.errors import (
    CustodiansMissing,
    ShareMalformed,
    SharesMissing,
)
from app.vault.keystore import Keystore, Unlock
from app.vault.root import open_file, read_head
from tests.unit.cli.custody import LONG, Room, changes, unchanged


def test_custodians_recover_a_copy_on_a_clean_machine(kept: Room, tmp_path: Path) -> None:
    copy = tmp_path / "clean" / "keystore"
    copy.mkdir(parents=True, mode=0o700)
    for name, content in kept.content().items():
        (copy / name).write_bytes(content)
        (copy / name).chmod(0o600)
    kept.people.typed["Share "] = [kept.people.sheets[at] for at in (4, 0, 2)]
    kept.people.typed["New"] = kept.people.typed["Once"] = [LONG]
    kept.people.typed["Once"] = [LONG]

    assert recover_apart(kept.people, copy) == 0

    recovered = Keystore.open(copy, Unlock(passphrase=LONG))
    assert recovered.verify_key == kept.keystore().verify_key
    assert recovered.unreadable() == []
    assert {name for name in kept.content() if name.endswith(".key")} == {path.name for path in copy.glob("*.key")}
    assert [held.lock.kind for held in read_head(copy).held] == ["key_file", "custodians", "passphrase"]
    assert open_file(copy, Unlock(passphrase=LONG)).root.unrecorded == ("recovered@3",)


def test_what_was_recovered_without_a_ledger_is_recorded_once_by_the_next_change(kept: Room) -> None:
    kept.people.shares_typed = 0
    recover_apart(kept.people, kept.directory, key_file=kept.directory.parent / "new.key")
    assert [change["change"] for change in changes(kept)] == ["ceremony"]
    status(kept.table)
    rotate_silo(kept.table, dry_run=True)
    assert [change["change"] for change in changes(kept)] == ["ceremony"]
    rotate_silo(kept.table)
    rotate_silo(kept.table)
    told = [("ceremony", 2), ("recovered", 3), ("silo_rotated", 4), ("silo_rotated", 5)]
    assert [(one["change"], one["generation"]) for one in changes(kept)] == told
    assert open_file(kept.directory, kept.unlock).root.unrecorded == ()


def test_too_few_custodians_recover_nothing(kept: Room, tmp_path: Path) -> None:
    kept.people.typed["Share "] = [kept.people.sheets[1], kept.people.sheets[3], ""]
    with unchanged(kept), pytest.raises(SharesMissing, match="1 of 3"):
        recover(kept.table, key_file=tmp_path / "new.key")
    assert not (tmp_path / "new.key").exists()


def test_shares_are_read_from_a_descriptor(kept: Room, tmp_path: Path) -> None:
    def piped(*sheets: str) -> int:
        reader, writer = os.pipe()
        os.write(writer, "\n".join(sheets).encode() + b"\n\n")
        os.close(writer)
        return reader

    with unchanged(kept), pytest.raises(SharesMissing):
        recover(kept.table, key_file=tmp_path / "new.key", shares_fd=piped(*kept.people.sheets[:2]))
    with unchanged(kept), pytest.raises(ShareMalformed, match="share 2"):
        recover(kept.table, key_file=tmp_path / "new.key", shares_fd=piped(kept.people.sheets[0], "x"))
    with unchanged(kept), pytest.raises(GivenUp, match="--shares-fd"):
        recover(kept.table, key_file=tmp_path / "new.key", shares_fd=987)
    assert recover(kept.table, key_file=tmp_path / "new.key", shares_fd=piped(*kept.people.sheets[1:4])) == 0
    assert Keystore.open(kept.directory, Unlock(key_file=tmp_path / "new.key"))
    assert changes(kept)[-1]["change"] == "recovered"


def test_without_custodians_nothing_is_recovered(room: Room) -> None:
    with unchanged(room), pytest.raises(CustodiansMissing, match="ceremony"):
        recover(room.table)


def test_a_drill_opens_a_sample_and_changes_nothing(kept: Room) -> None:
    with kept.table.db.writing("keys") as session:
        for _ in range(3):
            kept.keystore().put(session, uuid4(), "care", os.urandom(32), kept.now)
    kept.people.shares_typed = 0
    with unchanged(kept):
        assert drill(kept.table) == 0
    assert any("3 opened, 0 did not" in said for said in kept.people.said)
    assert [change["change"] for change in changes(kept)] == ["ceremony", "drilled"]


def test_a_drill_with_a_damaged_key_file_fails(kept: Room) -> None:
    (kept.directory / "epoch-2026-11-18.key").write_bytes(b"cut")
    kept.people.shares_typed = 0
    assert drill(kept.table) == 1
    assert any("FAILED" in said for said in kept.people.said)
