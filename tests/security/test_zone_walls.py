"""The patient zone is a process of its own: it imports nothing that reads back, and is given nothing that could."""

import os
import subprocess
import sys

import pytest

from app.config import ROOT, SettingsError, load_settings
from tests.factories.house import House

FORBIDDEN = (
    "app.clinic",
    "app.worker",
    "app.cli",
    "app.desk",
    "app.identity",
    "app.care",
    "app.vault.keystore",
    "app.vault.door",
    "app.vault.root",
    "app.vault.unlock",
)
PROGRAM = "import wsgi, sys; print(*sorted(name for name in sys.modules if name.startswith('app')))"


def environment(house: House, **more: str) -> dict[str, str]:
    """Return what the patient process is started with."""
    return {
        "PARAVENT_ZONE": "patient",
        "PARAVENT_VAR": str(house.root),
        "PARAVENT_VERIFY_KEY": house.keystore.verify_key.hex(),
        "PARAVENT_WORDS_SALT": bytes(16).hex(),
        **more,
    }


def modules_of(house: House, program: str = PROGRAM) -> set[str]:
    """Start the patient process and return which of our modules it imported."""
    path = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
    done = subprocess.run(  # noqa: S603  # our own interpreter, our own program
        [sys.executable, "-c", program],
        cwd=ROOT,
        env=environment(house) | path,
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stdout.split())


def test_the_patient_process_imports_nothing_of_clinic_worker_or_keystore(house: House) -> None:
    found = modules_of(house)
    assert "app.patient.factory" in found
    assert [name for name in sorted(found) if name.startswith(FORBIDDEN)] == []


def test_the_list_of_modules_would_show_it(house: House) -> None:
    assert "app.worker.intake" in modules_of(house, PROGRAM.replace("sys;", "sys, app.worker.intake;"))


@pytest.mark.parametrize(
    "secret",
    [
        {"PARAVENT_KEYSTORE_PASSPHRASE": "une phrase de passe bien longue"},
        {"PARAVENT_KEYSTORE_KEY_FILE": "/run/unlock"},
    ],
)
def test_what_unlocks_the_keystore_is_refused_in_the_patient_zone(house: House, secret: dict[str, str]) -> None:
    with pytest.raises(SettingsError) as refusal:
        load_settings(environment(house, **secret))
    assert refusal.value.faults == ["the patient zone must not be given what unlocks the keystore"]
    assert "phrase de passe" not in str(refusal.value)


@pytest.mark.parametrize("silo", ["IDENTITY", "CARE", "DESK"])
def test_a_silo_the_zone_has_no_business_in_is_refused(house: House, silo: str) -> None:
    with pytest.raises(SettingsError) as refusal:
        load_settings(environment(house, **{f"PARAVENT_DB_{silo}": "sqlite:///x"}))
    assert refusal.value.faults == [f"PARAVENT_DB_{silo} is not a setting of Paravent"]


def test_the_zone_connects_to_three_silos_and_says_no_secret_when_printed(house: House) -> None:
    settings = load_settings(environment(house))
    assert set(settings.databases) == {"front", "keys", "ledger"}
    assert "passphrase" not in repr(settings)
