"""Every key ends or is changed while patients send and staff read: no request fails, nothing sent is lost.

A real installation of three processes, on SQLite over the turn of a year and on PostgreSQL over that of a week
(tests/factories/rotating.py). A short one, without pages: tests/unit/cli/test_keys_under_use.py.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest

from app.config import ROOT
from tests.factories.cluster import own_cluster
from tests.factories.rotating import REPORT, Report

pytestmark = pytest.mark.prove

_LONGEST = 600
_DEMO_VISITS = 60
_CHANGES = (
    "ceremony",
    "lock added",
    "lock removed",
    "root",
    "silo",
    "silo retired",
    "custodians revoked",
    "root again",
    "silo again",
    "silo retired again",
)


@pytest.fixture(params=["sqlite", "postgresql"])
def report(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Report]:
    """What happened, on silos of one kind."""
    if request.param == "sqlite":
        yield _played(tmp_path)
        return
    with own_cluster() as server:
        yield _played(tmp_path, server.admin_url)


def _played(folder: Path, *admin_url: str) -> Report:
    """Run the program with a clock that it moves."""
    offset = folder / "offset"
    offset.write_text("+0")
    paths = f"{ROOT / 'tests/factories/moved_clock'}{os.pathsep}{ROOT}"
    done = subprocess.run(  # noqa: S603 - our own module
        [sys.executable, "-m", "tests.factories.rotating", str(folder), *admin_url],
        cwd=ROOT,
        env=os.environ | {"CLOCK_OFFSET": str(offset), "PYTHONPATH": paths},
        capture_output=True,
        text=True,
        timeout=_LONGEST,
        check=False,
    )
    found = [line for line in done.stdout.splitlines() if line.startswith(REPORT)]
    assert found, done.stderr[-3000:]
    print(found[0])  # noqa: T201 - the figures are the proof
    read = json.loads(found[0].removeprefix(REPORT))
    return Report(**{one.name: read[one.name] for one in fields(Report)})


def test_nothing_fails_and_nothing_is_lost_while_every_key_is_changed(report: Report) -> None:
    assert tuple(change.partition(" ")[2] for change in report.changes) == _CHANGES
    assert report.faults == []
    assert report.failed == 0
    assert report.logged == []
    assert report.answers > 300
    assert report.opened > 50
    assert report.sent > 10
    assert report.taken_in == _DEMO_VISITS + report.sent

    before, after = report.keys_before, report.keys_after
    for kind in ("secrets", "intake"):
        assert after[kind], kind
        assert not set(before[kind]) & set(after[kind]), f"a key of a half-day is still there: {kind}"
    if before["index"] == ["2027"]:
        assert after["index"] == ["2029"]

    assert report.left == [], "what was sealed does not open"
    assert report.walked["case"] == report.walked["contact"] == report.taken_in
    assert report.walked["space"] >= report.sent
    assert report.walked["space by words"] >= 5
    assert report.walked["second factor"] == 8
    assert report.reopened == [], "a former silo key opens a key file"
    assert report.former_shares == "ShareOfAnotherCeremony"
