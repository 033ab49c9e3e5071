"""The settings of a SIEM's receiver: all that is needed or none, and a host that is one."""

from pathlib import Path

import pytest

from app.config import SettingsError, Siem, load_settings

WORKER = {"ZONE": "worker", "VERIFY_KEY": "ab" * 32, "WORDS_SALT": "cd" * 16, "KEYSTORE_PASSPHRASE": "a long one"}
SIEM = {"SIEM": "siem.test:6514", "SIEM_CA": "/etc/paravent/siem-authority.pem"}


def _loaded(**changes: str | None) -> Siem | None:
    environ = WORKER | SIEM | changes
    return load_settings({f"PARAVENT_{name}": value for name, value in environ.items() if value is not None}).siem


def test_a_receiver_is_read() -> None:
    authority = Path("/etc/paravent/siem-authority.pem")
    assert _loaded() == Siem("siem.test", 6514, authority, None, None, "ecs")
    shown = _loaded(SIEM_CERT="/c.pem", SIEM_KEY="/k.pem", SIEM_FORMAT="cef")
    assert shown == Siem("siem.test", 6514, authority, Path("/c.pem"), Path("/k.pem"), "cef")
    alone = _loaded(SIEM_CERT="/c.pem")
    assert alone
    assert (alone.certificate, alone.key) == (Path("/c.pem"), None)


@pytest.mark.parametrize(
    ("given", "host"),
    [("192.0.2.7:6514", "192.0.2.7"), ("[2001:db8::7]:6514", "2001:db8::7"), ("siem:1", "siem")],
)
def test_hosts_are_names_or_addresses(given: str, host: str) -> None:
    read = _loaded(SIEM=given)
    assert read
    assert read.host == host


def test_without_a_receiver_there_is_none() -> None:
    assert _loaded(SIEM=None, SIEM_CA=None) is None


WRONG: dict[str, tuple[dict[str, str | None], str]] = {
    "no receiver": ({"SIEM": None}, "PARAVENT_SIEM is missing"),
    "no authority": ({"SIEM_CA": None}, "PARAVENT_SIEM_CA is missing"),
    "a key alone": ({"SIEM_KEY": "/k.pem"}, "PARAVENT_SIEM_CERT is missing"),
    "another format": ({"SIEM_FORMAT": "leef"}, "PARAVENT_SIEM_FORMAT must be ecs or cef"),
    **{
        f"the host {given}": ({"SIEM": given}, "PARAVENT_SIEM must be a host and a port")
        for given in (
            "siem.test", "siem.test:", ":6514", "siem.test:0", "siem.test:65536", "siem test:6514", "-siem:6514",
            "siem..test:6514", "2001:db8::7", "[siem]:6514", "https://siem.test:6514", "a" * 64 + ":6514",
        )
    },
}  # fmt: skip


@pytest.mark.parametrize(("changes", "said"), WRONG.values(), ids=WRONG.keys())
def test_what_is_wrong_is_named(changes: dict[str, str | None], said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        _loaded(**changes)
