"""Words typed by patients and staff, and every key, are in no file of a served installation on SQLite.

Real processes, the patients' behind nginx; `tests/prove/test_markers.py` does the same on PostgreSQL, with its WAL,
its temporary files and its backups, and counts what memory holds.
"""

import base64
import gzip
import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest

from app.config import ROOT
from tests.deploy.fronts import nginx
from tests.deploy.wire import post, watched
from tests.factories.copies import copy_outside, keys_of
from tests.factories.patient import INSTANT, TO_CONFIRM
from tests.factories.served import CHEAP_WORDS
from tests.factories.spelt import SLICE, Words, files_with, spellings_of_bytes
from tests.factories.typed import Typists
from tests.factories.whole import Whole, until, whole

pytestmark = pytest.mark.skipif(not Path("/usr/sbin/nginx").exists(), reason="nginx is not installed")

AT_ONCE = CHEAP_WORDS | {"PARAVENT_GRID_MS": "0", "PARAVENT_WORDS_GRID_MS": "0"}
MARKERS = 200
KEPT_ON_DISK = ("client_body_buffer_size 64k;", "client_body_buffer_size 64k; client_body_in_file_only on;")
"""What an nginx would say that writes what is typed to files, and leaves them there."""
ASKS_FOR_A_CORE = "import os, resource as r; r.setrlimit(r.RLIMIT_CORE, (r.getrlimit(r.RLIMIT_CORE)[1],) * 2); "
FORBIDS = "from app.process import forbid_dumps; forbid_dumps(); "


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Whole]:
    """Everything served, with nobody there yet."""
    with whole(tmp_path_factory.mktemp("whole"), AT_ONCE) as running:
        yield running


def everybody_types(typists: Typists) -> None:
    """Let two patients send, and staff book, answer, decline and invite."""
    for act in (INSTANT, TO_CONFIRM):
        with typists.whole.patient() as patient:
            typists.patient_to_check(patient, act)
            typists.patient_sends(patient)
    until(lambda: len(typists.visits()) == 2)
    typists.desk()
    typists.practitioner()
    typists.administrator()


def found(typists: Typists) -> list[str]:
    """Look for every word and every key in every file there is now."""
    keys = {name: spellings_of_bytes(key) for name, key in keys_of(typists.whole).items()}
    return files_with(typists.whole.places, {**typists.words.spellings(), **typists.given.spellings(), **keys})


def test_no_word_and_no_key_is_in_any_file(installation: Whole) -> None:
    typists = Typists(installation)
    everybody_types(typists)
    assert len(typists.words.given) >= MARKERS
    assert typists.read[0] in typists.words.given, "nothing was typed at all"
    copy_outside(installation)
    assert found(typists) == []


def test_no_process_of_any_zone_may_write_a_core(installation: Whole) -> None:
    for zone, processes in installation.processes().items():
        for process in processes:
            limits = Path(f"/proc/{process}/limits").read_text(encoding="ascii").splitlines()
            (limit,) = (line for line in limits if line.startswith("Max core file size"))
            assert limit.split()[4:6] == ["0", "0"], zone


def test_an_aborted_process_leaves_no_core_where_another_does(tmp_path: Path) -> None:
    plain, ours = _aborted("os.abort()", tmp_path), _aborted(f"{FORBIDS}os.abort()", tmp_path)
    assert not ours
    if not plain:
        pytest.skip("this machine lets no process leave a core dump, ours as little as others")


def _aborted(code: str, folder: Path) -> bool:
    """Abort a process that may leave a core dump as far as the machine lets it; say whether it did."""
    environ = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", ASKS_FOR_A_CORE + code]
    process = subprocess.Popen(command, cwd=folder, env=environ, stderr=subprocess.DEVNULL)  # noqa: S603 - our own
    _pid, status = os.waitpid(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == -signal.SIGABRT
    return os.WCOREDUMP(status)


def test_a_word_is_found_wherever_a_file_could_have_it(installation: Whole) -> None:
    """Each kind of place is searched: what is planted there is found there."""
    words, root = Words(), installation.root
    word = words.accented()
    connection = sqlite3.connect(installation.settings.var / "front.sqlite", isolation_level=None)
    connection.execute("CREATE TABLE planted (text)")
    connection.execute("INSERT INTO planted VALUES (?)", (f"a longer text with {word} in it",))
    with (root / "log.txt").open("a", encoding="utf-8") as log:
        log.write(json.dumps({"message": word}) + "\n")
    (root / "tmp" / "spooled").write_text(word, encoding="utf-16")
    (root / "planted.gz").write_bytes(gzip.compress(word.encode()))
    with nginx(_folder(root / "kept"), urlsplit(installation.served.patient).port or 0, KEPT_ON_DISK) as front:
        with watched(front.port) as line:
            line.ask(post("/retour", f"words={quote(word)}".encode()))
        places = {Path(line.rpartition(": ")[0]) for line in files_with(installation.places, words.spellings())}
    connection.execute("DROP TABLE planted")
    connection.close()
    for place in ("var/front.sqlite-wal", "log.txt", "tmp/spooled", "planted.gz"):
        assert root / place in places, place
    assert any("client_body" in str(place) for place in places), "no file of nginx"


def _folder(path: Path) -> Path:
    path.mkdir()
    return path


@pytest.mark.parametrize("shift", range(6))
def test_a_key_is_found_in_any_spelling(tmp_path: Path, shift: int) -> None:
    key = os.urandom(32)
    around = os.urandom(shift) + key + os.urandom(5 - shift)
    spelt = {
        "raw": around,
        "hexadecimal": around.hex().encode(),
        "base64": base64.b64encode(around),
        "of addresses": base64.urlsafe_b64encode(around),
        "packed": b"before" + gzip.compress(around),
    }
    for name, content in spelt.items():
        (tmp_path / name).write_bytes(content)
    hits = files_with([tmp_path], {"key": spellings_of_bytes(key), "other": spellings_of_bytes(os.urandom(32))})
    assert sorted(hits) == sorted(f"{tmp_path / name}: key" for name in spelt)


def test_a_word_is_found_in_any_spelling(tmp_path: Path) -> None:
    words = Words()
    word = words.accented()
    spelt = {
        "utf-8": word.encode(),
        "capitals": words.plain().upper().encode(),
        "utf-16": word.encode("utf-16"),
        "latin-1": word.encode("latin-1"),
        "json": json.dumps(word).encode(),
        "percent": quote(word).encode(),
        "packed": gzip.compress(word.encode()),
        **{f"base64 {shift}": base64.b64encode(bytes(shift) + word.encode()) for shift in range(3)},
        "a number": f"tel:+33{words.phone()[1:]}".encode(),
    }
    for name, content in spelt.items():
        (tmp_path / name).write_bytes(b"some text before, " + content + b" and after")
    hits = {line.rpartition(": ")[0] for line in files_with([tmp_path], words.spellings())}
    assert hits == {str(tmp_path / name) for name in spelt}


def test_a_word_across_the_edge_of_two_pieces_of_a_large_file_is_found(tmp_path: Path) -> None:
    words = Words()
    with (tmp_path / "large").open("wb") as file:
        file.seek(SLICE - 7)
        file.write(words.plain().encode())
    assert len(files_with([tmp_path], words.spellings())) == 1
