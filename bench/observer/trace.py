"""What an observer makes of records: the handshake set apart, then one exchange for each request."""

from collections.abc import Sequence
from dataclasses import dataclass

from bench.observer.tap import APPLICATION, Record

Sizes = tuple[tuple[str, int], ...]
"""The direction and length of each record, in order."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request and its answer: bytes each way, seconds until the answer began, and seconds it lasted."""

    up: int
    down: int
    delay: float
    lasting: float


class Torn(Exception):
    """Records that are no sequence of questions and answers: somebody hung up, or spoke out of turn."""


@dataclass(frozen=True, slots=True)
class Trace:
    """One connection: what came before the first request, and everything after."""

    opening: tuple[Record, ...]
    requests: tuple[Record, ...]

    @property
    def sizes(self) -> Sizes:
        """Return the lengths of all records from the first request on."""
        return sizes_of(self.requests)

    @property
    def tickets(self) -> Sizes:
        """Return what the server sent by itself after the handshake: session tickets (RFC 8446, 4.6.1)."""
        last = max((place for place, record in enumerate(self.opening) if record.up), default=-1)
        return sizes_of(self.opening[last + 1 :])

    @property
    def exchanges(self) -> list[Exchange]:
        """Return the exchanges, told apart by the change of direction: a browser waits for its answer. Raises Torn.

        The time between an answer and the next request is the person's and the browser's: it is left out.
        """
        found: list[Exchange] = []
        place, records = 0, self.requests
        while place < len(records):
            asked = _run(records, place, up=True)
            answered = _run(records, place + len(asked), up=False)
            if not asked or not answered:
                raise Torn(f"{len(records) - place} records after {len(found)} exchanges")
            found.append(_exchange(asked, answered))
            place += len(asked) + len(answered)
        return found


def sizes_of(records: Sequence[Record]) -> Sizes:
    """Return direction and length of the records that carry something encrypted."""
    return tuple(("up" if one.up else "down", one.length) for one in records if one.kind == APPLICATION)


def difference(first: Sizes, second: Sizes) -> str:
    """Say where two sequences part; nothing when they are the same."""
    if first == second:
        return ""
    for place, (one, other) in enumerate(zip(first, second, strict=False)):
        if one != other:
            return f"record {place + 1}: {one[0]} {one[1]}, or {other[0]} {other[1]}"
    return f"{len(first)} records, or {len(second)}"


def _run(records: Sequence[Record], start: int, *, up: bool) -> list[Record]:
    end = start
    while end < len(records) and records[end].up == up:
        end += 1
    return list(records[start:end])


def _exchange(asked: Sequence[Record], answered: Sequence[Record]) -> Exchange:
    return Exchange(
        sum(one.length for one in asked),
        sum(one.length for one in answered),
        answered[0].at - asked[-1].at,
        answered[-1].at - answered[0].at,
    )
