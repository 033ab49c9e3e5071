"""An installation that is served under load while every key ends or is changed. A program of its own.

Run as `python -m tests.factories.rotating FOLDER [POSTGRESQL]` with a clock that can be moved
(tests/factories/moved_clock). It prints, as JSON, what happened.

On SQLite the load goes on over the turn of 2028 to 2029, from a Sunday to a Monday: the keys of the half-day, the
week, the month and the blind indexes end in the same second. A PostgreSQL server goes by the machine's own clock,
from which the turn of the next week is not too far away.
"""

import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import func, select, update

from app.cli.environment import file_of, open_vault, read_file, silos_of
from app.cli.keys_ceremony import hold_ceremony
from app.cli.keys_locks import add_lock, remove_lock, retire_silo, revoke, rotate_root, rotate_silo
from app.cli.keys_table import Table
from app.cli.setup import set_up
from app.cli.silo_rights import create
from app.clinic.demo import PASSWORD
from app.clinic.sign_in import totp_label
from app.clock import system_clock
from app.config import load_settings
from app.db import Databases
from app.desk.models import Staff, Visit
from app.desk.second_factor import current_code
from app.front.models import Submission
from app.rights import Names
from app.vault.blind import index_keys
from app.vault.errors import KeystoreError
from app.vault.half_days import day_of
from app.vault.keyfiles import bound_to, unlock_by_any
from app.vault.keystore import Keystore
from app.vault.root import Root, open_file, read_head
from app.vault.sealing import Unsealable
from app.vault.unlock import Unlock, unlock_of
from tests.factories.served import CHEAP_WORDS, Served, serve
from tests.factories.steady_load import Load, steady_load
from tests.factories.walked import openings
from tests.factories.zoned import prepare
from tests.unit.cli.custody import CHEAP_WORDS as CHEAP_LOCK
from tests.unit.cli.custody import People

YEAR = datetime(2029, 1, 1, tzinfo=UTC)
"""The turn that a load on SQLite goes on over."""
INDEX_MADE = datetime(2027, 1, 4, 9, 0, tzinfo=UTC)
ADMINISTRATORS = ("direction", "accueil2")
READERS = ("accueil", "ines")
_PATIENT = {"PARAVENT_STAFF_IDLE_MINUTES": "120", "PARAVENT_DRAFT_MINUTES": "240"}
"""Settings under which an hour that passes at once ends nobody's work."""
_MOMENT = timedelta(seconds=1)
_PATIENTS = 3
_WAIT = 60.0
REPORT = "REPORT "
"""What the line of the report begins with."""
_SILO_OF = {"epoch": "keys", "intake": "intake", "index": "identity", "ledger": "ledger"}


@dataclass
class Report:
    """What happened: `left` are objects that don't open afterwards, `reopened` key files that former keys open."""

    answers: int = 0
    failed: int = 0
    faults: list[str] = field(default_factory=list)
    sent: int = 0
    taken_in: int = 0
    opened: int = 0
    changes: list[str] = field(default_factory=list)
    keys_before: dict[str, list[str]] = field(default_factory=dict)
    keys_after: dict[str, list[str]] = field(default_factory=dict)
    walked: dict[str, int] = field(default_factory=dict)
    left: list[str] = field(default_factory=list)
    reopened: list[str] = field(default_factory=list)
    former_shares: str = ""
    logged: list[str] = field(default_factory=list)
    seconds: float = 0.0


class Machine:
    """The machine's clock, as every process is told it."""

    def __init__(self) -> None:
        self._file, self._offset = Path(os.environ["CLOCK_OFFSET"]), 0.0

    def set_to(self, moment: datetime) -> None:
        """Let it be that moment now."""
        self.forward((moment - system_clock()).total_seconds())

    def forward(self, seconds: float) -> None:
        """Move on."""
        self._offset += seconds
        beside = self._file.with_suffix(".new")
        beside.write_text(f"{self._offset:+.3f}\n")
        beside.replace(self._file)


@dataclass
class Custody:
    """The table of custody's commands, with two administrators who confirm what destroys."""

    table: Table
    people: People

    def confirmed(self) -> Table:
        """Return the table, once both administrators are there with fresh codes."""
        keystore = Keystore.open(self.table.directory, unlock_of(self.table.settings))
        codes = []
        with self.table.db.writing("desk") as session:
            session.execute(
                update(Staff).where(Staff.login.in_(ADMINISTRATORS)).values(last_totp_step=0, failures=0)
            )
            for login in ADMINISTRATORS:
                person = session.scalars(select(Staff).where(Staff.login == login)).one()
                opened = keystore.open_field("desk", totp_label(person.id), person.sealed_totp or b"")
                codes.append(current_code(opened.decode(), self.table.clock()))
        self.people.typed["First person"] = [ADMINISTRATORS[0]]
        self.people.typed["Second person"] = [ADMINISTRATORS[1]]
        self.people.typed["Password"] = [PASSWORD, PASSWORD]
        self.people.typed["Code"] = codes
        self.people.shares_typed = 0
        return self.table

    def new_shares(self) -> Table:
        """Return the table, once confirmed, where custodians of a new ceremony write on blank sheets."""
        table = self.confirmed()
        self.people.sheets.clear()
        return table


def play(folder: Path, machine: Machine, admin_url: str | None) -> Report:
    """Serve, load, change every key, and walk everything."""
    report, began = Report(), time.monotonic()
    turn = _next_monday() if admin_url else YEAR
    machine.set_to(turn - timedelta(hours=3))
    if admin_url:
        prepare(folder / "var")
        create(admin_url, folder / "var", Names())
    _index_key(folder / "var")
    with serve(folder, demo=True, zones=("patient", "clinic", "worker"), values=_PATIENT) as served:
        db = silos_of(served.settings)
        _appoint(db)
        first = open_file(served.settings.keystore, unlock_of(served.settings)).root
        report.keys_before = _names(served, db)
        machine.set_to(turn - timedelta(seconds=15))
        patient = load_settings(read_file(file_of(served.settings.var, "patient")))
        with steady_load(served, patient, _PATIENTS, READERS) as load:
            shares = _change(_custody(served, db), machine, report, turn)
        _after(report, load, served, db)
        report.reopened = _opened_by(first, served.settings.keystore)
        report.former_shares = _tried(served.settings.keystore, shares)
        report.keys_after = _names(served, db)
        report.logged = [line for line in served.log.splitlines() if '"error"' in line.lower()][:20]
        db.dispose()
    report.seconds = time.monotonic() - began
    return report


def _change(custody: Custody, machine: Machine, report: Report, turn: datetime) -> tuple[str, ...]:
    """Change every level while the load goes on; return three shares of the first ceremony."""

    def do(name: str, act: Callable[[], int]) -> None:
        assert act() == 0, name
        report.changes.append(f"{system_clock():%H:%M:%S} {name}")
        time.sleep(1)

    var, directory = custody.table.settings.var, custody.table.directory
    ending = [directory / f"{kind}-{day_of(turn - _MOMENT)}.key" for kind in ("epoch", "intake")]
    ending += [directory / f"index-{INDEX_MADE.year}.key"] * (turn == YEAR)
    do("ceremony", lambda: hold_ceremony(custody.table, 3, 5))
    shares = tuple(custody.people.sheets[:3])
    do("lock added", lambda: add_lock(custody.table, key_file=var / "second.key"))
    second = read_head(directory).held[-1].lock.id
    do("lock removed", lambda: remove_lock(custody.confirmed(), second))
    do("root", lambda: rotate_root(custody.confirmed()))
    do("silo", lambda: rotate_silo(custody.table))
    _until(lambda: system_clock() > turn + timedelta(seconds=5), "the turn")
    machine.forward(61)  # The worker makes keys once a minute.
    _until(lambda: (directory / f"epoch-{day_of(turn)}.key").exists(), "the new half-day's key")
    do("silo retired", lambda: retire_silo(custody.confirmed()))
    do("custodians revoked", lambda: revoke(custody.new_shares(), (3, 5)))
    # Ten minutes after, what was under way has ended; indexes are made anew each hour; what a round of the worker
    # leaves unused goes at the next one, a minute later, and an intake pair that it closed ten minutes later.
    machine.forward(61 * 60)
    time.sleep(3)
    machine.forward(11 * 60)
    _until(lambda: not any(path.exists() for path in ending), f"{[path.name for path in ending]} to go")
    do("root again", lambda: rotate_root(custody.confirmed()))
    do("silo again", lambda: rotate_silo(custody.table))
    do("silo retired again", lambda: retire_silo(custody.confirmed()))
    time.sleep(3)
    return shares


def _after(report: Report, load: Load, served: Served, db: Databases) -> None:
    """Wait until the worker has taken in what was sent, and open everything there is."""
    report.answers, report.failed, report.faults = load.counts.answers, load.counts.failed, load.faults
    report.sent, report.opened = len(load.sent), load.opened
    _until(lambda: _count(db, "front", Submission) == 0, "the worker to take everything in")
    report.taken_in = _count(db, "desk", Visit)
    report.walked = {
        "space by words": sum(_comes_back(served, one) for one in load.sent[:: max(1, len(load.sent) // 8)])
    }
    for kind, opens in openings(open_vault(served.settings, db).keystore, db):
        report.walked[kind] = report.walked.get(kind, 0) + 1
        try:
            opens()
        except (KeystoreError, Unsealable, AssertionError) as fault:
            report.left.append(f"{kind}: {type(fault).__name__}")


def _comes_back(served: Served, somebody: Any) -> bool:
    """Open a patient's space by their words, in a new browser."""
    patient = load_settings(read_file(file_of(served.settings.var, "patient")))
    load = Load(served, patient)
    with load.line(served.patient) as line:
        again = load.somebody(line)
        page = again.comes_back_with(" ".join(somebody.noted))
        assert page.path == "/e", page.path
    return True


def _opened_by(root: Root, directory: Path) -> list[str]:
    """Return the key files that former silo keys open."""
    found = []
    for path in sorted(directory.glob("*-*.key")):
        kind, _, name = path.stem.partition("-")
        try:
            unlock_by_any(root.versions(_SILO_OF[kind]), path.read_bytes(), bound_to(kind, name))
            found.append(path.name)
        except Unsealable:
            continue
    return found


def _tried(directory: Path, shares: tuple[str, ...]) -> str:
    """Return what former shares are answered; empty when they open."""
    try:
        open_file(directory, Unlock(shares=shares))
    except KeystoreError as refusal:
        return type(refusal).__name__
    return ""


def _custody(served: Served, db: Databases) -> Custody:
    people = People()
    return Custody(Table(served.settings, db, system_clock, people, time.sleep, cost=CHEAP_LOCK), people)


def _index_key(var: Path) -> None:
    """Make the keystore, with a key of blind indexes that is to end at the turn of a year."""
    settings = set_up(CHEAP_WORDS | {"PARAVENT_VAR": str(var), "PARAVENT_TLS": "0", "PARAVENT_DEMO": "1"})
    index_keys(Keystore.open(settings.keystore, unlock_of(settings))).current(INDEX_MADE)


def _next_monday() -> datetime:
    now = system_clock()
    return datetime.combine(now.date() + timedelta(days=7 - now.weekday()), datetime.min.time(), UTC)


def _appoint(db: Databases) -> None:
    """Make a second administrator of one of the demonstration's people."""
    with db.writing("desk") as session:
        session.execute(update(Staff).where(Staff.login == ADMINISTRATORS[1]).values(role="administrator"))


def _names(served: Served, db: Databases) -> dict[str, list[str]]:
    keystore = open_vault(served.settings, db).keystore
    return {kind: list(names) for kind, names in keystore.names().items()} | {"index": index_keys(keystore).names()}


def _count(db: Databases, silo: Any, table: Any) -> int:
    with db.reading(silo) as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def _until(holds: Callable[[], bool], what: str) -> None:
    """Wait for something, some time of the stopwatch. Raises TimeoutError."""
    until = time.monotonic() + _WAIT
    while not holds():
        if time.monotonic() > until:
            raise TimeoutError(what)
        time.sleep(0.1)


if __name__ == "__main__":
    _folder, *_admin = sys.argv[1:]
    _report = play(Path(_folder), Machine(), _admin[0] if _admin else None)
    sys.stdout.write(f"{REPORT}{json.dumps(asdict(_report))}\n")
