"""The ledger: what chaining costs those who write to it, and how long a verification takes.

Eight processes append without pause: for a spell alone, for one in which a worker chains what waits, for one in
which it chains, signs and anchors each second, and again. The middle one of three is not counted; each chained one
is set beside the mean of those alone before and after it, and the median counts. The verifier runs as its own
program on a bundle; beside it stands the bare hashing of the same leaves and nodes.
"""

import hashlib
import json
import multiprocessing
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any
from uuid import uuid4

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import delete, insert, select

from app.clock import system_clock
from app.db import Databases
from app.ledger import verify
from app.ledger.export import bundle
from app.ledger.models import Base, Event, EventSubject
from app.ledger.notes import time_of
from app.ledger.sealed import canonical, with_sealed
from app.ledger.sequence import BATCH, checkpoint, sequence
from app.ledger.service import LedgerUnavailable, leaf_of, record
from app.vault.hybrid import new_seed, public_of
from app.vault.months import draw, month_of
from app.vault.published import PublicKey
from app.worker.chain import Chain
from app.writer import ContentKey
from bench.figures import Figure, Section
from tests.factories.kept_ledger import CASE, SEED
from tests.factories.scratch import postgres_urls

TITLE = "ledger: appended by 8 processes while it is chained; verified"
MILLION = 1_000_000
APPEND_BAR, VERIFY_BAR_SECONDS = 0.90, 60
WRITERS, PAIRS, SECONDS, SEALED = 8, 5, 4, 20_000
_NODE = bytes(65)
_spawning = multiprocessing.get_context("spawn")


class NotVerified(Exception):
    """The verifier found faults in what the bench has just written."""


def measure(events: int = MILLION, pairs: int = PAIRS, seconds: float = SECONDS) -> Section:
    """Measure all. Raises NotVerified."""
    with tempfile.TemporaryDirectory(prefix="paravent-bench-") as folder:
        on_sqlite = appending("SQLite", f"sqlite:///{folder}/appended.sqlite", pairs, seconds)
        on_server = _appending_on_postgresql(pairs, seconds)
        figures = (on_sqlite, on_server, sealing(), *verifying(Path(folder), events))
    return Section(TITLE, figures)


def _appending_on_postgresql(pairs: int, seconds: float) -> Figure:
    try:
        with postgres_urls() as urls:
            return appending("PostgreSQL", urls["ledger"], pairs, seconds)
    except pytest.skip.Exception as missing:
        return Figure("appended while chained, PostgreSQL", None, note=str(missing))


def appending(kind: str, url: str, pairs: int, seconds: float) -> Figure:
    """Append all the time, and set each chained spell beside the mean of those before and after it."""
    spells = _spells(url, 3 * pairs + 1, seconds)
    alone, chained = spells[::3], spells[2::3]
    ratios = sorted(2 * own / (a + b) for own, a, b in zip(chained, alone, alone[1:], strict=False))
    note = f"{ratios[0]:.3f} to {ratios[-1]:.3f}; {median(chained):,.0f}/s beside {median(alone):,.0f}/s"
    return Figure(f"appended while chained, {kind}", median(ratios), "of unchained", at_least=APPEND_BAR, note=note)


def _spells(url: str, count: int, seconds: float) -> list[float]:
    """Return how many events a second eight processes append, spell by spell."""
    with _empty(url):
        ready, counted = _spawning.Barrier(WRITERS + 2), _spawning.Queue()
        begun = _spawning.Value("d", 0.0)
        writing, chaining = (url, count, seconds, ready, begun, counted), (url, count, seconds, ready, begun)
        processes = [_spawning.Process(target=_write, args=writing) for _ in range(WRITERS)]
        processes.append(_spawning.Process(target=_chain, args=chaining))
        for process in processes:
            process.start()
        ready.wait()
        begun.value = time.monotonic()  # the same clock in every process
        ready.wait()
        found = [counted.get() for _ in range(WRITERS)]
        for process in processes:
            process.join()
    return [sum(spell) / seconds for spell in zip(*found, strict=True)]


class OneKey:
    """Seals as a process does, under a key drawn for a month whose private key nobody kept."""

    def __init__(self) -> None:
        self._held: ContentKey | None = None

    def under(self, now: datetime) -> ContentKey:
        """Return the key."""
        if self._held is None:
            self._held = draw(PublicKey(month_of(now), public_of(new_seed())))
        return self._held


def sealing() -> Figure:
    """Measure what an event costs besides: deriving its key, committing to it, sealing what it says."""
    key, outer = OneKey().under(system_clock()), {"event": str(uuid4()), "zone": "clinic", "name": "case.opened"}
    content = {
        "subjects": [str(uuid4())],
        "purposes": ["care"],
        "fields": {"actor": str(uuid4()), "form": "screen"},
    }
    started = time.perf_counter()
    for _ in range(SEALED):
        canonical(with_sealed(outer, content, key))
    return Figure("sealing what an event says", (time.perf_counter() - started) / SEALED * 1e6, "µs")


def _write(url: str, count: int, seconds: float, ready: Any, begun: Any, counted: Any) -> None:
    """Append in every spell, sealed, and hand back how many in each."""
    db, written = Databases({"ledger": url}, sealer=OneKey()), [0] * count
    record(db, system_clock(), "clinic", "case.opened", [uuid4()], ["care"], **CASE)
    ready.wait()
    ready.wait()
    while (spell := int((time.monotonic() - begun.value) / seconds)) < count:
        with suppress(LedgerUnavailable):
            record(db, system_clock(), "clinic", "case.opened", [uuid4()], ["care"], **CASE)
            written[spell] += 1
    counted.put(written)


def _chain(url: str, count: int, seconds: float, ready: Any, begun: Any) -> None:
    """Chain each second of every third spell, once nothing waits from the spells before."""
    with tempfile.TemporaryDirectory(prefix="paravent-bench-") as anchors:
        chain = Chain(Databases({"ledger": url}), _signer(), system_clock, Path(anchors))
        ready.wait()
        ready.wait()
        while (spell := int((time.monotonic() - begun.value) / seconds)) < count:
            if spell % 3:
                chain.turn()
            time.sleep(1 if spell % 3 == 2 else 0.02)


def verifying(folder: Path, events: int) -> Iterator[Figure]:
    """Write a ledger of so many events, export it, and verify it as an auditor would."""
    file = folder / "bundle.jsonl"
    with _empty(f"sqlite:///{folder}/ledger.sqlite") as db:
        _fill(db, events)
        hashing = _bare_hashing(db)
        started = time.perf_counter()
        with db.reading("ledger") as session, file.open("w") as out:
            out.writelines(bundle(session, system_clock()))
        exporting = time.perf_counter() - started
    command = [sys.executable, "-I", verify.__file__, "--key", _signer().public_key().public_bytes_raw().hex()]
    started = time.perf_counter()
    done = subprocess.run([*command, str(file)], capture_output=True, text=True, check=False)  # noqa: S603 - our own
    verifying = time.perf_counter() - started
    if done.returncode != 0:
        raise NotVerified(done.stdout[:2000])
    scale = MILLION / events
    note = f"of {events:,} events, {file.stat().st_size / events:,.0f} bytes each, a checkpoint for each {BATCH:,}"
    yield Figure("verify 1,000,000 events", verifying * scale, "s", at_most=VERIFY_BAR_SECONDS, note=note)
    yield Figure("beside bare hashing of them", verifying / hashing, "times", note=f"{hashing * scale:.1f} s")
    yield Figure("export 1,000,000 events", exporting * scale, "s")


def _fill(db: Databases, events: int) -> None:
    """Write events in bulk, each in the form of one that was really recorded, and chain them."""
    begun = system_clock()
    db.sealer = OneKey()
    record(db, begun, "clinic", "case.opened", [uuid4()], ["care"], **CASE)
    with db.writing("ledger") as session:
        said = json.loads(session.scalars(select(Event.payload)).one())
        session.execute(delete(Event))
        session.execute(delete(EventSubject))
    for start in range(0, events, BATCH):
        counts = range(start, min(start + BATCH, events))
        rows = [_row(said, count, begun + timedelta(milliseconds=count)) for count in counts]
        with db.writing("ledger") as session:
            session.execute(insert(Event), [event for event, _ in rows])
            session.execute(insert(EventSubject), [subject for _, subject in rows])
            batch = sequence(session, _signer().public_key(), since=rows[0][0]["at"])
            checkpoint(session, rows[-1][0]["at"], _signer(), batch)


def _row(said: dict[str, Any], count: int, at: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    event, subject, salt = uuid4(), uuid4(), hashlib.sha256(str(count).encode()).digest()
    new = {"event": str(event), "at": time_of(at), "count": count + 1}
    payload = json.dumps(said | new, sort_keys=True, separators=(",", ":"))
    row = {"id": event, "at": at, "zone": said["zone"], "name": said["name"], "payload": payload, "salt": salt}
    return row | {"leaf": leaf_of(salt, payload)}, {"subject": subject, "event": event}


def _bare_hashing(db: Databases) -> float:
    """Return the seconds of hashing each leaf and as many nodes, with nothing around it."""
    elapsed = 0.0
    with db.reading("ledger") as session:
        rows = session.execute(select(Event.salt, Event.payload).execution_options(yield_per=BATCH))
        for page in rows.partitions():
            leaves = [b"\x00" + salt + payload.encode() for salt, payload in page]
            started = time.perf_counter()
            for leaf in leaves:
                hashlib.sha256(leaf).digest()
                hashlib.sha256(_NODE).digest()
            elapsed += time.perf_counter() - started
    return elapsed


@contextmanager
def _empty(url: str) -> Iterator[Databases]:
    db = Databases({"ledger": url})
    Base.metadata.drop_all(db.engine("ledger"))
    Base.metadata.create_all(db.engine("ledger"))
    yield db
    db.dispose()


def _signer() -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(SEED)
