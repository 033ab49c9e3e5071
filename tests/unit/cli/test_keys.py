"""Custody's commands: what they ask, what they write, and that nothing half happens."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from shamir_mnemonic.wordlist import WORDLIST

from app.cli.keys_locks import add_lock, remove_lock, retire_silo, revoke, rotate_root, rotate_silo
from app.cli.keys_people import NotConfirmed
from app.cli.keys_state import seal, status, turn_epochs, unseal
from app.cli.keys_terminal import GivenUp
from app.db import SiloUnavailable
from app.vault.errors import (
    KeystoreChanged,
    KeystoreDamaged,
    KeystoreError,
    KeystoreSealed,
    LastLock,
    LockWouldBeLost,
    UnlockMissing,
    WrongUnlock,
)
from app.vault.held import begin_change, is_changing, is_sealed, seal_keystore
from app.vault.keystore import Keystore, Unlock
from app.vault.root import open_file, read_head
from tests.unit.cli.custody import (
    LONG,
    PASSWORD,
    Room,
    changes,
    kinds,
    unchanged,
    without_ledger,
)


def test_revoked_shares_open_nothing_and_new_ones_do(kept: Room) -> None:
    old, copy = list(kept.people.sheets), kept.content()
    kept.confirming("ada", "bea")
    kept.people.sheets.clear()
    kept.people.shares_typed = 0

    assert revoke(kept.table, (2, 3)) == 0

    with pytest.raises(KeystoreError):
        Keystore.open(kept.directory, Unlock(shares=tuple(old)))
    assert Keystore.open(kept.directory, Unlock(shares=tuple(kept.people.sheets))).unreadable() == []
    assert kept.keystore().unreadable() == []
    assert all(kept.content()[name] != content for name, content in copy.items())
    last = changes(kept)[-1]
    assert (last["change"], last["generation"]) == ("revoked", 3)
    assert {last["actor"], last["second"]} == {str(kept.staff["ada"]), str(kept.staff["bea"])}
    assert not is_sealed(kept.directory)
    assert any("delete every such copy" in said for said in kept.people.said)


def test_shares_are_revoked_without_new_ones_only_if_something_else_opens(kept: Room) -> None:
    kept.confirming("bea", "ada")
    assert revoke(kept.table, None) == 0
    assert kinds(kept) == ["key_file"]


def test_a_revocation_that_would_lock_everybody_out_is_refused(kept: Room) -> None:
    kept.confirming("ada", "bea")
    remove_lock(kept.table, read_head(kept.directory).held[0].lock.id)
    kept.people.shares_typed = 0
    with unchanged(kept), pytest.raises(UnlockMissing):
        revoke(kept.table, None)


WRONG: dict[str, Callable[[Room], None]] = {
    "one person twice": lambda room: room.confirming("ada", "ada"),
    "a role that may not": lambda room: room.confirming("ada", "col"),
    "nobody": lambda room: room.confirming("ada", "ada") or room.people.typed.update({"Second person": ["zoe"]}),  # type: ignore[func-returns-value]
    "a wrong password": lambda room: (
        room.confirming("ada", "bea")  # type: ignore[func-returns-value]
        or room.people.typed.update({"Password": [PASSWORD, "x"]})
    ),
    "a wrong code": lambda room: (
        room.confirming("ada", "bea")  # type: ignore[func-returns-value]
        or room.people.typed.update({"Code": [room.code("ada"), "000000"]})
    ),
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG.keys())
def test_what_destroys_needs_two_people_who_may(kept: Room, wrong: Callable[[Room], None]) -> None:
    wrong(kept)
    with unchanged(kept), pytest.raises(NotConfirmed, match="nothing was changed"):
        revoke(kept.table, None)
    assert [change["change"] for change in changes(kept)] == ["ceremony"]


def test_one_person_with_two_fresh_codes_is_still_one(kept: Room) -> None:
    kept.confirming("ada", "ada")
    kept.people.typed["Code"] = []

    def fresh(prompt: str) -> str | None:
        if prompt != "Code: ":
            return None
        kept.now += timedelta(seconds=61)
        return kept.code("ada")

    kept.people.answer = fresh
    with unchanged(kept), pytest.raises(NotConfirmed, match="signed twice"):
        revoke(kept.table, None)


def test_one_code_signs_once(kept: Room) -> None:
    add_lock(kept.table, key_file=kept.directory.parent / "second.key")
    kept.confirming("ada", "bea")
    codes = list(kept.people.typed["Code"])
    remove_lock(kept.table, read_head(kept.directory).held[-1].lock.id)
    kept.confirming("ada", "bea")
    kept.people.typed["Code"] = codes
    with unchanged(kept), pytest.raises(NotConfirmed):
        revoke(kept.table, None)


def test_a_lock_is_added_opens_and_is_removed_by_two(room: Room, tmp_path: Path) -> None:
    room.people.typed["New"], room.people.typed["Once"] = [LONG], [LONG]
    assert add_lock(room.table) == 0
    assert add_lock(room.table, key_file=tmp_path / "second.key") == 0
    for way in (Unlock(passphrase=LONG), Unlock(key_file=tmp_path / "second.key")):
        assert Keystore.open(room.directory, way)

    first, passphrase, second = (held.lock.id for held in read_head(room.directory).held)
    room.confirming("ada", "bea")
    assert remove_lock(room.table, passphrase) == 0
    with pytest.raises(UnlockMissing):
        Keystore.open(room.directory, Unlock(passphrase=LONG))
    room.confirming("ada", "bea")
    assert remove_lock(room.table, second) == 0
    with unchanged(room), pytest.raises(LastLock):
        remove_lock(room.table, first)
    assert [c["change"] for c in changes(room)] == ["lock_added", "lock_added", "lock_removed", "lock_removed"]


def test_a_passphrase_that_is_short_or_not_repeated_makes_no_lock(room: Room) -> None:
    room.people.typed["New"], room.people.typed["Once"] = ["short"], ["short"]
    with unchanged(room), pytest.raises(KeystoreError, match="at least 12"):
        add_lock(room.table)
    room.people.typed["New"], room.people.typed["Once"] = [LONG] * 3, [LONG + "x"] * 3
    with unchanged(room), pytest.raises(GivenUp):
        add_lock(room.table)


def test_an_hsm_that_no_setting_names_is_not_used(room: Room) -> None:
    with unchanged(room), pytest.raises(UnlockMissing, match="PARAVENT_PKCS11_MODULE"):
        add_lock(room.table, hsm=True)


def test_a_new_root_key_keeps_every_lock_and_leaves_old_copies_behind(kept: Room) -> None:
    sealed = kept.keystore().seal_field("desk", "x", b"marker")
    kept.confirming("ada", "bea")
    kept.people.shares_typed = 0
    assert rotate_root(kept.table) == 0
    for way in (kept.unlock, Unlock(shares=tuple(kept.people.sheets))):
        assert Keystore.open(kept.directory, way).open_field("desk", "x", sealed) == b"marker"
    assert changes(kept)[-1]["change"] == "root_rotated"


def test_a_new_root_key_leaves_no_lock_out_in_silence(room: Room, tmp_path: Path) -> None:
    room.people.typed["New"], room.people.typed["Once"] = [LONG], [LONG]
    add_lock(room.table)
    add_lock(room.table, key_file=tmp_path / "second.key")
    room.people.typed["Passphrase of lock"] = [LONG]
    room.confirming("ada", "bea")
    with unchanged(room), pytest.raises(LockWouldBeLost, match="lock --remove"):
        rotate_root(room.table)
    room.people.typed["Passphrase of lock"] = ["another passphrase"]
    room.confirming("ada", "bea")
    with unchanged(room), pytest.raises(WrongUnlock):
        rotate_root(room.table)


def test_silo_keys_turn_under_a_running_clinic_and_their_former_versions_go(room: Room) -> None:
    running, sealed = room.keystore(), room.keystore().seal_field("care", "x", b"old")
    assert rotate_silo(room.table) == 0
    assert running.open_field("care", "x", sealed) == b"old"
    assert running.unreadable() == []
    room.confirming("ada", "bea")
    assert retire_silo(room.table) == 0
    assert any("3 second factor(s)" in said for said in room.people.said)
    assert len(open_file(room.directory, room.unlock).root.versions("desk")) == 1
    room.confirming("ada", "bea")
    assert retire_silo(room.table) == 0


def test_former_silo_keys_stay_while_a_key_file_is_unreadable(room: Room) -> None:
    rotate_silo(room.table)
    (room.directory / "epoch-2026-11-18.key").write_bytes(b"cut")
    room.confirming("ada", "bea")
    with unchanged(room), pytest.raises(KeystoreDamaged, match="nothing was forgotten"):
        retire_silo(room.table)
    assert not is_sealed(room.directory)


def test_one_person_seals_whatever_the_ledger_and_who_unlocks_unseals(room: Room) -> None:
    running = room.keystore()
    with without_ledger(room):
        assert seal(room.table) == 1
    with pytest.raises(KeystoreSealed):
        running.derive_field("desk", "x")
    assert seal(room.table) == 0
    with pytest.raises(KeystoreSealed):
        turn_epochs(room.table)
    content = room.key_file.read_bytes()
    room.key_file.write_bytes(b"ab" * 32)
    with pytest.raises(WrongUnlock):
        unseal(room.table)
    room.key_file.write_bytes(content)
    with without_ledger(room), pytest.raises(SiloUnavailable):
        unseal(room.table)
    assert is_sealed(room.directory)
    assert unseal(room.table) == 0
    assert running.derive_field("desk", "x")
    assert [change["change"] for change in changes(room)] == ["sealed", "unsealed"]


def test_a_damaged_keystore_can_still_be_sealed(room: Room) -> None:
    (room.directory / "keystore.json").write_bytes(b"{")
    assert seal(room.table) == 0
    assert is_sealed(room.directory)


def test_what_was_sealed_before_or_meanwhile_stays_so_through_a_change(room: Room) -> None:
    pressed: list[int] = []
    seal_keystore(room.directory)
    rotate_silo(room.table)
    assert is_sealed(room.directory)
    unseal(room.table)
    room.confirming("ada", "bea")
    retire_silo(replace(room.table, pause=lambda _seconds: pressed.append(seal(room.table))))
    assert pressed == [0]
    assert is_sealed(room.directory)


def test_a_change_that_was_killed_stops_nobody_and_unsealing_ends_it(room: Room) -> None:
    begin_change(room.directory)
    assert room.keystore().derive_field("desk", "x")
    with unchanged(room), pytest.raises(KeystoreChanged, match="keys unseal"):
        rotate_silo(room.table)
    unseal(room.table)
    assert rotate_silo(room.table) == 0
    assert not is_changing(room.directory)


def test_the_keys_of_the_day_turn_on_demand(room: Room) -> None:
    room.now = room.now.replace(day=19)
    assert turn_epochs(room.table) == 0
    assert "2026-11-19" in room.keystore().names()["secrets"]
    assert changes(room)[-1]["change"] == "epochs_turned"


def test_status_tells_each_lock_and_what_the_ledger_knows(kept: Room) -> None:
    yesterday = kept.content()["keystore.json"]
    assert status(kept.table) == 0
    said = "\n".join(kept.people.said)
    assert "any 3 of 5 shares of ceremony" in said
    assert "0 in the mailbox" in said
    assert "change 2, in use" in said

    add_lock(kept.table, key_file=kept.directory.parent / "second.key")
    (kept.directory / "keystore.json").write_bytes(yesterday)
    (kept.directory / "generation").write_bytes(b"2\n")
    assert status(kept.table) == 1
    assert any("LEDGER KNOWS OF CHANGE 3" in one for one in kept.people.said)


def test_a_ledger_line_of_custody_holds_no_word_and_no_name(kept: Room) -> None:
    kept.confirming("ada", "bea")
    kept.people.shares_typed = 0
    revoke(kept.table, (2, 3))
    values = [str(value) for change in changes(kept) for value in change.values()]
    assert not {word for value in values for word in value.split()} & {*WORDLIST, "ada", "bea"}
