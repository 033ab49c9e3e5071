"""Hundreds of whole journeys, several at a time in processes of their own, specialties in random order."""

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing import get_context
from random import Random
from subprocess import DEVNULL, Popen

from bench.observer.guest import Strayed
from bench.observer.playing import play
from bench.observer.premises import Premises
from bench.observer.scenarios import Case, plain
from bench.observer.tap import Tap
from bench.observer.trace import Exchange, Torn
from bench.processes import clean_environment, require

AT_A_TIME = 2
LOAD_CONNECTIONS = 64
_LOT = 40
"""Journeys after which the agenda is cleared, so that each lot finds the same clinic."""
_ENOUGH_SECONDS = 24 * 3600


class TooManyStrayed(Exception):
    """Journeys that ended otherwise than meant are more than two patients wanting one slot explains."""


@dataclass(slots=True)
class Collected:
    """What was seen: the exchanges of each journey, with the specialty it was for, and how many were done again."""

    journeys: list[list[Exchange]] = field(default_factory=list)
    specialties: list[str] = field(default_factory=list)
    again: int = 0


_tap: Tap | None = None
"""The tap of this process, which plays one journey at a time."""
_pause = 0.0
"""How long its browser waits before each request."""


def collect(premises: Premises, port: int, each: int, seed: int, pause: float = 0.0) -> Collected:
    """Play `each` journeys a specialty, for any of its acts. Raises TooManyStrayed, and Torn for an odd journey."""
    wanted, found = _jobs(premises.cases(), each, Random(seed)), Collected()  # noqa: S311 - repeatable, not secret
    spawning = get_context("spawn")
    with ProcessPoolExecutor(AT_A_TIME, spawning, initializer=_begin, initargs=(port, pause)) as pool:
        while wanted:
            lot, wanted = wanted[:_LOT], wanted[_LOT:]
            premises.clear_agenda()
            for job, seen in zip(lot, pool.map(_journey, lot), strict=True):
                if seen is None:
                    wanted.append((job[0], job[1] + 1))
                    found.again += 1
                    continue
                found.journeys.append(seen)
                found.specialties.append(job[0].profile)
            if found.again > len(found.journeys):
                raise TooManyStrayed(f"{found.again} of {found.again + len(found.journeys)} journeys")
    if len({len(journey) for journey in found.journeys}) != 1:
        raise Torn("journeys of more requests than others: their number alone would tell them apart")
    return found


@contextmanager
def load(port: int) -> Iterator[None]:
    """Let 64 connections ask for the first page without a pause until the block ends. Raises ProgramMissing."""
    command = [
        require("wrk", "wrk"),
        "-t1",
        f"-c{LOAD_CONNECTIONS}",
        f"-d{_ENOUGH_SECONDS}s",
        "-H",
        "Accept-Encoding: gzip",
        f"https://127.0.0.1:{port}/r/01",
    ]
    asking = Popen(command, env=clean_environment(), stdout=DEVNULL, stderr=DEVNULL)  # noqa: S603 - our own command
    try:
        yield
    finally:
        asking.terminate()
        asking.wait()


def _jobs(cases: list[Case], each: int, chance: Random) -> list[tuple[Case, int]]:
    """Return as many journeys for each specialty, with acts and seeds drawn, shuffled."""
    jobs = [
        (chance.choice([case for case in cases if case.profile == profile]), chance.getrandbits(30))
        for profile in sorted({case.profile for case in cases})
        for _ in range(each)
    ]
    chance.shuffle(jobs)
    return jobs


def _begin(port: int, pause: float) -> None:
    global _tap, _pause
    _pause = pause
    _tap = Tap(port)
    _tap.__enter__()


def _journey(job: tuple[Case, int]) -> list[Exchange] | None:
    """Play one journey; None when it ended otherwise than meant."""
    assert _tap is not None
    case, seed = job
    try:
        (trace,) = play(plain, case, _tap, _tap.behind, seed=seed, pause=_pause)
    except Strayed:
        return None
    return trace.exchanges
