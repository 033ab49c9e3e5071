"""The statistical proof: three attackers before the product, idle and loaded, and before two leaking variants."""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field

from app.web.metrics import summed
from bench.figures import Figure, Section
from bench.observer.attackers import Guesses, attack, best
from bench.observer.collecting import LOAD_CONNECTIONS, collect, load
from bench.observer.gate import ALL, cases_of, differences
from bench.observer.gate import watch as watch_sizes
from bench.observer.premises import GRID_OFF, PRODUCT, SIZES_ONLY, Premises, premises

TITLE = "observer: which specialty, guessed from sizes and times of TLS records"
JOURNEYS, CONTROL_JOURNEYS = 200, 40
"""For each specialty."""
SEED = 20261121
_AS_PACED = 0.04
"""Without the grid browsers wait by themselves, so that the machine is as busy as with it."""
MARGIN = 0.05
"""How far above chance the upper end of the best attacker's interval may lie."""
UNPADDED_SEEN, SLOWED_SEEN = 0.95, 0.50
_ANSWERS, _LATE = "paravent_responses_total", "paravent_grid_overruns_total"
UNPADDED, SLOWED = "bench.observer.unpadded:application", "bench.observer.slowed:application"


@dataclass(frozen=True, slots=True)
class Variant:
    """What is served, with which settings, and how long a browser waits before each request, in seconds."""

    application: str = PRODUCT
    changes: Mapping[str, str] = field(default_factory=dict)
    pause: float = 0.0


AS_SHIPPED = Variant()


@dataclass(frozen=True, slots=True)
class Watched:
    """What each attacker reached before a variant, and the share of its answers that missed their first slot."""

    guesses: list[Guesses]
    late: float


def measure(journeys: int = JOURNEYS, control: int = CONTROL_JOURNEYS, seed: int = SEED) -> Section:
    """Run the whole proof with its controls. Raises ProgramMissing, Strayed, TooManyStrayed."""
    with premises() as house:
        figures = [*sizes(house), *watched(house, journeys, seed), *controls(house, control, seed)]
    return Section(TITLE, tuple(figures))


def sizes(house: Premises) -> Iterator[Figure]:
    """Play every scenario for every act: how many sequences of sizes each makes."""
    with house.served(changes=SIZES_ONLY) as port:
        for scenario in ALL:
            cases = cases_of(house, scenario)
            seen = watch_sizes(house, port, scenario, cases)
            note = "; ".join([f"{len(cases)} acts", *differences(seen)])
            yield Figure(f"sequences of sizes, {scenario}", float(len(seen)), at_most=1.0, note=note)


def watched(house: Premises, journeys: int, seed: int) -> Iterator[Figure]:
    """Watch the product, with nobody else there and under load."""
    yield from _attacked(house, "idle", journeys, seed)
    yield from _attacked(house, f"{LOAD_CONNECTIONS} connections of load", journeys, seed + 1, loaded=True)


def controls(house: Premises, journeys: int, seed: int) -> Iterator[Figure]:
    """Watch variants that leak, which the attackers must see, and what the grid alone makes of it."""
    for name, variant, bar in (
        ("padding off", Variant(UNPADDED), UNPADDED_SEEN),
        ("grid off, 2 to 8 ms of work by specialty", Variant(SLOWED, GRID_OFF, _AS_PACED), SLOWED_SEEN),
        ("grid on, the same work", Variant(SLOWED), None),
        ("grid off, no work added", Variant(PRODUCT, GRID_OFF, _AS_PACED), None),
    ):
        found = best(watch(house, journeys, seed, variant).guesses)
        note = f"{found.attacker}; {_interval(found)}; {found.of} journeys"
        yield Figure(f"control, {name}: recognised", found.accuracy, at_least=bar, note=note)


def watch(
    house: Premises, journeys: int, seed: int, variant: Variant = AS_SHIPPED, *, loaded: bool = False
) -> Watched:
    """Serve, watch journeys and let the attackers guess."""
    with house.served(variant.application, variant.changes) as port:
        busy: AbstractContextManager[None] = load(port) if loaded else nullcontext()
        with busy:
            seen = collect(house, port, journeys, seed, variant.pause)
        counted = summed(house.installation.settings.var)
    answers = sum(count for name, count in counted.items() if name.startswith(_ANSWERS))
    return Watched(attack(seen.journeys, seen.specialties, seed), counted[_LATE] / max(1, answers))


def _attacked(house: Premises, name: str, journeys: int, seed: int, *, loaded: bool = False) -> Iterator[Figure]:
    seen = watch(house, journeys, seed, loaded=loaded)
    for one in seen.guesses:
        note = f"{_interval(one)}; advantage {one.advantage:+.3f}; {one.of} journeys"
        yield Figure(f"{name}, {one.attacker}: recognised", one.accuracy, note=note)
    top = best(seen.guesses)
    note = f"{top.attacker}; chance {top.chance:.3f}"
    yield Figure(f"{name}: upper bound of the best", top.interval[1], at_most=top.chance + MARGIN, note=note)
    yield Figure(f"{name}: answers that missed their slot", seen.late)


def _interval(found: Guesses) -> str:
    low, high = found.interval
    return f"95 % interval {low:.3f} to {high:.3f}"
