"""The settings of an HSM: all of them or none, and never in the patient zone."""

from pathlib import Path

import pytest

from app.config import SettingsError, Token, load_settings

WORKER = {"ZONE": "worker", "VERIFY_KEY": "ab" * 32, "WORDS_SALT": "cd" * 16}
HSM = {"PKCS11_MODULE": "/usr/lib/hsm.so", "PKCS11_TOKEN": "clinic", "PKCS11_PIN": "an invented pin"}


def _loaded(**changes: str | None) -> Token | None:
    environ = WORKER | HSM | changes
    return load_settings({f"PARAVENT_{name}": value for name, value in environ.items() if value is not None}).token


def test_an_hsm_alone_unlocks_a_worker() -> None:
    assert _loaded() == Token(Path("/usr/lib/hsm.so"), "clinic", None, "an invented pin", "paravent-root")
    by_slot = _loaded(PKCS11_TOKEN=None, PKCS11_SLOT="0", PKCS11_KEY_LABEL="other")
    assert by_slot == Token(Path("/usr/lib/hsm.so"), None, 0, "an invented pin", "other")


def test_without_a_module_there_is_none() -> None:
    nothing = dict.fromkeys(HSM)
    assert _loaded(**nothing, KEYSTORE_PASSPHRASE="a long passphrase") is None


WRONG: dict[str, tuple[dict[str, str | None], str]] = {
    "no module": ({"PKCS11_MODULE": None, "KEYSTORE_PASSPHRASE": "a long passphrase"}, "PKCS11_MODULE is missing"),
    "only a label": (
        {**dict.fromkeys(HSM), "PKCS11_KEY_LABEL": "x", "KEYSTORE_PASSPHRASE": "a long passphrase"},
        "PKCS11_MODULE is missing",
    ),
    "only a slot": (
        {**dict.fromkeys(HSM), "PKCS11_SLOT": "0", "KEYSTORE_PASSPHRASE": "a long passphrase"},
        "PKCS11_MODULE is missing",
    ),
    "no token": ({"PKCS11_TOKEN": None}, "one of PARAVENT_PKCS11_TOKEN and PARAVENT_PKCS11_SLOT"),
    "a token named twice": ({"PKCS11_SLOT": "3"}, "one of PARAVENT_PKCS11_TOKEN and PARAVENT_PKCS11_SLOT"),
    "no PIN": ({"PKCS11_PIN": None}, "PARAVENT_PKCS11_PIN is missing"),
    "a slot that is no number": ({"PKCS11_SLOT": "first"}, "PARAVENT_PKCS11_SLOT must be a whole number"),
    "the patient zone": ({"ZONE": "patient"}, "must not be given what unlocks the keystore"),
}


@pytest.mark.parametrize(("changes", "said"), WRONG.values(), ids=WRONG.keys())
def test_a_contradiction_is_named_at_start(changes: dict[str, str | None], said: str) -> None:
    with pytest.raises(SettingsError) as refusal:
        _loaded(**changes)
    [fault] = refusal.value.faults
    assert said in fault
    assert "an invented pin" not in fault


def test_the_pin_is_not_printed() -> None:
    assert "invented" not in repr(_loaded())
