"""The doctor as a person or a program meets it: what it prints, and its status."""

import argparse
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from app.cli import doctor, doctor_place, doctor_silos
from app.cli.doctor import as_json, as_text, examine
from app.cli.environment import file_of, read_file, write_file
from app.cli.findings import Finding, Place, fault, warning, well
from app.clock import system_clock
from app.db import Databases, SiloUnavailable
from tests.factories.installed import place_in

Typed = Callable[..., tuple[int, str]]


def test_what_may_not_be_looked_at_is_said(var: Path) -> None:
    def forbidden(_place: Place) -> Any:
        raise PermissionError

    place = place_in(var)
    assert [(one.check, one.level) for one in examine(place, (forbidden,))] == [("forbidden", "fault")]
    place.db.dispose()


THREE = [fault("b", "is wrong.", "mend it"), warning("c", "is unwise.", "think"), well("a", "is in order.")]


def test_what_is_wrong_stands_last_and_with_its_step() -> None:
    said = as_text(THREE, system_clock()).splitlines()
    assert [line.split()[0] for line in said[1:-1]] == ["ok", "warning", "→", "fault", "→"]
    assert said[-1] == "1 fault(s), 1 warning(s), 1 in order"


def test_a_program_reads_the_same() -> None:
    read = json.loads(as_json(THREE, system_clock()))
    assert (read["faults"], [Finding(**one) for one in read["findings"]]) == (1, THREE)


@pytest.fixture
def typed(var: Path, capsys: pytest.CaptureFixture[str]) -> Typed:
    """Type the command, and return its status and what it printed."""

    def run(*words: str) -> tuple[int, str]:

        parser = argparse.ArgumentParser()
        doctor.add_to(parser.add_subparsers())
        arguments = parser.parse_args(["doctor", *words])
        status: int = arguments.act(arguments, {"PARAVENT_VAR": str(var)})
        return status, capsys.readouterr().out

    return run


def test_the_command_says_by_its_status_whether_there_is_a_fault(var: Path, typed: Typed) -> None:
    assert typed("--patient-user", "nobody-of-this-machine")[0] == 0
    (var / "keys.sqlite").unlink()
    status, said = typed("--json", "--patient-user", "nobody-of-this-machine")
    assert (status, json.loads(said)["faults"]) == (1, 1)


def test_one_zone_is_looked_at_with_its_own_file(var: Path, typed: Typed) -> None:
    status, said = typed("--zone", "worker", "--patient-user", "nobody-of-this-machine")
    assert status == 0
    assert "what each login" not in said
    status, said = typed("--zone", "patient")
    assert (status, "there is a keystore where the patient zone runs" in said) == (1, True)


def test_a_zones_file_that_can_not_be_used_is_said_whole(var: Path, typed: Typed) -> None:
    path = file_of(var, "clinic")
    write_file(path, read_file(path) | {"PARAVENT_TLS": "maybe", "PARAVENT_COLOUR": "red"})
    status, said = typed()
    assert status == 1
    assert "clinic.env: PARAVENT_TLS must be 0 or 1" in said
    assert "clinic.env: PARAVENT_COLOUR is not a setting" in said


def test_a_keystore_that_does_not_open_is_said_and_the_rest_is_looked_at(var: Path, typed: Typed) -> None:
    (var / "unlock.key").write_text("00" * 32)
    status, said = typed()
    assert status == 1
    assert "fault    keystore" in said
    assert "the time grid" not in said
    assert "answers leave on a grid of time" in said


def test_the_patients_code_is_asked_what_it_holds(var: Path) -> None:
    place = place_in(var)
    (told,) = doctor_place.patient_code(place)
    place.db.dispose()
    assert told.level == "ok", told.said


def test_patients_code_that_brings_something_along_is_found(var: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor_place, "_ALONE", f"import app.worker.loop; {doctor_place._ALONE}")
    place = place_in(var)
    (told,) = doctor_place.patient_code(place)
    place.db.dispose()
    assert told.level == "fault"
    assert "app.vault.keystore" in told.said


def test_rights_that_could_not_be_compared_are_no_rights_in_order(var: Path) -> None:
    def away(_db: Databases) -> list[str]:
        raise SiloUnavailable("keys")

    place = place_in(var, rights=away)
    served = {silo: f"postgresql+psycopg://u@db.example/{silo}" for silo in place.settings.databases}
    told = list(doctor_silos.rights(replace(place, settings=replace(place.settings, databases=served))))
    place.db.dispose()
    assert [(one.level, one.said) for one in told] == [
        ("warning", "they were not compared: the keys silo is unavailable")
    ]
