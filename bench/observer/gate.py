"""The deterministic gate: for one scenario, every specialty, act and path makes the same sequence of sizes."""

from collections.abc import Iterable, Mapping
from contextlib import nullcontext

from bench.observer.playing import Break, play
from bench.observer.premises import Premises
from bench.observer.scenarios import SCENARIOS, Case
from bench.observer.tap import Tap
from bench.observer.trace import Sizes, difference

NO_SLOT_LEFT = "no slot left"
ALL = (*SCENARIOS, NO_SLOT_LEFT)
Seen = Mapping[tuple[Sizes, ...], list[Case]]
"""Which cases made which sequences, one for each browser that took part."""


def cases_of(premises: Premises, scenario: str) -> list[Case]:
    """Return the acts a scenario can be played for: not every specialty refuses anybody."""
    if scenario == "a minor":
        return premises.cases_on("call", "16_17", "self")
    if scenario == "not offered":
        return premises.cases_on("no", "16_17", "self")
    return premises.cases()


def one_of_each(cases: Iterable[Case]) -> list[Case]:
    """Return one act for each specialty and way of booking."""
    return list({(case.profile, case.mode): case for case in cases}.values())


def one_a_specialty(cases: Iterable[Case]) -> list[Case]:
    """Return one act for each specialty, with every way of booking that any has."""
    first = {case.profile: case for case in cases}
    modes = {case.mode: case for case in cases}
    return list({case.act: case for case in (*first.values(), *modes.values())}.values())


def watch(premises: Premises, port: int, scenario: str, cases: Iterable[Case]) -> Seen:
    """Play a scenario for each case and sort the cases by what was seen. Raises Strayed."""
    played = SCENARIOS["no slot suits" if scenario == NO_SLOT_LEFT else scenario]
    breaking: Break = premises.altered_drafts
    seen: dict[tuple[Sizes, ...], list[Case]] = {}
    premises.clear_agenda()
    with Tap(port) as tap, premises.closed() if scenario == NO_SLOT_LEFT else nullcontext():
        for case in cases:
            traces = play(played, case, tap, port, broken=breaking)
            seen.setdefault(tuple(trace.sizes for trace in traces), []).append(case)
    return seen


def differences(seen: Seen) -> list[str]:
    """Return one line for each sequence that is not the most frequent: for which acts, and where it parts."""
    usual = max(seen, key=lambda sizes: len(seen[sizes]))
    lines = []
    for sizes, cases in seen.items():
        if sizes == usual:
            continue
        where = [difference(one, other) for one, other in zip(usual, sizes, strict=False)]
        lines.append(f"{', '.join(f'{case.act} {case.mode}' for case in cases)}: {'; '.join(filter(None, where))}")
    return lines
