"""Plays scenarios before a server and keeps what was seen of each browser that took part."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from random import Random

from bench.observer.guest import Guest, arriving
from bench.observer.scenarios import Case, Person, Scenario, Stage
from bench.observer.tap import Tap
from bench.observer.trace import Trace

Break = Callable[[], AbstractContextManager[None]]


def play(
    scenario: Scenario,
    case: Case,
    tap: Tap,
    port: int,
    *,
    seed: int = 0,
    broken: Break = nullcontext,
    pause: float = 0.0,
) -> list[Trace]:
    """Play one scenario and return the trace of each browser, in the order they came. Raises Strayed.

    A browser waits for `pause` seconds before each request. Only one journey at a time goes through a tap.
    """
    chance, guests = Random(seed), list[Guest]()  # noqa: S311 - repeatable, not secret

    with ExitStack() as open_until_seen:

        @contextmanager
        def arrive() -> Iterator[Guest]:
            guest = open_until_seen.enter_context(arriving(tap, port, pause))
            guests.append(guest)
            yield guest

        with arrive() as guest:
            scenario(Stage(arrive, broken, chance), Person(guest, case, chance))
        return [guest.trace for guest in guests]
