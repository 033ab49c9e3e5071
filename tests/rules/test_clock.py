"""Time is passed in: one module reads the clock, and the release of pages reads a stopwatch."""

import ast

import pytest

from tests.rules.sources import Source, dotted, sources

READS_CLOCK = (
    "datetime.now", "datetime.utcnow", "datetime.today", "date.today",
    "time.time", "time.time_ns", "time.localtime", "time.gmtime",
    "time.monotonic", "time.monotonic_ns", "time.perf_counter", "time.perf_counter_ns",
)  # fmt: skip
FROM_TIME = {name.removeprefix("time.") for name in READS_CLOCK if name.startswith("time.")}
MAY_READ = {
    "app/clock.py": {"datetime.now"},
    "app/web/grid.py": {"time.monotonic", "time.monotonic_ns", "monotonic", "monotonic_ns"},
}
"""File to what it may read."""


def faults_of_clock(files: list[Source]) -> list[str]:
    """Return each place that reads the machine's time and may not."""
    return [
        file.at(node, f"reads {name}")
        for file in files
        for node in ast.walk(file.tree)
        if (name := _read(node)) and name not in MAY_READ.get(file.path, set())
    ]


def _read(node: ast.AST) -> str:
    if isinstance(node, ast.ImportFrom) and node.module == "time":
        return next((alias.name for alias in node.names if alias.name in FROM_TIME), "")
    if isinstance(node, ast.Attribute):
        name = dotted(node)
        return next((read for read in READS_CLOCK if name == read or name.endswith(f".{read}")), "")
    return ""


def test_only_the_clock_reads_the_clock() -> None:
    assert faults_of_clock(sources("app", "wsgi.py")) == []


@pytest.mark.parametrize(
    "wrong",
    [
        "datetime.now(UTC)",
        "datetime.datetime.utcnow()",
        "date.today()",
        "time.time()",
        "from time import monotonic",
    ],
)
def test_a_wrong_reader_is_seen(wrong: str) -> None:
    assert len(faults_of_clock([Source("app/booking/slots.py", wrong)])) == 1


def test_the_stopwatch_is_for_the_grid_alone() -> None:
    assert faults_of_clock([Source("app/web/grid.py", "time.monotonic()")]) == []
    assert len(faults_of_clock([Source("app/web/grid.py", "time.time()")])) == 1
