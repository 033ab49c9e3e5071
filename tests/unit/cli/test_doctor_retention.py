"""The doctor on retention: a term that patients are not told, and files that wait for two persons."""

from dataclasses import replace
from pathlib import Path
from uuid import uuid4

from app.cli.doctor import examine
from app.cli.doctor_retention import kept_days, waiting_for_two
from app.cli.findings import Place
from app.front.published import publish_profile
from app.profiles.loader import load_all
from app.vault import withdrawals
from tests.factories.installed import place_in


def _found(place: Place, level: str = "fault") -> list[str]:
    findings = examine(place, (kept_days, waiting_for_two))
    place.db.dispose()
    return [f"{one.check}: {one.said}" for one in findings if one.level == level]


def test_a_term_that_patients_are_not_told_is_said(var: Path) -> None:
    made = place_in(var)
    with made.db.writing("front") as session:
        for publishable in load_all(made.settings.specialties).values():
            publish_profile(session, publishable, made.now)
    made.db.dispose()
    assert any(one.startswith("retention: files are kept for 90 days") for one in _found(place_in(var), "ok"))
    assert any("PARAVENT_KEPT_DAYS is 30" in one for one in _found(place_in(var, {"kept_days": 30}), "warning"))
    place = place_in(var)
    other = replace(place.zones["worker"], kept_days=30)
    faults = _found(replace(place, zones={**place.zones, "worker": other}))
    assert faults == ["retention: PARAVENT_KEPT_DAYS is not the same for every zone"]


def test_files_that_wait_for_two_persons_are_counted(var: Path) -> None:
    place = place_in(var)
    with place.db.writing("keys") as session:
        for _ in range(2):
            withdrawals.withdraw(session, uuid4(), ["care", "space"], "staff", place.now, place.now)
    assert any(one.startswith("retention: 2 file(s) wait for two") for one in _found(place, "warning"))
