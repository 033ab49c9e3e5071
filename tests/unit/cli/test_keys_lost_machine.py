"""The machine and its HSM are lost: three of five custodians open everything on a clean machine, two open nothing.

The ceremony is held with an HSM (SoftHSM2) which is then the only other lock; all that is left afterwards is a copy
of the keystore's folder and of the silos, and the sheets.
"""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import combinations
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pkcs11
import pytest
from sqlalchemy import select

from app.cli.keys_ceremony import hold_ceremony
from app.cli.keys_locks import remove_lock
from app.cli.keys_recovery import recover_apart
from app.clinic.sign_in import totp_label
from app.db import Databases, Silo
from app.desk.models import Staff
from app.vault.custodians import combine
from app.vault.errors import ShareOfAnotherCeremony, SharesMissing, UnlockMissing
from app.vault.keystore import Keystore
from app.vault.root import open_file, read_head
from app.vault.sealing import Context, new_secret, seal_json, unseal_json
from app.vault.unlock import Unlock
from tests.unit.cli.custody import NOW, People, Room, after_ceremony, kinds, make_room
from tests.unit.vault.soft_hsm import MODULE, needs_soft_hsm, soft_hsm

pytestmark = needs_soft_hsm

_PATIENTS = 12
_PURPOSES = ("care", "contact", "space")
_SILOS: tuple[Silo, ...] = ("keys", "desk")


@dataclass
class Left:
    """What is left: a copy of the folder and the silos, the sheets; and what patients had sent, sealed."""

    copy: Path
    sheets: list[str]
    sealed: dict[Context, bytes] = field(default_factory=dict)
    clear: dict[Context, dict[str, Any]] = field(default_factory=dict)

    def brought(self, folder: Path) -> Path:
        """Bring the copy to a clean machine."""
        shutil.copytree(self.copy, folder)
        return folder

    def opened(self, folder: Path, keystore: Keystore) -> int:
        """Open everything with a keystore and the copied silos; return how many objects opened."""
        db = Databases({silo: f"sqlite:///{folder}/{silo}.sqlite" for silo in _SILOS})
        with db.reading("keys") as session:
            for context, sealed in self.sealed.items():
                secret = keystore.get(session, context.pseudonym, context.purpose)
                assert unseal_json(secret, sealed, context) == self.clear[context]
        with db.reading("desk") as session:
            people = session.scalars(select(Staff)).all()
            for person in people:
                assert keystore.open_field("desk", totp_label(person.id), person.sealed_totp or b"")
        db.dispose()
        return len(self.sealed) + len(people)


@pytest.fixture
def left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Left]:
    """A clinic whose keystore opened by an HSM and by custodians, and whose machine and HSM are gone."""
    machine = tmp_path / "machine"
    machine.mkdir(mode=0o700)
    with soft_hsm(machine, monkeypatch) as token:
        room = make_room(machine)
        room.table = replace(room.table, settings=replace(room.table.settings, token=token))
        assert hold_ceremony(room.table, 3, 5, hsm=True) == 0
        room.confirming("ada", "bea")
        assert remove_lock(room.table, read_head(room.directory).held[0].lock.id) == 0
        assert kinds(room) == ["custodians", "pkcs11"]
        found = Left(tmp_path / "copy", list(room.people.sheets))
        by_hsm = Keystore.open(room.directory, Unlock(token=token))
        _patients_send(room, by_hsm, found)
        room.table.db.dispose()
        shutil.copytree(room.directory, found.copy / "keystore")
        for silo in _SILOS:
            shutil.copy(machine / f"{silo}.sqlite", found.copy)
        assert found.opened(found.brought(tmp_path / "before"), by_hsm) == 3 * _PATIENTS + 3
        pkcs11.unload(str(MODULE))
        shutil.rmtree(machine)
        yield found


def _patients_send(room: Room, keystore: Keystore, found: Left) -> None:
    for pseudonym in (uuid4() for _ in range(_PATIENTS)):
        for purpose in _PURPOSES:
            context = Context(f"tried.{purpose}", pseudonym, purpose, UUID(int=pseudonym.int ^ 1), 1)
            secret, found.clear[context] = new_secret(), {"schema": 1, "said": str(uuid4())}
            with room.table.db.writing("keys") as session:
                keystore.put(session, pseudonym, purpose, secret, NOW)
            found.sealed[context] = seal_json(secret, found.clear[context], context)


def _recovered(left: Left, folder: Path, sheets: list[str]) -> Keystore:
    """Let custodians come to a clean machine with a copy, and type their sheets. Raises SharesMissing."""
    people, key_file = People(typed={"Share ": [*sheets, ""]}), folder / "new.key"
    assert recover_apart(people, left.brought(folder) / "keystore", key_file=key_file) == 0
    return Keystore.open(folder / "keystore", Unlock(key_file=key_file))


def _opens(left: Left, folder: Path, sheets: list[str]) -> None:
    keystore = _recovered(left, folder, sheets)
    assert left.opened(folder, keystore) == 3 * _PATIENTS + 3
    assert keystore.unreadable() == []


def _opens_nothing(left: Left, folder: Path, sheets: list[str]) -> None:
    with pytest.raises(SharesMissing, match="1 of 3"):
        _recovered(left, folder, sheets)
    lock = next(held.lock for held in read_head(folder / "keystore").held if held.lock.kind == "custodians")
    with pytest.raises(SharesMissing):
        combine(tuple(sheets), lock.terms)  # type: ignore[arg-type]  # the terms of custodians
    with pytest.raises(SharesMissing):
        open_file(folder / "keystore", Unlock(shares=tuple(sheets)))
    with pytest.raises(UnlockMissing):
        open_file(folder / "keystore", Unlock())


def test_a_share_of_another_ceremony_does_not_make_two_custodians_three(left: Left, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir(mode=0o700)
    other = after_ceremony(make_room(elsewhere))
    sheets = [left.sheets[1], other.people.sheets[0], left.sheets[3]]
    with pytest.raises(SharesMissing, match="1 of 3"):
        _recovered(left, tmp_path / "clean", sheets)
    with pytest.raises(ShareOfAnotherCeremony):
        open_file(tmp_path / "clean" / "keystore", Unlock(shares=tuple(sheets)))
    other.table.db.dispose()


def test_each_three_of_the_five_opens_everything_and_no_pair_anything(left: Left, tmp_path: Path) -> None:
    threes, pairs = list(combinations(range(5), 3)), list(combinations(range(5), 2))
    assert (len(threes), len(pairs)) == (10, 10)
    for three in threes:
        _opens(left, tmp_path / f"three{three}", [left.sheets[at] for at in three])
    for pair in pairs:
        _opens_nothing(left, tmp_path / f"pair{pair}", [left.sheets[at] for at in pair])
