"""A process that leaves no memory behind, and a patient process that holds nothing of the clinic's side."""

import resource
import subprocess
import sys
from pathlib import Path

import pytest

from app.config import ROOT
from app.process import strangers_among

_CRASH = "import os, resource as r; r.setrlimit(r.RLIMIT_CORE, (-1, -1)); {forbid}; os.abort()"
_FORBID = "from app.process import forbid_dumps; forbid_dumps()"
_IN_A_FORK = f"""
import os
from app.process import dumps_forbidden
assert not dumps_forbidden()
{_FORBID}
child = os.fork()
if not child:
    os._exit(0 if dumps_forbidden() else 1)
raise SystemExit(os.waitpid(child, 0)[1])
"""


def run(program: str, folder: Path) -> int:
    """Run a program of ours in a folder and return its status."""
    command = [sys.executable, "-c", program]
    environ = {"PYTHONPATH": str(ROOT)}
    return subprocess.run(command, cwd=folder, env=environ, capture_output=True, check=False).returncode  # noqa: S603 - our own


def test_a_crash_leaves_no_memory_behind(tmp_path: Path) -> None:
    assert run(_CRASH.format(forbid=_FORBID), tmp_path) < 0
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(
    Path("/proc/sys/kernel/core_pattern").read_text().strip() not in ("core", "core.%p")
    or resource.getrlimit(resource.RLIMIT_CORE)[1] == 0,
    reason="core dumps of this machine do not go to the folder of the process",
)
def test_without_it_a_crash_would(tmp_path: Path) -> None:
    assert run(_CRASH.format(forbid="pass"), tmp_path) < 0
    assert [path.name.startswith("core") for path in tmp_path.iterdir()] == [True]


@pytest.mark.skipif(sys.platform != "linux", reason="prctl is Linux's")
def test_what_is_forked_can_not_be_dumped_either(tmp_path: Path) -> None:
    assert run(_IN_A_FORK, tmp_path) == 0


@pytest.mark.parametrize(
    "module",
    [
        "app.clinic.case",
        "app.worker.intake",
        "app.identity.models",
        "app.care.service",
        "app.desk.staff",
        "app.vault.keystore",
        "app.vault.root",
        "app.vault.door",
        "app.vault.pki_authority",
        "app.vault.not_written_yet",
        "app.cli.setup",
    ],
)
def test_what_opens_or_is_of_the_clinic_is_a_stranger(module: str) -> None:
    assert strangers_among(["sys", "app.patient.factory", module, "app.vault.sealing"]) == [module]


def test_what_seals_and_serves_is_none() -> None:
    ours = ["app", "app.cli", "app.cli.main", "app.cli.serve", "app.vault", "app.vault.intake", "flask"]
    assert strangers_among(ours) == []
