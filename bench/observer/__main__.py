"""`python -m bench.observer`: parts of the observer's proof by hand, printed and not kept."""

import argparse
import sys

from bench.figures import Figure, Section, table
from bench.processes import stop_on_sigterm

PARTS = ("sizes", "watched", "controls")


def main(arguments: list[str]) -> int:
    """Run the parts asked for; return 1 when a bar was missed."""
    # Here, since the processes that play journeys read this file too, and need no learning programs.
    from bench.observer.premises import premises
    from bench.observer.proof import CONTROL_JOURNEYS, JOURNEYS, SEED, TITLE, controls, sizes, watched

    parser = argparse.ArgumentParser(prog="python -m bench.observer", description=__doc__)
    parser.add_argument("part", nargs="*", help=f"which to run (default: all of {', '.join(PARTS)})")
    parser.add_argument("--journeys", type=int, default=JOURNEYS, help="for each specialty before the product")
    parser.add_argument("--control", type=int, default=CONTROL_JOURNEYS, help="for each before a leaking variant")
    parser.add_argument("--seed", type=int, default=SEED)
    asked = parser.parse_args(arguments)
    if unknown := set(asked.part) - set(PARTS):
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    stop_on_sigterm()
    wanted, found = asked.part or PARTS, list[Figure]()
    with premises() as house:
        if "sizes" in wanted:
            found += sizes(house)
        if "watched" in wanted:
            found += watched(house, asked.journeys, asked.seed)
        if "controls" in wanted:
            found += controls(house, asked.control, asked.seed)
    print(table([Section(TITLE, tuple(found))]))
    return int(any(figure.passed is False for figure in found))


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit("stopped; the servers are stopped and the temporary folders removed")
