"""What a bench found: figures with their bar and the best peer's figure beside, as a table and as JSON."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

_HEADINGS = ("what", "found", "bar", "best of five peers", "", "note")
_MISSING = "-"


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure. `at_least` or `at_most` is its bar, `peer` the best peer's figure, as text.

    `value` is None for what could not be measured here; the note then says why.
    """

    name: str
    value: float | None
    unit: str = ""
    at_least: float | None = None
    at_most: float | None = None
    peer: str = ""
    note: str = ""

    @property
    def passed(self) -> bool | None:
        """Whether the bar is reached; None without a bar or without a figure."""
        if self.value is None or (self.at_least is None and self.at_most is None):
            return None
        above = self.at_least is None or self.value >= self.at_least
        return above and (self.at_most is None or self.value <= self.at_most)


@dataclass(frozen=True, slots=True)
class Section:
    """The figures of one bench, under one heading."""

    title: str
    figures: tuple[Figure, ...]


def skipped(title: str, reason: str) -> Section:
    """Return a section that says why it holds nothing."""
    return Section(title, (Figure("not measured", None, note=reason),))


def table(sections: Iterable[Section]) -> str:
    """Return all sections as one table of text, its columns aligned."""
    rows: list[tuple[str, ...]] = [_HEADINGS]
    for section in sections:
        rows.append((section.title.upper(), "", "", "", "", ""))
        rows += [_row(figure) for figure in section.figures]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADINGS) - 1)]
    return "\n".join(_line(row, widths) for row in rows)


def as_document(sections: Iterable[Section]) -> dict[str, list[dict[str, Any]]]:
    """Return all sections as plain values, without what is empty."""
    return {section.title: [_plain(figure) for figure in section.figures] for section in sections}


def _row(figure: Figure) -> tuple[str, ...]:
    found = _MISSING if figure.value is None else f"{_number(figure.value)} {figure.unit}".strip()
    mark = {None: "", True: "ok", False: "MISSED"}[figure.passed]
    return (f"  {figure.name}", found, _bar(figure), figure.peer, mark, figure.note)


def _bar(figure: Figure) -> str:
    if figure.at_least is not None:
        return f">= {_number(figure.at_least)}"
    return "" if figure.at_most is None else f"<= {_number(figure.at_most)}"


def _number(value: float) -> str:
    """Write a number with as many figures as it deserves: 0.412, 1.03, 96.4, 12,345."""
    if value == int(value) or abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3f}" if abs(value) < 1 else f"{value:.2f}" if abs(value) < 10 else f"{value:.1f}"


def _line(row: tuple[str, ...], widths: list[int]) -> str:
    cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=False)]
    return "  ".join([*cells, row[-1]]).rstrip()


def _plain(figure: Figure) -> dict[str, Any]:
    plain = {name: value for name, value in asdict(figure).items() if value not in (None, "")}
    if plain.get("value"):
        plain["value"] = float(f"{figure.value:.5g}")
    return plain if figure.passed is None else plain | {"passed": figure.passed}
