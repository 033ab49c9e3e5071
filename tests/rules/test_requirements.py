"""What is installed is what was locked: every line pinned and hashed, nothing fetched from an address."""

import re

import pytest

from tests.rules.sources import ROOT

LOCKS = ("requirements.txt", "requirements-dev.txt")
PINNED = re.compile(r"^([a-z0-9][a-z0-9._-]*)==[0-9][A-Za-z0-9.+!-]*( ; [^#]+)?( --hash=sha256:[0-9a-f]{64})+$")


def faults_of_lock(text: str) -> list[str]:
    """Return each requirement of a lock file that is not a pinned version with its hashes."""
    lines = (line.strip() for line in text.replace("\\\n", " ").splitlines())
    wanted = [" ".join(line.split()) for line in lines if line and not line.startswith("#")]
    return [line.split(" ")[0] for line in wanted if not PINNED.match(line)]


def names(text: str) -> set[str]:
    """Return the names a requirements file asks for, without extras and versions."""
    asked = (re.match(r"[a-z0-9][a-z0-9._-]*", line.strip().lower()) for line in text.splitlines())
    return {match[0].replace("_", "-").replace(".", "-") for match in asked if match}


@pytest.mark.parametrize("lock", LOCKS)
def test_every_line_is_pinned_and_hashed(lock: str) -> None:
    assert faults_of_lock((ROOT / lock).read_text()) == []


@pytest.mark.parametrize("lock", LOCKS)
def test_what_is_asked_is_locked(lock: str) -> None:
    asked = names((ROOT / lock).with_suffix(".in").read_text())
    assert asked - names((ROOT / lock).read_text()) == set()


def test_the_two_locks_agree() -> None:
    run, dev = ((ROOT / lock).read_text() for lock in LOCKS)
    pins = set(re.findall(r"^[a-z0-9._-]+==\S+", run, re.MULTILINE))
    assert pins - set(re.findall(r"^[a-z0-9._-]+==\S+", dev, re.MULTILINE)) == set()


HASH = "--hash=sha256:" + "0" * 64


@pytest.mark.parametrize(
    "wrong",
    [
        "flask==3.1.0",
        f"flask>=3.1.0 {HASH}",
        f"flask {HASH}",
        f"flask @ https://example.org/flask.whl {HASH}",
        "--index-url https://example.org/simple",
        "-e .",
        "flask==3.1.0 --hash=md5:00",
    ],
)
def test_a_loose_line_is_seen(wrong: str) -> None:
    assert len(faults_of_lock(f"# a comment\n{wrong}\nclick==8.0 \\\n    {HASH}\n")) == 1
