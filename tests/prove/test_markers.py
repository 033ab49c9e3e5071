"""Two hundred words and every key, on PostgreSQL: in no file of silos, WAL, temporary files, logs or backups.

Everything that keeps is made to keep: WAL is archived, tables are spilled to temporary files, the server logs all
it can. What memory holds is counted and printed, not judged: Python can't wipe what it has read.
"""

import json
import os
import signal
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from app.config import Zone
from tests.factories.cluster import own_cluster
from tests.factories.copies import copy_cluster, copy_outside, keys_of, spilled
from tests.factories.patient import ASK, INSTANT, TO_CONFIRM
from tests.factories.served import CHEAP_WORDS
from tests.factories.spelt import (
    Spellings,
    Words,
    count_in_memory,
    files_below,
    files_with,
    spellings_of_bytes,
)
from tests.factories.typed import Typists
from tests.factories.whole import Whole, talkative_and_archived, until, whole

pytestmark = [
    pytest.mark.prove,
    pytest.mark.skipif(not Path("/usr/sbin/nginx").exists(), reason="nginx is not installed"),
]

MARKERS = 200
ACTS = (INSTANT, TO_CONFIRM, INSTANT, ASK)
MINUTES_AFTER = 3
SWAPS = Path("/proc/swaps")
SPOOLS = [path for path in map(Path, ("/var/mail", "/var/spool/mail")) if os.access(path, os.R_OK | os.X_OK)]


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Whole]:
    """Everything served on a PostgreSQL server of its own, with nobody there yet."""
    with (
        own_cluster(talkative_and_archived) as cluster,
        whole(tmp_path_factory.mktemp("whole"), CHEAP_WORDS, cluster) as running,
    ):
        yield running


def test_nothing_typed_and_no_key_is_in_any_file_and_memory_is_counted(installation: Whole) -> None:
    typists, control = Typists(installation), Words()
    cluster = installation.cluster
    assert cluster
    planted = control.accented()
    cluster.run("CREATE TABLE planted (word text)", f"INSERT INTO planted VALUES ('before {planted}')")  # noqa: S608 - our own word
    counts: dict[str, Mapping[Zone, int]] = {"before": in_memory(installation, typists.words.spellings())}
    counts |= patients_type(typists)
    staff_type(typists)
    counts["just after"] = in_memory(installation, typists.words.spellings())
    assert len(typists.words.given) >= MARKERS
    assert typists.read[0] in typists.words.given, "nothing was typed at all"
    copy_outside(installation)
    backups = copy_cluster(installation, cluster)
    with spilled(installation, cluster) as files:
        assert files >= len(installation.settings.databases), "no table was spilled to a temporary file"
        wanted = all_wanted(typists)
        places = [*installation.places, *SPOOLS]
        assert files_with(places, wanted) == []
        found = {Path(line.rpartition(": ")[0]) for line in files_with(places, control.spellings())}
    assert missing(found, cluster.folder, backups) == []
    searched = list(files_below(places))
    time.sleep(60 * MINUTES_AFTER)
    counts[f"{MINUTES_AFTER} minutes after"] = in_memory(installation, typists.words.spellings())
    counts["secrets, the same moment"] = in_memory(installation, secrets_of(typists))
    report(typists, wanted, searched, counts)
    assert in_swap(wanted) == []
    assert cores(installation) == []


def patients_type(typists: Typists) -> Mapping[str, Mapping[Zone, int]]:
    """Let four patients send; count what memory holds while one has typed and not sent."""
    during: Mapping[Zone, int] = {}
    for act in ACTS:
        with typists.whole.patient() as patient:
            typists.patient_to_check(patient, act)
            during = in_memory(typists.whole, typists.words.spellings())
            typists.patient_sends(patient)
    until(lambda: len(typists.visits()) == len(ACTS))
    return {"while typing": during}


def staff_type(typists: Typists) -> None:
    """Let staff book, answer, cancel, decline and invite."""
    typists.desk()
    typists.practitioner()
    typists.administrator()


def secrets_of(typists: Typists) -> Spellings:
    """Return the secrets S alone."""
    return {n: spellings_of_bytes(key) for n, key in keys_of(typists.whole).items() if n.startswith("secret ")}


def all_wanted(typists: Typists) -> Spellings:
    """Return everything that must be in no file."""
    keys = {name: spellings_of_bytes(key) for name, key in keys_of(typists.whole).items()}
    assert sum(name.startswith("secret ") for name in keys) == 3 * (len(ACTS) + 1)
    return {**typists.words.spellings(), **typists.given.spellings(), **keys}


def missing(found: set[Path], server: Path, backups: Path) -> list[str]:
    """Return the kinds of place in which the planted word was not found: they were not searched."""
    kinds = {
        "table": server / "data" / "base",
        "WAL": server / "data" / "pg_wal",
        "archive": server / "archive",
        "temporary file": server / "data" / "base" / "pgsql_tmp",
        "the server's log": server / "log",
        "base backup": backups / "base" / "base",
        "dump": backups / "postgres.sql",
        "packed dump": backups / "postgres.sql.gz",
    }
    return [kind for kind, place in kinds.items() if not any(one.is_relative_to(place) for one in found)]


def in_memory(of: Whole, wanted: Spellings) -> Mapping[Zone, int]:
    """Count in the memory of each zone's processes together; skip where only root may look."""
    try:
        return {
            zone: sum(sum(count_in_memory(one, wanted).values()) for one in processes)
            for zone, processes in of.processes().items()
        }
    except PermissionError:
        pytest.skip("the memory of a process that can't be dumped is root's alone to read")


def in_swap(wanted: Spellings) -> list[str]:
    """Return what of the wanted is in the machine's swap, as far as there is some that may be read."""
    devices = [Path(line.split()[0]) for line in SWAPS.read_text(encoding="ascii").splitlines()[1:]]
    readable = [one for one in devices if os.access(one, os.R_OK)]
    print(f"swap: {len(devices)} devices, {len(readable)} of them searched")  # noqa: T201 - a figure of the proof
    return [line for one in readable for line in files_with([one], wanted)]


def cores(of: Whole) -> list[str]:
    """Abort every server; return the zones that left a core dump."""
    left: list[str] = []
    for zone, process in zip(of.processes(), of.served.processes, strict=True):
        os.kill(process.pid, signal.SIGABRT)
        _pid, status = os.waitpid(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        left += [zone] if os.WCOREDUMP(status) else []
    return left


def report(typists: Typists, wanted: Spellings, searched: list[Path], counts: Mapping[str, object]) -> None:
    """Print the figures of the proof."""
    figures = {
        "words typed": len(typists.words.given),
        "keys and secrets": len(wanted) - len(typists.words.spellings()),
        "files searched": len(searched),
        "megabytes searched": round(sum(one.stat().st_size for one in searched if one.exists()) / 1e6),
        "hits in files": 0,
        "occurrences in memory": counts,
    }
    print(json.dumps(figures, indent=1))  # noqa: T201 - the figures are the proof
