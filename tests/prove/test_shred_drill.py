"""The shred drill: the root, every key that is left and every byte ever kept open nothing that was destroyed.

First the very same attempt opens everything (the attack works), at the end everything but what was destroyed
(nothing else was lost). A copy of the keystore kept longer than its regime allows does open what was destroyed:
that is why the regime matters.
"""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from app.vault.keystore import SETTLE
from app.worker.epochs import turn_keys
from app.worker.patient_actions import carry_actions
from app.worker.shredding import shred
from tests.factories.archived import archived
from tests.factories.drill import Drill
from tests.factories.house import House
from tests.unit.worker.agenda import taken_in
from tests.unit.worker.sending import leave_action
from tests.unit.worker.shredded import left_of, visit_in


def test_nothing_destroyed_opens_again(house: House) -> None:
    def keys_files() -> Iterator[Path]:
        return house.root.glob("keys.sqlite*")

    _drill(Drill(house, house, 6, keys_files))


@pytest.mark.prove
def test_nothing_destroyed_opens_again_on_postgresql_with_its_archive_and_base_backup(tmp_path: Path) -> None:
    with archived(tmp_path) as (house, worker, keys_files):
        _drill(Drill(house, worker, 40, keys_files))


def _drill(drill: Drill) -> None:
    drill.send()
    before = drill.keep_a_copy("before")
    assert drill.opens() == drill.everything, "the attack works"
    assert drill.opens_by_letters() == drill.of(drill.sents[1:]), "letters alone open what was just sent"

    destroyed = drill.withdraw()
    drill.go_on(timedelta(hours=24), timedelta(hours=6))

    assert drill.opens_live() == drill.everything - destroyed, "gone from live stores within a day"
    assert drill.opens_by_letters() == set(), "no letter opens, of whoever"
    assert drill.opens(before) == drill.everything, "a copy of the keystore opens it while it is kept"
    drill.go_on(timedelta(days=31), timedelta(days=4))
    assert drill.opens() == drill.everything - destroyed, "gone with the last copy"
    assert drill.opens(before) == drill.everything, "one kept against the regime still opens it"
    asked = drill.sents[1]
    assert (asked.pseudonym, "space") in destroyed
    assert drill.opens_with_words(asked) == {(asked.pseudonym, "space")}, (
        "words open a copy of what they sealed, too"
    )


@pytest.mark.parametrize("hour", [1.99, 2.01, 7.5])
def test_what_is_withdrawn_at_any_hour_is_gone_within_a_day(house: House, hour: float) -> None:
    """The worst is a grace that ends as a half-day begins: 10 hours, 12 hours, and what settles."""
    sent = taken_in(house, **visit_in(house, 5))
    house.clock.forward(hours=18 + hour - 2)
    _every_minute(house, 15)
    withdrawn_at = house.clock()
    leave_action(house, sent, "erase", "booked", cancels=True)
    carry_actions(house.db, house.vault, house.clock)
    house.clock.forward(hours=10)
    assert shred(house.db, house.vault, house.clock) == 1
    assert left_of(house, sent) == set()
    under = max(house.keystore.names()["secrets"])

    house.clock.forward(hours=11, minutes=30)
    _every_minute(house, 60, until_gone=under)

    assert house.clock() - withdrawn_at <= timedelta(hours=22) + SETTLE + timedelta(minutes=5)
    assert under not in house.keystore.names()["secrets"]


def _every_minute(house: House, minutes: int, until_gone: str = "") -> None:
    for _ in range(minutes):
        turn_keys(house.db, house.vault, house.clock)
        if until_gone and until_gone not in house.keystore.names()["secrets"]:
            return
        house.clock.forward(minutes=1)
