"""Every contact moves to the new index key, once the ledger says so; the old key goes with its last row."""

from typing import Any

import pytest

from app.db import Databases
from app.identity.models import Contact
from app.identity.service import get_contacts
from app.vault import blind
from app.vault.errors import KeystoreUnreadable
from app.vault.files import create_once
from app.worker import reindexing
from app.worker.epochs import turn_keys
from app.worker.intake import take_in
from app.worker.reindexing import reindex
from tests.factories.house import House
from tests.factories.mortal import killed_everywhere
from tests.unit.worker.reached import PHONE, indexed, submit_reached
from tests.unit.worker.sending import Sent


def taken_in(house: House, *contacts: dict[str, Any]) -> list[Sent]:
    sent = [submit_reached(house, contact) for contact in contacts]
    take_in(house.db, house.vault, house.clock)
    return sent


def test_nothing_is_opened_while_the_key_is_young(house: House) -> None:
    assert reindex(house.db, house.vault, house.clock) == 0
    assert not list((house.root / "keystore").glob("index-*"))
    taken_in(house, {"phone": PHONE})
    house.clock.forward(days=365)
    house.keystore.ensure_epoch(house.clock())
    assert reindex(house.db, house.vault, house.clock) == 0
    assert house.contents("contacts.reindexed") == []


def test_rows_move_in_batches_and_the_old_key_is_destroyed(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reindexing, "BATCH", 2)
    sent = taken_in(house, *({"phone": PHONE, "email": f"personne{n}@exemple.fr"} for n in range(5)))
    house.clock.forward(days=2 * 365)
    house.keystore.ensure_epoch(house.clock())

    assert reindex(house.db, house.vault, house.clock) == 5

    everybody = {one.pseudonym for one in sent}
    assert indexed(house) == {(one, name, "2028") for one in everybody for name in ("phone", "email")}
    assert [path.name for path in (house.root / "keystore").glob("index-*")] == ["index-2028.key"]
    said = house.contents("contacts.reindexed")
    assert sorted(one.fields["count"] for one in said) == [1, 2, 2]
    assert {subject for one in said for subject in one.subjects} == {str(one) for one in everybody}
    assert [one.fields for one in house.contents("epoch.destroyed")] == [{"epoch": "2026", "kind": "index"}]
    with house.db.reading("keys") as session:
        found = blind.look_up(session, blind.index_keys(house.keystore).readable(), {"phone": PHONE})
    assert found == everybody
    assert reindex(house.db, house.vault, house.clock) == 0


def test_an_index_key_is_in_the_ledger_once_made_and_once_destroyed(house: House) -> None:
    taken_in(house, {"phone": PHONE})
    for _ in range(2):
        turn_keys(house.db, house.vault, house.clock)
    house.clock.forward(days=2 * 365)
    house.keystore.ensure_epoch(house.clock())
    reindex(house.db, house.vault, house.clock)
    for _ in range(2):
        turn_keys(house.db, house.vault, house.clock)
    for name, epochs in {"epoch.made": ["2026", "2028"], "epoch.destroyed": ["2026"]}.items():
        of_indexes = [one.fields for one in house.contents(name) if one.fields["kind"] == "index"]
        assert [one["epoch"] for one in of_indexes] == epochs


def test_who_can_not_be_opened_any_more_loses_the_old_row(house: House) -> None:
    gone, lost, kept = taken_in(house, {"phone": PHONE}, {"phone": PHONE}, {"phone": PHONE})
    with house.db.writing("keys") as session:
        house.keystore.destroy(session, gone.pseudonym, "contact")
    with house.db.writing("identity") as session:
        session.get_one(Contact, lost.pseudonym).sealed = b"cut"
    house.clock.forward(days=2 * 365)
    house.keystore.ensure_epoch(house.clock())

    reindex(house.db, house.vault, house.clock)

    assert indexed(house) == {(kept.pseudonym, "phone", "2028")}


def test_a_worker_killed_around_any_commit_goes_on(house: House) -> None:
    everybody = {one.pseudonym for one in taken_in(house, {"phone": PHONE}, {"phone": PHONE})}

    def aged(dying: Databases) -> None:
        house.clock.forward(days=2 * 366)
        house.keystore.ensure_epoch(house.clock())
        reindex(dying, house.vault, house.clock)

    def restarted() -> None:
        reindex(house.db, house.vault, house.clock)
        assert indexed(house) == {(one, "phone", f"{house.clock().year}") for one in everybody}
        assert len(list((house.root / "keystore").glob("index-*"))) == 1
        said = [one.fields["epoch"] for one in house.contents("epoch.destroyed")]
        assert len(said) == len(set(said))

    assert killed_everywhere(house.db, aged, restarted) == 2 * 3  # opened, written, destroyed


@pytest.mark.parametrize("pattern", ["epoch-*.key", "keystore.json"])
def test_keys_out_of_reach_for_a_moment_cost_no_row(house: House, pattern: str) -> None:
    [kept] = taken_in(house, {"phone": PHONE})
    house.clock.forward(days=2 * 365)
    house.keystore.ensure_epoch(house.clock())
    blind.index_keys(house.keystore).current(house.clock())
    away = {path: path.read_bytes() for path in (house.root / "keystore").glob(pattern)}
    for path in away:
        path.unlink()
        path.symlink_to(path.name)  # Opening fails (ELOOP), as on a disk that fails.

    with pytest.raises(KeystoreUnreadable):
        reindex(house.db, house.vault, house.clock)

    assert indexed(house) == {(kept.pseudonym, "phone", "2026")}
    for path, content in away.items():
        path.unlink()
        create_once(path, content)
    assert reindex(house.db, house.vault, house.clock) == 1
    assert indexed(house) == {(kept.pseudonym, "phone", "2028")}


def test_a_keystore_that_vanishes_while_contacts_are_opened_costs_no_row(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    [kept] = taken_in(house, {"phone": PHONE})
    house.clock.forward(days=2 * 365)
    house.keystore.ensure_epoch(house.clock())
    directory = house.root / "keystore"

    def unmounted(*given: Any) -> Any:
        directory.rename(house.root / "away")
        return get_contacts(*given)

    monkeypatch.setattr(reindexing, "get_contacts", unmounted)
    with pytest.raises(KeystoreUnreadable):
        reindex(house.db, house.vault, house.clock)
    assert indexed(house) == {(kept.pseudonym, "phone", "2026")}
