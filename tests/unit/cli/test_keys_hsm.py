"""The HSM's lock by the commands, with SoftHSM2: made, used alone, and away."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from app.cli.keys_ceremony import hold_ceremony
from app.cli.keys_locks import add_lock, remove_lock, rotate_root
from app.cli.keys_table import Table
from app.vault import token_root
from app.vault.errors import TokenAbsent, TokenKeyMissing
from app.vault.keystore import Keystore
from app.vault.root import read_head
from app.vault.unlock import unlock_of
from tests.unit.cli.custody import Room, changes, kinds, make_room, unchanged
from tests.unit.vault.soft_hsm import needs_soft_hsm, soft_hsm

pytestmark = needs_soft_hsm


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Room]:
    """A room whose settings name an HSM."""
    with soft_hsm(tmp_path, monkeypatch) as token:
        made = make_room(tmp_path)
        settings = replace(made.table.settings, token=token)
        made.table = replace(made.table, settings=settings)
        yield made
        made.table.db.dispose()


def _by_hsm_alone(table: Table) -> Table:
    return replace(table, settings=replace(table.settings, keystore_key_file=None))


def test_an_hsm_replaces_the_key_file(room: Room) -> None:
    assert add_lock(room.table, hsm=True) == 0
    assert kinds(room) == ["key_file", "pkcs11"]
    room.confirming("ada", "bea")
    assert remove_lock(room.table, read_head(room.directory).held[0].lock.id) == 0

    settings = _by_hsm_alone(room.table).settings
    keystore = Keystore.open(room.directory, unlock_of(settings))
    assert keystore.verify_key == settings.verify_key
    assert [change["change"] for change in changes(room, unlock_of(settings))] == ["lock_added", "lock_removed"]
    assert settings.token
    elsewhere = replace(settings, token=replace(settings.token, label="elsewhere"))
    with unchanged(room), pytest.raises(TokenAbsent):
        add_lock(replace(room.table, settings=elsewhere))


def test_a_ceremony_can_make_the_hsms_lock_as_well(room: Room) -> None:
    assert hold_ceremony(room.table, 2, 2, hsm=True) == 0
    assert kinds(room) == ["key_file", "custodians", "pkcs11"]
    room.confirming("ada", "bea")
    room.people.shares_typed = 0
    assert rotate_root(room.table) == 0
    assert Keystore.open(room.directory, unlock_of(_by_hsm_alone(room.table).settings))


def test_a_dry_run_makes_no_key_in_the_hsm(room: Room) -> None:
    with unchanged(room):
        assert add_lock(room.table, hsm=True, dry_run=True) == 0
        assert hold_ceremony(room.table, 2, 2, hsm=True, dry_run=True) == 0
    token = room.table.settings.token
    assert token
    with pytest.raises(TokenKeyMissing):
        token_root.wrap(token)
