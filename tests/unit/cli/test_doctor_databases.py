"""The doctor's look at PostgreSQL: certificates of its server, logins, and what each login may do."""

from dataclasses import replace
from pathlib import Path

import pytest

from app.cli import doctor_settings, doctor_silos
from app.config import SILOS_OF_ZONE, Settings, Zone
from tests.factories.installed import place_in
from tests.factories.scratch import postgres_urls


def served(settings: Settings, query: str) -> Settings:
    addresses = {silo: f"postgresql+psycopg://u@db.example/{silo}{query}" for silo in settings.databases}
    return replace(settings, databases=addresses)


@pytest.mark.parametrize(
    ("query", "loose"),
    [
        ("", True),
        ("?sslmode=require", True),
        ("?sslmode=verify-ca", True),
        ("?sslmode=verify-full", False),
        ("?host=/run/postgresql", False),
    ],
)
def test_a_database_whose_certificate_is_not_checked_is_found(var: Path, query: str, *, loose: bool) -> None:
    place = place_in(var)
    one = replace(place, zones={"patient": served(place.zones["patient"], query)})
    faults = list(doctor_settings.database_addresses(one))
    place.db.dispose()
    assert [finding.level for finding in faults] == ["fault" if loose else "ok"]
    assert not loose or "patient: front, patient: keys, patient: ledger" in faults[0].said


@pytest.mark.postgres
def test_a_login_above_all_rights_is_found(var: Path) -> None:
    with postgres_urls() as urls:
        place = place_in(var)
        zones: dict[Zone, Settings] = {
            zone: replace(one, databases={silo: urls[silo] for silo in SILOS_OF_ZONE[zone]})
            for zone, one in place.zones.items()
        }
        (finding,) = doctor_silos.logins(replace(place, zones=zones))
        place.db.dispose()
    assert finding.level == "fault"
    assert "patient in front" in finding.said


@pytest.mark.parametrize("differences", [[], ["front: paravent_patient_front may delete from drafts"]])
def test_differences_of_rights_are_told_one_by_one(var: Path, differences: list[str]) -> None:
    place = place_in(var, rights=lambda _db: differences)
    on_a_server = replace(place, settings=served(place.settings, "?sslmode=verify-full"))
    told = list(doctor_silos.rights(on_a_server))
    place.db.dispose()
    expected = differences or ["each login may do what is declared, and no more"]
    assert [one.said for one in told] == expected
    assert {one.level for one in told} == {"fault" if differences else "ok"}


def test_rights_that_nobody_compared_are_said_to_be_so(var: Path) -> None:
    place = place_in(var)
    (told,) = doctor_silos.rights(replace(place, settings=served(place.settings, "")))
    place.db.dispose()
    assert (told.level, "not compared" in told.said) == ("warning", True)
