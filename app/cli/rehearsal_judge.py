"""Judges what came back at a rehearsal, and says in plain sentences what may not leave and where it stands."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from app.cli.rehearsal_house import BROKEN_PATH, House, Panne
from app.cli.rehearsal_surfaces import seen_of, shape_fault
from app.cli.rehearsal_visitor import LOOKS, USUAL, Exchange, Listener, Look, Visitor, size_fault
from app.discretion.gate import Refused, leaving
from app.discretion.lexicon import Lexicon
from app.discretion.sizes import OverBudget
from app.discretion.surfaces import Surface
from app.profiles.faults import Fault


@dataclass(slots=True)
class Where:
    """What is being tried, as a fault names it: the file, the key in it that decides, how the page is asked for."""

    file: str
    key: str = ""
    look: Look = USUAL


@dataclass(slots=True)
class Judge:
    """Collects faults, each once. `lexicon` holds the names of its house's people and acts: one judge a house."""

    lexicon: Lexicon
    listener: Listener
    faults: dict[str, None] = field(default_factory=dict)
    judged: int = 0
    least_room: int | None = None
    _lines: int = 0
    _withheld: int = field(init=False)
    _passed: set[tuple[Surface, str]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._withheld = self.listener.withheld

    def hears(self, visitor: Visitor, where: Where) -> None:
        """Judge all that travelled since last time, and all that was logged meanwhile."""
        for exchange in visitor.exchanges:
            self.judged += 1
            self._weigh(exchange, where)
            for surface, text in seen_of(exchange):
                self._pass(surface, text, where, f"{surface} of {exchange.path}")
        visitor.exchanges.clear()
        self._log(where)

    def says(self, where: Where, reason: str) -> None:
        """Keep a fault."""
        self.faults.setdefault(str(Fault(where.file, where.key, reason)))

    def _pass(self, surface: Surface, text: str, where: Where, place: str) -> None:
        if (surface, text) in self._passed:
            return
        try:
            leaving(surface, text, self.lexicon)
            self._passed.add((surface, text))
        except Refused as refused:
            self.says(where, f"{place}, {LOOKS[where.look]}: {refused}")

    def _weigh(self, exchange: Exchange, where: Where) -> None:
        if exchange.room is not None:
            known = self.least_room
            self.least_room = exchange.room if known is None else min(known, exchange.room)
        for found in (size_fault(exchange), shape_fault(exchange), self._failure(exchange)):
            if found:
                self.says(where, f"page {exchange.path}, {LOOKS[where.look]}: {found}")

    def _failure(self, exchange: Exchange) -> str | None:
        """Say why a page is that of our own faults."""
        if exchange.status < 500 or exchange.path == BROKEN_PATH:
            return None
        errors = [one for one in self.listener.errors if not isinstance(one, Panne)]
        self.listener.errors.clear()
        told = [str(one) if isinstance(one, OverBudget | Refused) else type(one).__name__ for one in errors]
        return told[-1] if told else f"answered {exchange.status}"

    def _log(self, where: Where) -> None:
        for line in self.listener.lines[self._lines :]:
            self._pass(Surface.LOG_LINE, line, where, "a log line")
        self._lines = len(self.listener.lines)
        if self.listener.withheld > self._withheld:
            self.says(where, f"a log line, {LOOKS[where.look]}: it would tell, had its gate not withheld a value")
        self._withheld = self.listener.withheld

    def searches(self, house: House) -> None:
        """Judge what the journeys left unsealed in the silos: rows that wait to go out, and the ledger's events."""
        for place, text in house.kept_in_clear():
            where = Where("silos", place)
            self._pass(Surface.OUTBOX, text, where, "a row")


@contextmanager
def listening() -> Iterator[Listener]:
    """Keep every line the process logs until the block ends, and write none of them anywhere else."""
    listener, root, ours = Listener(), logging.root, logging.getLogger("paravent")
    before = root.handlers[:], ours.level
    root.handlers[:] = [listener]
    ours.setLevel(logging.INFO)
    try:
        yield listener
    finally:
        root.handlers[:] = before[0]
        ours.setLevel(before[1])
