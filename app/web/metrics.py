"""What a process counts of itself, kept in a small file that a collector reads: no port, no network, no person.

A counter is declared once with every value its label may take, and each passes the gate: nothing that somebody
asked for, typed or opened can become a label. Files are in Prometheus' text format, one a process.
"""

import logging
import os
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Protocol

from app.discretion.gate import leaving
from app.discretion.surfaces import Surface

log = logging.getLogger("paravent.web")

EVERY_SECONDS = 15.0
"""How often a process writes its figures: seldom enough that they tell nothing of one visit."""
_FOLDER = "metrics"


class Series(Protocol):
    """What can be written: a counter, or a number kept elsewhere."""

    def lines(self, process: str) -> Iterator[str]:
        """Yield it as Prometheus' text format has it."""
        ...


class Counter:
    """A number that only grows, one for each value of its label. Raises Betrayal for a name or value that tells."""

    def __init__(self, name: str, meaning: str, label: str = "", values: Iterable[str] = ("",)) -> None:
        self.name = leaving(Surface.METRIC, name)
        self.meaning = leaving(Surface.METRIC, meaning)
        self._label = leaving(Surface.METRIC, label)
        self._counts: dict[str, int] = {leaving(Surface.METRIC, value): 0 for value in values}
        self._turn = threading.Lock()

    def add(self, value: str = "", number: int = 1) -> None:
        """Count. Raises KeyError for a value that was not declared."""
        with self._turn:
            self._counts[value] += number

    @property
    def total(self) -> int:
        """The sum over all values of the label."""
        return sum(self._counts.values())

    def lines(self, process: str) -> Iterator[str]:
        """Yield the counter as Prometheus' text format has it."""
        return _lines(self.name, self.meaning, self._label, self._counts, process)


class Kept:
    """A number that somebody below keeps, read when it is written. Raises Betrayal for a name that tells."""

    def __init__(self, name: str, meaning: str, read: Callable[[], int]) -> None:
        self._name = leaving(Surface.METRIC, name)
        self._meaning = leaving(Surface.METRIC, meaning)
        self._read = read

    def lines(self, process: str) -> Iterator[str]:
        """Yield the number as Prometheus' text format has it."""
        return _lines(self._name, self._meaning, "", {"": self._read()}, process)


def _lines(name: str, meaning: str, label: str, counts: Mapping[str, int], process: str) -> Iterator[str]:
    yield f"# HELP {name} {meaning}"
    yield f"# TYPE {name} counter"
    for value, count in counts.items():
        told = f'{label}="{value}",' if label else ""
        yield f'{name}{{{told}process="{process}"}} {count}'


class Exporter:
    """Writes the counters of one process to `var/metrics`, in the background.

    A disk that is full or a folder that is gone stops no process: it is logged once, until writing succeeds again.
    """

    def __init__(self, var: Path, zone: str, counters: Iterable[Series]) -> None:
        self._folder, self._process = var / _FOLDER, f"{zone}-{os.getpid()}"
        self._counters = tuple(counters)
        self._failing = False

    def start(self) -> None:
        """Remove the files of processes that ended, write the first figures, and go on until the process ends."""
        self._try(self._clear)
        self.write()
        threading.Thread(target=self._go_on, name="metrics", daemon=True).start()

    def write(self) -> None:
        """Write the figures of now, if that can be done."""
        if self._try(self._replace):
            self._failing = False

    def _try(self, act: Callable[[], None]) -> bool:
        """Say whether something could be done with the disk."""
        try:
            act()
        except OSError as error:
            if not self._failing:
                log.error("metrics could not be written", extra={"kind": type(error).__name__})
            self._failing = True
            return False
        return True

    def _clear(self) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for path in self._folder.glob("*.prom"):
            if not is_live(path):
                path.unlink(missing_ok=True)

    def _replace(self) -> None:
        """Replace this process's file, so that a reader finds the former or the new one, never a part."""
        lines = [line for counter in self._counters for line in counter.lines(self._process)]
        path = self._folder / f"{self._process}.prom"
        beside = path.with_suffix(".new")
        beside.write_text("\n".join([*lines, ""]), encoding="utf-8")
        beside.replace(path)

    def _go_on(self) -> None:
        pause = threading.Event()
        while not pause.wait(EVERY_SECONDS):
            self.write()


def is_live(path: Path) -> bool:
    """Say whether the process that wrote a file still runs."""
    _zone, _, number = path.stem.rpartition("-")
    try:
        os.kill(int(number), 0)
    except PermissionError:
        return True
    except (ValueError, ProcessLookupError):
        return False
    return True


def summed(var: Path) -> dict[str, int]:
    """Return the sum of every live process's figures, by metric with its label."""
    sums: dict[str, int] = {}
    for path in sorted((var / _FOLDER).glob("*.prom")):
        if is_live(path):
            for line in path.read_text(encoding="utf-8").splitlines():
                if not line.startswith("#"):
                    series, _, count = line.rpartition(" ")
                    name = _without_process(series)
                    sums[name] = sums.get(name, 0) + int(count)
    return sums


def _without_process(series: str) -> str:
    name, _, labels = series.rstrip("}").partition("{")
    kept = [one for one in labels.split(",") if not one.startswith("process=")]
    return f"{name}{{{','.join(kept)}}}" if kept else name
