"""Keys turn, and the ledger knows of each: of one destroyed before it is, of one made whoever made it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from app.db import Databases, Silo, SiloUnavailable
from app.vault.closing import close
from app.vault.errors import KeystoreDamaged
from app.worker.epochs import turn_keys
from tests.factories.house import House
from tests.factories.mortal import Killed, MortalDatabases
from tests.unit.worker.agenda import taken_in


class WithoutLedger(Databases):
    """Silos whose ledger can be read and not written."""

    def __init__(self, living: Databases) -> None:
        vars(self).update(vars(living))  # the same engines

    @contextmanager
    def writing(self, silo: Silo) -> Iterator[Session]:
        if silo == "ledger":
            raise SiloUnavailable(silo)
        with super().writing(silo) as session:
            yield session


def _keys(house: House, kind: str = "epoch") -> set[str]:
    return {path.stem.removeprefix(f"{kind}-") for path in (house.root / "keystore").glob(f"{kind}-*")}


def _events(house: House, name: str) -> list[str]:
    return sorted(one.fields["epoch"] for one in house.contents(name))


def test_secrets_move_to_the_key_of_the_day_and_old_keys_are_destroyed(house: House) -> None:
    sent = taken_in(house)
    house.clock.forward(days=1)
    turn_keys(house.db, house.vault, house.clock)
    house.clock.forward(minutes=11)
    assert turn_keys(house.db, house.vault, house.clock) == 1

    assert _keys(house) == {"2026-11-24"}
    assert _keys(house, "intake") == {"2026-11-23", "2026-11-24"}  # closed, and about to go
    with house.db.reading("keys") as session:
        assert house.keystore.get(session, sent.pseudonym, "care") == sent.secrets["care"]
    assert _events(house, "epoch.destroyed") == ["2026-11-23"]


def test_keys_that_set_up_made_are_in_the_ledger_once(house: House) -> None:
    for _ in range(3):
        turn_keys(house.db, house.vault, house.clock)
    assert _events(house, "epoch.made") == ["2026-11", "2026-11-23", "2026-11-23", "2026-12"]


def test_no_key_is_destroyed_that_the_ledger_did_not_write_first(house: House) -> None:
    turn_keys(house.db, house.vault, house.clock)
    house.clock.forward(days=14)
    turn_keys(house.db, house.vault, house.clock)
    with house.db.writing("keys") as session:
        close(session, ["2026-11-23"], house.clock())
    house.clock.forward(minutes=11)
    before = _keys(house), _keys(house, "intake")
    assert before == ({"2026-11-23", "2026-12-07"}, {"2026-11-23", "2026-12-07"})

    with pytest.raises(SiloUnavailable):
        turn_keys(WithoutLedger(house.db), house.vault, house.clock)

    assert (_keys(house), _keys(house, "intake")) == before


def test_a_worker_killed_between_ledger_and_key_goes_on_and_says_it_once(house: House) -> None:
    turn_keys(house.db, house.vault, house.clock)
    house.clock.forward(days=1)
    turn_keys(house.db, house.vault, house.clock)
    house.clock.forward(minutes=11)
    with pytest.raises(Killed):
        turn_keys(MortalDatabases(house.db, after=2), house.vault, house.clock)  # keys, then ledger
    assert "2026-11-23" in _keys(house)

    turn_keys(house.db, house.vault, house.clock)

    assert _keys(house) == {"2026-11-24"}
    assert _events(house, "epoch.destroyed") == ["2026-11-23"]


def test_the_intake_turns_though_the_day_cannot(house: House) -> None:
    turn_keys(house.db, house.vault, house.clock)
    house.clock.forward(days=14)
    house.keystore.ensure_epoch(house.clock())
    (house.root / "keystore" / "epoch-2026-12-07.key").write_bytes(b"cut")
    for _ in range(2):
        house.clock.now += timedelta(minutes=11)
        with pytest.raises(KeystoreDamaged):
            turn_keys(house.db, house.vault, house.clock)

    assert _keys(house, "intake") == {"2026-12-07"}
    assert _events(house, "epoch.destroyed") == ["2026-11-23"]
