"""A process that uses a keystore without a pause, as clinic and worker do, until it is told to stop.

Run as `python -m tests.unit.cli.keys_in_use FOLDER ROLE NUMBER`: role `clinic` opens and keeps secrets and opens
second factors; role `worker` makes, turns and destroys keys of half-days, weeks and indexes, half a day a round.
The moment it is lies in a file that the worker writes. What was done, and every fault, goes to a file of its own.
"""

import json
import sys
import time
import traceback
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

from sqlalchemy import select

from app.clinic.sign_in import totp_label
from app.db import Databases
from app.desk.models import Staff
from app.vault.blind import index_keys
from app.vault.closing import close
from app.vault.keystore import SETTLE, Keystore, Unlock
from app.vault.models import Secret
from app.vault.sealing import new_secret

NOW_FILE, STOP_FILE = "now", "stop"
HALF_A_DAY = timedelta(hours=12)
_SETTLE_SECONDS = 0.15
_MOST = 60
"""Secrets that a clinic adds: more would only make each round of the worker longer."""


def done_file(folder: Path, role: str, number: int) -> Path:
    """Return where a process says what it did."""
    return folder / f"{role}{number}.json"


class Clinic:
    """Opens what there is and keeps new secrets."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._db = _silos(folder)
        self._keystore = _keystore(folder)
        self._mine: dict[UUID, bytes] = {}

    def work(self) -> None:
        """Keep one secret more, then open a few kept and every second factor, and look at every index key."""
        now = datetime.fromisoformat((self._folder / NOW_FILE).read_text())
        if len(self._mine) < _MOST:
            pseudonym, secret = uuid4(), new_secret()
            with self._db.writing("keys") as session:
                self._keystore.put(session, pseudonym, "care", secret, now)
            self._mine[pseudonym] = secret
        with self._db.reading("keys") as session:
            for pseudonym in list(self._mine)[-5:]:
                assert self._keystore.get(session, pseudonym, "care") == self._mine[pseudonym], "another secret"
        with self._db.reading("desk") as session:
            for person in session.scalars(select(Staff)):
                assert self._keystore.open_field("desk", totp_label(person.id), person.sealed_totp or b"")
        assert self._keystore.derive_field("desk", "forms")
        keys = index_keys(self._keystore)
        assert len(keys.readable()) == len(keys.names()), "an index key can't be read"


class Worker:
    """Makes, turns and destroys keys, half a day at each round."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._db = _silos(folder)
        self._keystore = _keystore(folder)
        self.destroyed = 0
        self._left: tuple[str, ...] = ()

    def work(self) -> None:
        """Turn the keys of the half-day, and destroy what the round before left unused or closed.

        The pause stands for the ten minutes in which a key outlives its replacement.
        """
        file = self._folder / NOW_FILE
        now = datetime.fromisoformat(file.read_text()) + HALF_A_DAY
        self._keystore.ensure_epoch(now)
        beside = file.with_suffix(".new")
        beside.write_text(now.isoformat())
        beside.replace(file)
        index_keys(self._keystore).current(now)
        for moment in (now, now + SETTLE):
            day, more = self._keystore.turn(moment), True
            while more:
                with self._db.writing("keys") as session:
                    more = day.move_batch(session)
            assert day.lost == 0, "secrets were lost"
        time.sleep(_SETTLE_SECONDS)
        self._keystore.destroy_days(self._left)
        self.destroyed += len(self._left)
        self._left = day.unused()
        pairs = self._keystore.intakes
        with self._db.writing("keys") as session:
            old = pairs.old(session, now + SETTLE)
            close(session, pairs.outgoing(now + SETTLE), now)
        pairs.unpublish(old)
        pairs.destroy(old)
        self.destroyed += len(old)


def unopened(folder: Path) -> list[Secret]:
    """Return the secrets that don't open now."""
    keystore, db, faults = _keystore(folder), _silos(folder), []
    with db.reading("keys") as session:
        for row in session.scalars(select(Secret)).all():
            try:
                keystore.get(session, row.pseudonym, row.purpose)
            except Exception:
                faults.append(row)
    db.dispose()
    return faults


def _keystore(folder: Path) -> Keystore:
    return Keystore.open(folder / "keystore", Unlock(key_file=folder / "unlock.key"))


def _silos(folder: Path) -> Databases:
    return Databases({"keys": f"sqlite:///{folder}/keys.sqlite", "desk": f"sqlite:///{folder}/desk.sqlite"})


def _until_told(folder: Path, work: Callable[[], None]) -> dict[str, object]:
    rounds, faults = 0, []
    while not (folder / STOP_FILE).exists():
        try:
            work()
        except Exception:
            faults.append(traceback.format_exc())
        rounds += 1
    return {"rounds": rounds, "faults": faults}


def _main(folder: Path, role: str, number: int) -> None:
    works = Worker(folder) if role == "worker" else Clinic(folder)
    found = _until_told(folder, works.work)
    if isinstance(works, Worker):
        found["destroyed"] = works.destroyed
    done_file(folder, role, number).write_text(json.dumps(found))


if __name__ == "__main__":
    _main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
