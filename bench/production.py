"""Requests a second on the server that `paravent serve` starts, in absolute figures, time grid on and off."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil
from pathlib import Path

from app.web.metrics import EVERY_SECONDS, summed
from bench import load
from bench.figures import Figure, Section
from bench.installation import Installation, an_installation
from bench.servers import WORKERS, granian, paravent_serve

TITLE = f"production server: granian, {WORKERS} processes of 64 threads"
SECONDS = 4
_MANY = 64
"""Connections where answers wait for the grid: eight of them would only measure the waiting."""
_CROWD = 256
RATIO_BAR = 0.90
_ROUNDS = 3
"""Pairs of runs, grid off and on in turn: their median ratio is the figure."""
_OFF = {"GRID_MS": "0", "WORDS_GRID_MS": "0"}


@dataclass(frozen=True, slots=True)
class Crowd:
    """One pair of runs at many connections, and what share of the answers with the grid missed their first slot."""

    off: load.Run
    on: load.Run
    late: float

    @property
    def ratio(self) -> float:
        """Requests a second with the grid, of those without."""
        return self.on.per_second / self.off.per_second


def measure(seconds: int = SECONDS) -> Section:
    """Measure hello and the first funnel page. Raises ProgramMissing, BadRun."""
    with an_installation() as installation:
        folder = installation.folder
        with granian("bench.hello:application", folder) as port:
            hello = _run(f"http://127.0.0.1:{port}/", folder, seconds, load.CONNECTIONS)
        with paravent_serve(folder, installation.environ(**_OFF)) as port:
            bare = _run(f"http://127.0.0.1:{port}/r/01", folder, seconds, load.CONNECTIONS)
        with paravent_serve(folder, installation.environ()) as port:
            waiting = _run(f"http://127.0.0.1:{port}/r/01", folder, seconds, _MANY)
        crowds = [_crowd(installation, seconds) for _ in range(_ROUNDS)]
    grid = installation.patient.grid_ms
    return Section(
        TITLE,
        (
            _figure("bare Flask hello, 8 connections", hello),
            _figure("first funnel page, grid off, 8 connections", bare),
            _figure(f"first funnel page, grid of {grid} ms, {_MANY} connections", waiting),
            *_crowd_figures(crowds),
        ),
    )


def _crowd(installation: Installation, seconds: int) -> Crowd:
    """Measure the same server with the grid off, then on, at many connections."""
    folder, path = installation.folder, "/r/01"
    with paravent_serve(folder, installation.environ(**_OFF)) as port:
        off = _run(f"http://127.0.0.1:{port}{path}", folder, seconds, _CROWD)
    with paravent_serve(folder, installation.environ()) as port:
        on = _run(f"http://127.0.0.1:{port}{path}", folder, max(seconds, ceil(EVERY_SECONDS)), _CROWD)
        counted = summed(installation.settings.var)
    answers = sum(count for series, count in counted.items() if series.startswith("paravent_responses_total"))
    return Crowd(off, on, counted["paravent_grid_overruns_total"] / max(1, answers))


def _crowd_figures(crowds: list[Crowd]) -> Iterator[Figure]:
    crowds = sorted(crowds, key=lambda crowd: crowd.ratio)
    middle = crowds[len(crowds) // 2]
    yield _figure(f"first funnel page, grid off, {_CROWD} connections", middle.off)
    yield _figure(f"first funnel page, grid on, {_CROWD} connections", middle.on)
    spread = (
        f"{crowds[0].ratio:.2f} to {crowds[-1].ratio:.2f}; {middle.late:.0%} of answers missed their first slot"
    )
    yield Figure(f"grid on, {_CROWD} connections", middle.ratio, "of grid off", at_least=RATIO_BAR, note=spread)


def _run(url: str, folder: Path, seconds: int, connections: int) -> load.Run:
    load.get(url, folder, 1, connections=connections)
    return load.get(url, folder, seconds, connections=connections)


def _figure(name: str, run: load.Run) -> Figure:
    return Figure(name, run.per_second, "a second", note=f"99 of 100 within {run.p99_ms:.0f} ms")
