"""Keys: opening the sealed contacts of a long list, and the turn of the day's key, beside AES-256-GCM done bare.

Bare is: a new key object for each, a random nonce, the same associated data, nothing else. Rounds of ours and of
bare take turns, each of ours is set beside the mean of the bare ones before and after it, and the median counts.

Each figure is given for the cryptography alone, then with the keys silo: for a list, one trace written and every
secret read in one query; for the turn, every row read and written, 500 to a transaction, of fewer secrets since a
row's time does not depend on how many there are.
"""

import os
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from statistics import median
from uuid import UUID, uuid4

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import insert, select

from app.cli import silos
from app.clock import system_clock
from app.config import WordsCost
from app.db import Databases
from app.vault import openings
from app.vault.door import Taken
from app.vault.keystore import Keystore, Unlock
from app.vault.models import Secret
from app.vault.openings import Opened
from app.vault.sealing import SECRET_BYTES, Context, new_secret, seal
from app.vault.wrapping import DayKey
from bench.figures import Figure, Section
from tests.factories.scratch import postgres_silos, sqlite_silos

TITLE = "keys: opening a long list, and the turn of the day's key, beside bare AES-256-GCM"
LIST, LIST_BAR = 10_000, 0.20
TURN, TURN_BAR = 100_000, 0.30
TURN_WITH_SILO = 20_000
ROUNDS = 5
_PLAINTEXT = b"v" * 1024
_CHEAP = WordsCost(memory_kib=64, passes=1)

Timed = Callable[[], float]
"""One round; returns its seconds."""


@dataclass(frozen=True, slots=True)
class _Sealed:
    """One object of the list, sealed as the product does, with what bare AES-GCM makes of the same bytes."""

    context: Context
    sealed: bytes
    kept: Opened
    secret: bytes
    nonce: bytes
    bare: bytes


def measure(objects: int = LIST, secrets: int = TURN, rounds: int = ROUNDS) -> Section:
    """Measure all."""
    with_silo = _with_silos(objects, min(secrets, TURN_WITH_SILO), rounds)
    return Section(TITLE, (*_alone(objects, secrets, rounds), *with_silo))


def _alone(objects: int, secrets: int, rounds: int) -> Iterator[Figure]:
    key = DayKey(new_secret())
    made = _made(objects, key, "today")
    kept = {(one.kept.pseudonym, one.kept.purpose): one.kept for one in made}

    def opened() -> float:
        started = time.perf_counter()
        taken = Taken(kept, lambda _day: key)
        for one in made:
            taken.open(one.sealed, one.context)
        return time.perf_counter() - started

    yield _beside(f"open {objects:,} of 1 KB, alone", LIST_BAR, rounds, opened, lambda: _bare_opening(made))
    people = [uuid4() for _ in range(secrets)]
    wrapped = [(who, key.wrap(new_secret(), who, "contact")) for who in people]
    today = DayKey(new_secret())

    def turned() -> float:
        started = time.perf_counter()
        for who, one in wrapped:
            today.wrap(key.unwrap(one, who, "contact"), who, "contact")
        return time.perf_counter() - started

    bare = _bare_wrapping(people)
    yield _beside(f"wrap {secrets:,} secrets again, alone", TURN_BAR, rounds, turned, bare)


def _with_silos(objects: int, secrets: int, rounds: int) -> Iterator[Figure]:
    with tempfile.TemporaryDirectory(prefix="paravent-bench-") as name:
        with sqlite_silos(Path(name)) as db:
            yield from _with(db, "SQLite", Path(name), objects, secrets, rounds)
        try:
            with postgres_silos() as db:
                yield from _with(db, "PostgreSQL", Path(name), objects, secrets, rounds)
        except pytest.skip.Exception as missing:
            yield Figure("with PostgreSQL", None, note=str(missing))


def _with(db: Databases, kind: str, folder: Path, objects: int, secrets: int, rounds: int) -> Iterator[Figure]:
    silos.upgrade_silo(db, "keys")
    unlock_with = Unlock(passphrase=uuid4().hex)
    keystore = Keystore.create(folder / kind, folder / f"{kind}-public", unlock_with, system_clock(), _CHEAP)
    day = keystore.names()["secrets"][-1]
    made = _made(objects, keystore.keys_of_days()(day), day)
    with db.writing("keys") as session:
        session.execute(insert(Secret), [_row(one.kept) for one in made])

    def opened() -> float:
        started, event = time.perf_counter(), uuid4()
        pairs = [(one.kept.pseudonym, one.kept.purpose) for one in made]
        with db.writing("keys") as session:
            openings.note(session, event, pairs)
        with db.reading("keys") as session:
            found = {(one.pseudonym, one.purpose): one for one in openings.opened(session, event)}
        taken = Taken(found, keystore.keys_of_days())
        for one in made:
            taken.open(one.sealed, one.context)
        return time.perf_counter() - started

    yield _beside(f"open {objects:,} of 1 KB, {kind}", LIST_BAR, rounds, opened, lambda: _bare_opening(made))
    yield _turning(db, kind, keystore, day, secrets - objects, rounds)


def _turning(db: Databases, kind: str, keystore: Keystore, day: str, more: int, rounds: int) -> Figure:
    """Turn the key of a day to the next, all secrets of the silo each time."""
    key, now = keystore.keys_of_days()(day), system_clock()
    for page in range(0, more, LIST):
        with db.writing("keys") as session:
            session.execute(insert(Secret), [_fresh(uuid4(), key, day) for _ in range(min(LIST, more - page))])
    days = iter(range(1, rounds + 1))

    def turned() -> float:
        there = now + timedelta(days=next(days))
        keystore.ensure_epoch(there)
        turn, started = keystore.turn(there), time.perf_counter()
        more = True
        while more:
            with db.writing("keys") as session:
                more = turn.move_batch(session)
        return time.perf_counter() - started

    with db.reading("keys") as session:
        people = list(session.scalars(select(Secret.pseudonym)))
    bare = _bare_wrapping(people)
    return _beside(f"wrap {len(people):,} secrets again, {kind}", TURN_BAR, rounds, turned, bare)


def _made(count: int, key: DayKey, day: str) -> list[_Sealed]:
    """Seal as many objects, each of another pseudonym, under secrets of their own."""
    made = []
    for _ in range(count):
        context = Context("identity.contact", uuid4(), "contact", uuid4(), 1)
        secret, nonce = new_secret(), os.urandom(12)
        wrapped = key.wrap(secret, context.pseudonym, "contact")
        kept = Opened(context.pseudonym, "contact", withdrawn=False, epoch=day, wrapped=wrapped)
        bare = AESGCM(secret).encrypt(nonce, _PLAINTEXT, context.associated())
        made.append(_Sealed(context, seal(secret, _PLAINTEXT, context), kept, secret, nonce, bare))
    return made


def _row(kept: Opened) -> dict[str, object]:
    return {"pseudonym": kept.pseudonym, "purpose": kept.purpose, "epoch": kept.epoch, "wrapped": kept.wrapped}


def _fresh(who: UUID, key: DayKey, day: str) -> dict[str, object]:
    wrapped = key.wrap(new_secret(), who, "contact")
    return {"pseudonym": who, "purpose": "contact", "epoch": day, "wrapped": wrapped}


def _bare_opening(made: Sequence[_Sealed]) -> float:
    given = [(one.secret, one.nonce, one.bare, one.context.associated()) for one in made]
    started = time.perf_counter()
    for secret, nonce, bare, associated in given:
        AESGCM(secret).decrypt(nonce, bare, associated)
    return time.perf_counter() - started


def _bare_wrapping(people: Sequence[UUID]) -> Timed:
    """Return a round that decrypts and encrypts as many secrets."""
    old, new = os.urandom(32), os.urandom(32)
    given = []
    for who in people:
        nonce, bound = os.urandom(12), b"paravent secret 1 " + who.bytes + b"contact"
        given.append((nonce, AESGCM(old).encrypt(nonce, os.urandom(SECRET_BYTES), bound), bound))

    def wrapped() -> float:
        started = time.perf_counter()
        for nonce, sealed, bound in given:
            AESGCM(new).encrypt(os.urandom(12), AESGCM(old).decrypt(nonce, sealed, bound), bound)
        return time.perf_counter() - started

    return wrapped


def _beside(name: str, bar: float, rounds: int, ours: Timed, bare: Timed) -> Figure:
    """Let rounds of ours and of bare take turns."""
    bares, own = [bare()], []
    for _ in range(rounds):
        own.append(ours())
        bares.append(bare())
    ratios = sorted((a + b) / 2 / mine for mine, a, b in zip(own, bares, bares[1:], strict=False))
    seconds = f"{median(own):.3g} s beside {median(bares):.3g} s"
    return Figure(
        name, median(ratios), "of bare", at_least=bar, note=f"{ratios[0]:.3f} to {ratios[-1]:.3f}; {seconds}"
    )
