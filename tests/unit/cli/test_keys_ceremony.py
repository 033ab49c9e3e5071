"""The ceremony: each share alone on the screen, retyped, proven; nothing written before."""

import argparse
from collections.abc import Callable
from pathlib import Path

import pytest

from app.cli import keys
from app.cli.keys_ceremony import hold_ceremony
from app.cli.keys_locks import add_lock, remove_lock, retire_silo, revoke, rotate_root, rotate_silo
from app.cli.keys_recovery import drill, recover, recover_apart
from app.cli.keys_state import seal, turn_epochs, unseal
from app.cli.keys_terminal import Console, GivenUp, NoTerminal
from app.ledger.service import LedgerUnavailable
from app.vault.errors import (
    CeremonyRefused,
    SharesMissing,
)
from app.vault.held import seal_keystore
from app.vault.keystore import Keystore, Unlock
from app.vault.root import read_head
from tests.unit.cli.custody import (
    Room,
    changes,
    kinds,
    unchanged,
    without_ledger,
)


def test_a_ceremony_shows_each_share_alone_and_has_it_retyped_and_proven(room: Room) -> None:
    assert hold_ceremony(room.table, 3, 5) == 0

    people = room.people
    assert len(people.shown) == len(set(people.sheets)) == 5
    assert [f"Share {place} of 5" in shown for place, shown in enumerate(people.shown, 1)] == [True] * 5
    assert sum(prompt.startswith("Word ") for prompt in people.asked) == 10
    assert sum(prompt.startswith("Share ") for prompt in people.asked) == 3
    assert not any(sheet.split()[10] in people.screen for sheet in people.sheets)
    assert kinds(room) == ["key_file", "custodians"]
    assert [change["change"] for change in changes(room)] == ["ceremony"]
    assert Keystore.open(room.directory, Unlock(shares=tuple(people.sheets[2:]))).verify_key
    assert "bits" not in "".join(people.said)


def test_no_share_is_in_a_file_or_in_the_ledger(kept: Room) -> None:
    stored = b"".join(path.read_bytes() for path in kept.table.settings.var.rglob("*") if path.is_file()).lower()
    for sheet in kept.people.sheets:
        words = sheet.split()
        assert not any(" ".join(words[at : at + 2]).encode() in stored for at in range(0, 32, 2))


def test_words_retyped_wrong_show_the_share_again_and_three_times_end_the_ceremony(room: Room) -> None:
    room.people.answer = lambda prompt: "acid" if prompt.startswith("Word ") else None
    with unchanged(room), pytest.raises(GivenUp, match="nothing was written"):
        hold_ceremony(room.table, 2, 3)
    assert len(room.people.shown) == 3
    assert len(set(room.people.sheets)) == 1
    assert room.people.screen == ""
    assert changes(room) == []


def test_a_ceremony_that_is_not_proven_writes_nothing(room: Room) -> None:
    room.people.answer = lambda prompt: "" if prompt.startswith("Share 2") else None
    with unchanged(room), pytest.raises(SharesMissing, match="1 of 2"):
        hold_ceremony(room.table, 2, 3)
    assert changes(room) == []


def test_a_share_typed_wrong_is_asked_for_again_and_too_often_ends_it(room: Room) -> None:
    room.people.typed["Share 1"] = ["not a share", "academic " * 33]
    assert hold_ceremony(room.table, 2, 3) == 0
    assert sum("Not taken: share 1" in said for said in room.people.said) == 2

    other = [0]

    def wrong(prompt: str) -> str | None:
        other[0] += prompt.startswith("Share ")
        return "never right" if prompt.startswith("Share ") else None

    room.people.answer = wrong
    with unchanged(room), pytest.raises(GivenUp):
        recover(room.table, key_file=room.directory.parent / "new.key")
    assert other[0] == 10


def test_there_are_no_second_custodians_beside_the_first(kept: Room) -> None:
    with unchanged(kept), pytest.raises(CeremonyRefused, match="keys revoke"):
        hold_ceremony(kept.table, 2, 3)


def test_without_its_ledger_a_ceremony_changes_nothing(room: Room) -> None:
    with without_ledger(room), unchanged(room), pytest.raises(LedgerUnavailable):
        hold_ceremony(room.table, 2, 3)


DRY: dict[str, Callable[[Room], int]] = {
    "ceremony": lambda room: hold_ceremony(room.table, 2, 3, dry_run=True),
    "lock": lambda room: add_lock(room.table, dry_run=True),
    "lock removed": lambda room: remove_lock(room.table, read_head(room.directory).held[1].lock.id, dry_run=True),
    "revoke": lambda room: revoke(room.table, (2, 3), dry_run=True),
    "recover": lambda room: recover(room.table, dry_run=True),
    "recover apart": lambda room: recover_apart(room.people, room.directory, dry_run=True),
    "drill": lambda room: drill(room.table, dry_run=True),
    "root": lambda room: rotate_root(room.table, dry_run=True),
    "silo": lambda room: rotate_silo(room.table, dry_run=True),
    "retire": lambda room: retire_silo(room.table, dry_run=True),
    "epoch": lambda room: turn_epochs(room.table, dry_run=True),
    "seal": lambda room: seal(room.table, dry_run=True),
    "unseal": lambda room: unseal(room.table, dry_run=True),
}


@pytest.mark.parametrize("name", DRY)
def test_a_dry_run_asks_nobody_and_changes_nothing(room: Room, name: str) -> None:
    if name != "ceremony":
        hold_ceremony(room.table, 2, 3)
    if name == "unseal":
        seal_keystore(room.directory)
    room.people.asked.clear()
    room.people.said.clear()
    events = room.events()
    with unchanged(room):
        assert DRY[name](room) == 0
    assert room.people.asked == []
    assert room.people.said
    assert room.events() == events


def test_no_command_takes_a_secret_as_an_argument_or_writes_shares_to_a_folder() -> None:
    parser = argparse.ArgumentParser()
    keys.add_to(parser.add_subparsers())
    for extra in (["--output-dir", "x"], ["--share", "x"], ["academic", "acid"]):
        with pytest.raises(SystemExit):
            parser.parse_args(["keys", "ceremony", "--threshold", "3", "--shares", "5", *extra])
    text = parser.format_help() + "".join(Path(keys.__file__).read_text())
    assert "--pin" not in text
    assert "--output" not in text


def test_without_a_terminal_no_share_is_shown_or_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    console = Console()
    for use in (lambda: console.show_alone("words"), lambda: console.ask("a"), lambda: console.ask_hidden("b")):
        with pytest.raises(NoTerminal):
            use()
    console.clear()
    assert capsys.readouterr().out == ""
