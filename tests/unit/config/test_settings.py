"""Settings: the defaults, every fault at once, and what no zone may be given."""

from dataclasses import FrozenInstanceError
from datetime import date
from pathlib import Path

import pytest

from app.config import SILOS_OF_ZONE, Settings, SettingsError, load_settings
from app.db import SILOS

KEY, SALT = "ab" * 32, "cd" * 16
PATIENT = {"PARAVENT_ZONE": "patient", "PARAVENT_VERIFY_KEY": KEY, "PARAVENT_WORDS_SALT": SALT}
WORKER = PATIENT | {"PARAVENT_ZONE": "worker", "PARAVENT_KEYSTORE_PASSPHRASE": "a long passphrase"}


def faults(**changes: str | None) -> list[str]:
    """Return what is said of the patient's settings with some changed, or left out."""
    environ = PATIENT | {f"PARAVENT_{name}": value for name, value in changes.items()}
    with pytest.raises(SettingsError) as refusal:
        load_settings({name: value for name, value in environ.items() if value is not None})
    return refusal.value.faults


def test_little_is_enough() -> None:
    settings = load_settings(PATIENT | {"PARAVENT_VAR": "/srv/p"})

    assert settings.verify_key == bytes.fromhex(KEY)
    assert settings.databases["front"] == "sqlite:////srv/p/front.sqlite"
    assert settings.keystore == Path("/srv/p/keystore")
    assert (settings.tls, settings.demo, settings.grid_ms) == (True, False, 40)


def test_settings_never_change() -> None:
    with pytest.raises(FrozenInstanceError):
        load_settings(PATIENT).demo = True  # type: ignore[misc]


@pytest.mark.parametrize("zone", ["clinic", "worker", "cli"])
def test_the_inner_zones_know_every_silo(zone: str) -> None:
    assert set(load_settings(WORKER | {"PARAVENT_ZONE": zone}).databases) == set(SILOS)


def test_the_patient_zone_knows_three_silos() -> None:
    assert set(load_settings(PATIENT).databases) == set(SILOS_OF_ZONE["patient"]) == {"front", "keys", "ledger"}


def test_every_fault_is_named_at_once() -> None:
    environ = {
        "PARAVENT_ZONE": "kitchen",
        "PARAVENT_WORDS_SALT": "xyz",
        "PARAVENT_TLS": "yes",
        "PARAVENT_GRID_MS": "-1",
        "PARAVENT_DRAFT_MINUTES": "an hour",
        "PARAVENT_HDS_EXPIRES": "31/05/2027",
        "PARAVENT_QUESTION_PAGE": "2",
        "PARAVENT_DB_FRONT": "here",
        "PARAVENT_DB_CARE": "mysql://u:secret@h/db",
    }
    with pytest.raises(SettingsError) as refusal:
        load_settings(environ)

    named = ["ZONE", "VERIFY_KEY", "WORDS_SALT", "TLS", "GRID_MS", "DRAFT_MINUTES", "HDS_EXPIRES", "QUESTION_PAGE"]
    named += ["DB_FRONT", "DB_CARE"]
    assert all(sum(f"PARAVENT_{name} " in fault for fault in refusal.value.faults) == 1 for name in named)
    assert len(refusal.value.faults) == len(named)
    assert all(fault in str(refusal.value) for fault in refusal.value.faults)


WRONG: dict[str, tuple[dict[str, str | None], str]] = {
    "no zone": ({"ZONE": None}, "PARAVENT_ZONE must be one of"),
    "no verifying key": ({"VERIFY_KEY": None}, "PARAVENT_VERIFY_KEY is missing"),
    "an empty verifying key": ({"VERIFY_KEY": ""}, "PARAVENT_VERIFY_KEY is missing"),
    "a short verifying key": ({"VERIFY_KEY": "ab"}, "PARAVENT_VERIFY_KEY must be 32 bytes in hexadecimal"),
    "no salt": ({"WORDS_SALT": None}, "PARAVENT_WORDS_SALT is missing"),
    "a number too large": ({"QUESTION_PAGES": "5"}, "a whole number from 1 to 4"),
    "half a number": ({"HOLD_MINUTES": "1.5"}, "a whole number from 1 to 60"),
    "a switch that is a word": ({"DEMO": "true"}, "PARAVENT_DEMO must be 0 or 1"),
    "a setting that is none": ({"GRIDMS": "1"}, "PARAVENT_GRIDMS is not a setting"),
    "keys in the patient zone": ({"KEYSTORE_PASSPHRASE": "x"}, "must not be given what unlocks the keystore"),
    "a silo that is not the zone's": ({"DB_CARE": "sqlite://"}, "PARAVENT_DB_CARE is not a setting"),
    "no key in the clinic": ({"ZONE": "clinic"}, "KEYSTORE_PASSPHRASE or PARAVENT_KEYSTORE_KEY_FILE is missing"),
    "no key in the worker": ({"ZONE": "worker"}, "KEYSTORE_PASSPHRASE or PARAVENT_KEYSTORE_KEY_FILE is missing"),
    "a demonstration in production": ({"DEMO": "1", "HDS_CERTIFICATE": "N 1"}, "it is production"),
}


@pytest.mark.parametrize(("changes", "said"), WRONG.values(), ids=WRONG.keys())
def test_what_is_wrong_is_said_plainly(changes: dict[str, str | None], said: str) -> None:
    [fault] = faults(**changes)
    assert said in fault


@pytest.mark.parametrize(
    "address",
    [
        "front.sqlite",
        "postgresql://u:secret@h/front",
        "postgresql+psycopg2://u:secret@h/front",
        "postgresql+psycopg://u:secret@h:port/front",
        "mysql://u:secret@h/front",
        "SQLITE:///front",
    ],
)
def test_an_address_of_no_database_of_ours_is_refused(address: str) -> None:
    [fault] = faults(DB_FRONT=address)
    assert fault.startswith("PARAVENT_DB_FRONT must be an address such as ")
    assert address not in fault


@pytest.mark.parametrize(
    "address", ["sqlite:////srv/a b/front.sqlite", "postgresql+psycopg://u:p%20w@h:5432/front"]
)
def test_an_address_is_kept_as_it_was_given(address: str) -> None:
    assert load_settings(PATIENT | {"PARAVENT_DB_FRONT": address}).databases["front"] == address


def test_no_value_is_ever_repeated() -> None:
    typed = "secret-that-was-mistyped"
    said = faults(VERIFY_KEY=typed, WORDS_SALT=typed, TLS=typed, GRID_MS=typed, HDS_EXPIRES=typed, ZONE=typed)
    assert typed not in " ".join(said)


def test_a_passphrase_is_not_printed_with_the_settings() -> None:
    assert "a long passphrase" not in repr(load_settings(WORKER))


def test_what_belongs_to_others_is_ignored() -> None:
    assert isinstance(load_settings(PATIENT | {"PATH": "/bin", "FLASK_DEBUG": "1"}), Settings)


def test_hosting_is_read_whole() -> None:
    hosting = load_settings(
        PATIENT
        | {
            "PARAVENT_HOST_NAME": "Hébergeur",
            "PARAVENT_HDS_CERTIFICATE": "FR-1",
            "PARAVENT_HDS_SCOPE": "1-6",
            "PARAVENT_HDS_EXPIRES": "2027-05-31",
        }
    ).hosting
    assert (hosting.name, hosting.hds_certificate, hosting.hds_scope) == ("Hébergeur", "FR-1", "1-6")
    assert hosting.hds_expires == date(2027, 5, 31)
