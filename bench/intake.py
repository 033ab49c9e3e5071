"""What the worker spends on carrying one submission in, what code words cost, and sealing beside bare AES-GCM."""

import time
from collections.abc import Callable
from statistics import median

from app.booking.journey import Funnel, place
from app.booking.send import send
from app.booking.submission import Entered
from app.booking.words import WordsLock
from app.clock import system_clock
from app.config import WordsCost
from app.vault.intake import load_intake_key
from app.vault.tokens import new_token
from app.vault.words import WordKeys, derive_word_keys
from app.worker.intake import take_in
from bench import sealing
from bench.answers import LANGUAGE, acts, walk
from bench.figures import Figure, Section
from bench.installation import Installation, an_installation

TITLE = "behind the pages: worker, code words, sealing"
SUBMISSIONS = 200
CHECK_PAGE = 8
_DERIVATIONS = 5


class NotTakenIn(Exception):
    """The worker did not carry in every submission that was sent."""


def measure(submissions: int = SUBMISSIONS) -> Section:
    """Measure all. Raises NotTakenIn."""
    cost = WordsCost()
    return Section(
        TITLE,
        (
            _intake(submissions),
            Figure(
                "code words to keys (Argon2id)",
                median(_seconds(lambda: _keys(cost)) for _ in range(_DERIVATIONS)) * 1000,
                "ms",
                note=f"{cost.memory_kib // 1024} MiB, {cost.passes} passes, {cost.lanes} lane",
            ),
            *_sealing(),
        ),
    )


def _intake(submissions: int) -> Figure:
    with an_installation() as installation:
        funnel, lock = installation.funnel(), _lock()
        act = next(iter(acts(funnel).values()))
        for _ in range(submissions):
            _send(installation, funnel, act, lock)
        vault = installation.vault()
        started, before = time.perf_counter(), time.process_time()
        carried = take_in(installation.db, vault, system_clock)
        elapsed, busy = time.perf_counter() - started, time.process_time() - before
    if carried != submissions:
        raise NotTakenIn(f"{carried} of {submissions}")
    note = f"mean of {submissions}; {busy / submissions * 1000:.1f} ms of it computing, the rest waits for the disk"
    return Figure("worker, one submission", elapsed / submissions * 1000, "ms", note=note)


def _send(installation: Installation, funnel: Funnel, act: str, lock: WordsLock) -> None:
    """Make a whole journey in this process and send it, without a slot and with words that cost nothing."""
    token = new_token()
    walk(funnel, token, CHECK_PAGE, act, take_slot=False)
    there = place(funnel, token, LANGUAGE, CHECK_PAGE)
    own_lock = WordsLock(there.draft.id.bytes * 2, lock.public)
    patient = installation.patient
    key = load_intake_key(patient.public_keys, patient.verify_key, there.now)
    send(funnel, key, there.draft, there.outlook, own_lock, Entered())


def _lock() -> WordsLock:
    keys = _keys(WordsCost(memory_kib=64, passes=1))
    return WordsLock(keys.locator, keys.public_bytes)


def _keys(cost: WordsCost) -> WordKeys:
    return derive_word_keys("sept mots que personne ne note", bytes(16), cost)


def _seconds(act: Callable[[], object]) -> float:
    started = time.perf_counter()
    act()
    return time.perf_counter() - started


def _sealing() -> tuple[Figure, ...]:
    found = sealing.measure()
    return tuple(
        Figure(
            f"{verb} 1 KB",
            found[f"{word}_1k_ratio"],
            "of AES-GCM",
            at_least=sealing.BAR if word == "seal" else None,
            note=f"{found[f'{word}_1k_us']:.1f} µs beside {found[f'bare_{word}_1k_us']:.1f} µs",
        )
        for verb, word in (("sealing", "seal"), ("opening", "open"))
    )
