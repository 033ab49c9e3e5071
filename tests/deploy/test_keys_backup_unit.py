"""The service and timer that copy the keystore: closed in as the zones are, and writing to one folder alone."""

import shutil

import pytest

from tests.deploy.test_systemd import CLOSED, MOST_EXPOSED, UNITS, WRITING, exposure, said

SERVICE = UNITS / "paravent-keys-backup.service"


def faults(text: str) -> list[str]:
    """Return what the service lacks or opens."""
    words = said(text)
    wanted = {name: value for name, value in CLOSED.items() if name != "Restart"} | {"Type": "oneshot"}
    lacking = [name for name, value in wanted.items() if words.get(name) != [value]]
    opened = {name: values for name, values in words.items() if name in WRITING}
    return lacking + ([] if opened == {"ReadWritePaths": ["/srv/paravent-keys"]} else ["writes elsewhere"])


def test_the_service_is_closed_in_and_writes_copies_alone() -> None:
    text = SERVICE.read_text(encoding="utf-8")
    assert faults(text) == []
    assert said(text)["User"] == said((UNITS / "paravent-worker.service").read_text())["User"]
    assert said(text)["ExecStart"][0].endswith("keys backup /srv/paravent-keys")
    assert "/srv/paravent-keys" not in said((UNITS / "paravent-worker.service").read_text())["ReadWritePaths"][0]


@pytest.mark.parametrize("line", ["ReadWritePaths=/var/lib/paravent", "UMask=0022"])
def test_a_service_that_may_more_is_seen(line: str) -> None:
    assert faults(f"{SERVICE.read_text(encoding='utf-8')}{line}\n") != []


def test_the_timer_comes_each_night_and_makes_up_for_one_that_was_missed() -> None:
    words = said(SERVICE.with_suffix(".timer").read_text(encoding="utf-8"))
    assert words["Persistent"] == ["yes"]
    assert words["OnCalendar"][0].startswith("*-*-* ")


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
def test_the_service_is_hardly_exposed() -> None:
    assert exposure(SERVICE) <= MOST_EXPOSED
