"""The doctor and the intake: a public key that is there, and so old that what is sealed to it may be refused."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from app.cli.doctor import CHECKS, examine
from app.cli.doctor_silos import intake_key
from app.clock import system_clock
from app.vault.half_days import day_of, start_of
from app.vault.keystore import Keystore, Unlock
from app.vault.rewrapping import SETTLE
from tests.factories.installed import place_in


@pytest.mark.parametrize(
    ("after", "level"), [(timedelta(0), "ok"), (SETTLE, "ok"), (SETTLE + timedelta(seconds=1), "fault: the newest")]
)
def test_a_key_of_the_half_day_before_is_a_fault_once_it_may_be_closed(
    var: Path, after: timedelta, level: str
) -> None:
    assert intake_key in CHECKS
    opened = Keystore.open(var / "keystore", Unlock(key_file=var / "unlock.key")).intakes
    here = replace(opened, public_dir=var / "public")
    here.unpublish(here.names())
    begins = start_of(day_of(system_clock()))
    here.ensure(begins - timedelta(hours=1))
    place = place_in(var, now=begins + after)

    (found,) = examine(place, (intake_key,))

    place.db.dispose()
    assert f"{found.level}: {found.said}".startswith(level)
