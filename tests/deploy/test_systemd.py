"""The units of docs/deploy/systemd: each closed in, each with what its zone needs and no more."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from app.config import ROOT

UNITS = ROOT / "docs" / "deploy" / "systemd"
ZONES = ("patient", "clinic", "worker")
MOST_EXPOSED = 2.0
CLOSED = {
    "NoNewPrivileges": "yes",
    "CapabilityBoundingSet": "",
    "AmbientCapabilities": "",
    "LimitCORE": "0",
    "MemorySwapMax": "0",
    "UMask": "0077",
    "ProtectSystem": "strict",
    "ProtectHome": "yes",
    "PrivateTmp": "yes",
    "PrivateDevices": "yes",
    "ProtectProc": "invisible",
    "ProcSubset": "pid",
    "MemoryDenyWriteExecute": "yes",
    "RestrictNamespaces": "yes",
    "SystemCallArchitectures": "native",
    "IPAddressDeny": "any",
    "RestrictAddressFamilies": "AF_INET AF_INET6 AF_UNIX",
    "Restart": "always",
}
"""What every unit says, word for word."""
MAY_WRITE = {
    "patient": {"StateDirectory": "paravent-patient"},
    "clinic": {},
    "worker": {"ReadWritePaths": "/var/lib/paravent/keystore /var/lib/paravent-public /var/lib/paravent/anchors"},
}
WRITING = {"StateDirectory", "ReadWritePaths", "CacheDirectory", "LogsDirectory", "RuntimeDirectory", "BindPaths"}
"""The words that open a place of a read-only machine."""


def said(text: str) -> dict[str, list[str]]:
    """Return what a unit says: each word with its values."""
    pairs = re.findall(r"^([A-Za-z]+)=(.*)$", text, re.MULTILINE)
    return {name: [value for key, value in pairs if key == name] for name, _ in pairs}


def unit(zone: str) -> str:
    """Return the text of a zone's unit."""
    return (UNITS / f"paravent-{zone}.service").read_text(encoding="utf-8")


def faults(zone: str, text: str) -> list[str]:
    """Return what a unit lacks or opens."""
    words = said(text)
    lacking = [name for name, value in CLOSED.items() if words.get(name) != [value]]
    opened = {name: " ".join(values) for name, values in words.items() if name in WRITING}
    calls = words.get("SystemCallFilter", [])
    lacking += [] if calls == ["@system-service", "~@privileged @resources"] else ["SystemCallFilter"]
    return lacking + ([] if opened == MAY_WRITE[zone] else ["writes elsewhere"])


@pytest.mark.parametrize("zone", ZONES)
def test_a_unit_says_all_that_closes_it_in(zone: str) -> None:
    assert faults(zone, unit(zone)) == []


@pytest.mark.parametrize("name", [*CLOSED, "SystemCallFilter"])
def test_a_unit_that_says_less_is_seen(name: str) -> None:
    without = re.sub(rf"^{name}=.*\n", "", unit("clinic"), count=1, flags=re.MULTILINE)
    assert faults("clinic", without) == [name]
    assert faults("clinic", unit("clinic").replace(f"{name}=", f"{name}=no", 1)) == [name]


@pytest.mark.parametrize("line", ["ReadWritePaths=/var/lib/paravent", "StateDirectory=paravent", "BindPaths=/etc"])
def test_a_unit_that_may_write_more_is_seen(line: str) -> None:
    assert faults("clinic", f"{unit('clinic')}{line}\n") == ["writes elsewhere"]


def test_patients_pages_run_as_nobody_else_and_see_nothing_of_the_clinic() -> None:
    users = {zone: said(unit(zone))["User"] for zone in ZONES}
    assert users["patient"] not in (users["clinic"], users["worker"])
    assert "root" not in str(users)
    hidden = said(unit("patient"))["InaccessiblePaths"][0].split()
    assert "/var/lib/paravent" in hidden
    assert "KEYSTORE" not in unit("patient")


def test_each_zone_is_given_its_own_file_and_its_own_health() -> None:
    words = {zone: said(unit(zone)) for zone in ZONES}
    assert [words[zone]["EnvironmentFile"] for zone in ZONES] == [
        [f"/var/lib/paravent/env/{zone}.env"] for zone in ZONES
    ]
    ports = {re.findall(r"PARAVENT_HEALTH=127\.0\.0\.1:(\d+)", words[zone]["ExecStart"][0])[0] for zone in ZONES}
    assert len(ports) == len(ZONES)


def test_the_target_starts_the_three() -> None:
    target = said((UNITS / "paravent.target").read_text(encoding="utf-8"))
    assert set(target["Wants"][0].split()) == {f"paravent-{zone}.service" for zone in ZONES}
    assert all(said(unit(zone))["PartOf"] == ["paravent.target"] for zone in ZONES)


analyse = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")


def analysed(*words: str) -> "subprocess.CompletedProcess[str]":
    """Ask systemd-analyze."""
    command = ["systemd-analyze", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - a program of this machine, our files


@analyse
def test_systemd_reads_every_line() -> None:
    paths = [str(path) for path in sorted(UNITS.iterdir())]
    checked = analysed("verify", "--man=no", "--recursive-errors=no", *paths)
    ours = [line for line in checked.stderr.splitlines() if "paravent" in line]
    assert ours == []


@analyse
def test_systemd_sees_a_line_that_is_wrong(tmp_path: Path) -> None:
    wrong = tmp_path / "paravent-wrong.service"
    wrong.write_text(unit("clinic") + "ProtectEverything=yes\n")
    assert "ProtectEverything" in analysed("verify", "--man=no", "--recursive-errors=no", str(wrong)).stderr


@analyse
@pytest.mark.parametrize("zone", ZONES)
def test_a_unit_is_hardly_exposed(zone: str) -> None:
    assert exposure(UNITS / f"paravent-{zone}.service") <= MOST_EXPOSED


@analyse
def test_an_open_unit_would_be_seen(tmp_path: Path) -> None:
    opened = tmp_path / "paravent-open.service"
    opened.write_text("[Service]\nExecStart=/bin/true\n")
    assert exposure(opened) > MOST_EXPOSED


def exposure(path: Path) -> float:
    """Return how exposed systemd finds a unit, of 10."""
    told = analysed("security", "--offline=true", "--no-pager", str(path))
    found = re.search(r"Overall exposure level for \S+: ([\d.]+)", told.stdout)
    assert found, told.stdout + told.stderr
    return float(found[1])
