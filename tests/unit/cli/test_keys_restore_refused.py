"""What keeps a copy from being restored or opened: its own damage, the place, a ledger that is not whole."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text

from app.cli.keys_restore import restore
from app.cli.keys_state import unseal
from app.db import SiloUnavailable
from app.vault.backup_errors import (
    BackupDamaged,
    BackupOfAnother,
    BackupOfAnotherRelease,
    PlaceTaken,
    TombstonesIncomplete,
)
from app.vault.errors import KeystoreMissing, KeystoreOpenToOthers, KeystoreSealed
from app.vault.keybackup import MANIFEST_FILE, restored_mark
from tests.unit.cli.copies import Copied, rows
from tests.unit.cli.custody import sign_with
from tests.unit.worker.shredded import ALL, pass_time

WHOLE = set(ALL)


def cut_ledger(copied: Copied) -> None:
    """Take the ledger's order away, as an older copy of it would lack it."""
    with copied.house.db.writing("ledger") as session:
        for table in ("checkpoints", "leaves"):
            session.execute(text(f"DELETE FROM {table}"))  # noqa: S608 - one of two words


def forge_checkpoint(copied: Copied) -> None:
    """Let the newest checkpoint be signed by nobody."""
    with copied.house.db.writing("ledger") as session:
        session.execute(text("UPDATE checkpoints SET note = 'x'"))


def forge_tombstone(copied: Copied) -> None:
    """Make what tombstones say unreadable."""
    with copied.house.db.writing("ledger") as session:
        session.execute(text("UPDATE events SET payload = '{}' WHERE name = 'purpose.destroyed'"))


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (cut_ledger, "the ledger has 0 events in order"),
        (forge_checkpoint, "not signed"),
        (forge_tombstone, "3 of its"),
    ],
)
def test_a_ledger_that_is_not_whole_leaves_the_keystore_sealed(
    copied: Copied, harm: Callable[[Copied], None], said: str
) -> None:
    gone = copied.send()
    copy = copied.back_up()
    copied.shred(gone)
    copied.lose()
    copied.restore(copy)
    harm(copied)

    with pytest.raises(TombstonesIncomplete, match=said):
        unseal(copied.table())

    with pytest.raises(KeystoreSealed):
        copied.opens(gone)
    assert restored_mark(copied.directory)


def test_a_ledger_older_than_its_anchors_is_not_whole(copied: Copied) -> None:
    """The ledger may be newer than the copy and yet have lost what came after: its anchors tell."""
    gone = copied.send()
    copy = copied.back_up()
    copied.house.db.dispose()
    ledger = {path.name: path.read_bytes() for path in copied.house.root.glob("ledger.sqlite*")}
    copied.shred(gone)
    copied.house.db.dispose()
    for path in copied.house.root.glob("ledger.sqlite*"):
        path.unlink()
    for name, content in ledger.items():
        (copied.house.root / name).write_bytes(content)
    copied.lose()
    copied.restore(copy)

    with pytest.raises(TombstonesIncomplete, match="events in order and had"):
        unseal(copied.table())


def test_a_ledger_that_does_not_answer_leaves_the_keystore_sealed(copied: Copied) -> None:
    copy = copied.back_up()
    copied.lose()
    copied.restore(copy)
    there = copied.house.root / "ledger.sqlite"
    copied.house.db.dispose()
    there.rename(there.with_suffix(".away"))
    there.mkdir()

    with pytest.raises(SiloUnavailable):
        unseal(copied.table(), ledger_lost=True)
    assert restored_mark(copied.directory)


def test_two_persons_open_it_without_the_ledger_and_it_is_told(copied: Copied) -> None:
    stays = copied.send()
    copy = copied.back_up()
    copied.lose()
    copied.restore(copy)
    cut_ledger(copied)
    sign_with(copied.people, copied.house, copied.directory, "ada", "bea")

    assert unseal(copied.table(), ledger_lost=True) == 0

    assert copied.opens(stays) == WHOLE
    told = [content.fields for content in copied.house.contents("keys.changed")]
    lost = [one for one in told if one["change"] == "ledger_lost"]
    assert len(lost) == 1
    assert None not in (lost[0]["actor"], lost[0]["second"])
    assert "unsealed" in [one["change"] for one in told]


def test_a_place_that_is_taken_is_left_alone_but_for_two_persons(copied: Copied) -> None:
    stays = copied.send()
    copy = copied.back_up()
    pass_time(copied.house, days=2)
    newer = copied.send()
    before, files = rows(copied.house), {path.name for path in copied.directory.iterdir()}

    with pytest.raises(PlaceTaken, match=r"a keystore and \d+ row"):
        restore(copied.table(), copy)
    assert restore(copied.table(), copy, over=True, dry_run=True) == 0
    assert (rows(copied.house), {path.name for path in copied.directory.iterdir()}) == (before, files)

    sign_with(copied.people, copied.house, copied.directory, "ada", "bea")
    assert restore(copied.table(), copy, over=True) == 0
    copied.unseal()

    assert (copied.opens(stays), copied.opens(newer)) == (WHOLE, set())
    told = {one.fields["change"]: one.fields["second"] for one in copied.house.contents("keys.changed")}
    assert told["restored"] is not None


def test_rows_alone_or_a_keystore_alone_are_a_place_that_is_taken(copied: Copied) -> None:
    copied.send()
    copy = copied.back_up()
    copied.lose_rows()
    with pytest.raises(PlaceTaken, match="a keystore here"):
        restore(copied.table(), copy)
    shutil.rmtree(copied.directory)
    copied.restore(copy)
    shutil.rmtree(copied.directory)
    with pytest.raises(PlaceTaken, match=r"there is \d+ row"):
        restore(copied.table(), copy)


def cut(copy: Path, name: str) -> None:
    """Take the second half of a file away."""
    content = (copy / name).read_bytes()
    (copy / name).write_bytes(content[: len(content) // 2])


def swapped(copy: Path, name: str) -> None:
    """Change one byte of a file."""
    content = bytearray((copy / name).read_bytes())
    content[len(content) // 2] ^= 1
    (copy / name).write_bytes(bytes(content))


def lost(copy: Path, name: str) -> None:
    """Remove a file."""
    (copy / name).unlink()


def test_a_damaged_copy_is_named_and_changes_nothing(copied: Copied, tmp_path: Path) -> None:
    copied.send()
    sound = copied.back_up()
    copied.lose()
    for name in ("rows-00001.jsonl", "keystore/keystore.json", MANIFEST_FILE):
        for harm in (cut, swapped, lost):
            copy = tmp_path / f"{harm.__name__} {Path(name).stem}" / sound.name
            shutil.copytree(sound, copy)
            harm(copy, name)
            gone = harm is lost and name == MANIFEST_FILE
            with pytest.raises(KeystoreMissing if gone else BackupDamaged, match=Path(name).name):
                restore(copied.table(), copy)
    assert not copied.directory.exists()
    assert not any(rows(copied.house).values())


def test_a_copy_of_another_installation_is_refused(copied: Copied) -> None:
    copy = copied.back_up()
    copied.lose()
    with pytest.raises(BackupOfAnother, match="PARAVENT_VERIFY_KEY"):
        restore(copied.table(verify_key=bytes(32)), copy)
    assert not copied.directory.exists()


def test_a_copy_of_another_release_is_refused(copied: Copied) -> None:
    copy = copied.back_up()
    copied.lose()
    with copied.house.db.writing("keys") as session:
        session.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)"))
        session.execute(text("INSERT INTO alembic_version VALUES ('0001')"))
    with pytest.raises(BackupOfAnotherRelease, match="revision none of the keys silo; here is .* revision 0001"):
        restore(copied.table(), copy)
    said = (copy / MANIFEST_FILE).read_text().replace('"schema": 1', '"schema": 2')
    (copy / MANIFEST_FILE).write_text(said)
    with pytest.raises(BackupOfAnotherRelease, match="a form that this release does not know"):
        restore(copied.table(), copy)
    assert not copied.directory.exists()


def test_a_copy_that_others_can_read_is_told(copied: Copied) -> None:
    copy = copied.back_up()
    copied.lose()
    (copy / "keystore" / "keystore.json").chmod(0o644)
    with pytest.raises(KeystoreOpenToOthers):
        restore(copied.table(), copy)
