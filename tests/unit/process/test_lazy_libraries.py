"""Libraries that reach outside are loaded by who was told to use them, and by nobody else."""

import subprocess
import sys

from app.config import ROOT
from app.process import strangers_among

OUTSIDE = ("boto3", "botocore", "rfc3161_client", "asn1crypto.tsp")
STARTED = "app.patient.factory, app.clinic.factory, app.worker.loop, app.cli.ledger"


def test_nobody_holds_them_by_being_started() -> None:
    code = f"import sys, {STARTED}; print([name for name in {OUTSIDE!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S603 - our own interpreter
    assert done.stdout.strip() == "[]"


def test_a_patient_process_that_holds_one_is_not_confined() -> None:
    assert strangers_among(["boto3.session", "botocore.client", "json"]) == ["boto3.session", "botocore.client"]
