"""Requests a second on the server that `paravent serve` starts, in absolute figures, time grid on and off."""

from pathlib import Path

from bench import load
from bench.figures import Figure, Section
from bench.installation import an_installation
from bench.servers import WORKERS, granian, paravent_serve

TITLE = f"production server: granian, {WORKERS} processes of 64 threads"
SECONDS = 4
_MANY = 64
"""Connections where answers wait for the grid: eight of them would only measure the waiting."""


def measure(seconds: int = SECONDS) -> Section:
    """Measure hello and the first funnel page. Raises ProgramMissing, BadRun."""
    with an_installation() as installation:
        folder = installation.folder
        with granian("bench.hello:application", folder) as port:
            hello = _run(f"http://127.0.0.1:{port}/", folder, seconds, load.CONNECTIONS)
        off = {"GRID_MS": "0", "WORDS_GRID_MS": "0"}
        with paravent_serve(folder, installation.environ(**off)) as port:
            bare = _run(f"http://127.0.0.1:{port}/r/01", folder, seconds, load.CONNECTIONS)
        with paravent_serve(folder, installation.environ()) as port:
            waiting = _run(f"http://127.0.0.1:{port}/r/01", folder, seconds, _MANY)
    grid = installation.patient.grid_ms
    return Section(
        TITLE,
        (
            _figure("bare Flask hello, 8 connections", hello),
            _figure("first funnel page, grid off, 8 connections", bare),
            _figure(f"first funnel page, grid of {grid} ms, {_MANY} connections", waiting),
        ),
    )


def _run(url: str, folder: Path, seconds: int, connections: int) -> load.Run:
    load.get(url, folder, 1, connections=connections)
    return load.get(url, folder, seconds, connections=connections)


def _figure(name: str, run: load.Run) -> Figure:
    return Figure(name, run.per_second, "a second", note=f"99 of 100 within {run.p99_ms:.0f} ms")
