"""`python -m bench`: measure, print one table, and keep the figures as JSON. What a machine lacks is skipped."""

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import cast

from bench.figures import Section, as_document, skipped, table
from bench.processes import ProgramMissing, stop_on_sigterm

RESULTS = Path(__file__).parent / "results"
BENCHES = ("yardstick", "production", "weight", "browser", "reading", "intake", "keys", "symmetry")
LONG = {"observer": "observer.proof", "chaining": "chaining"}
"""Run only when asked for by name: they take tens of minutes."""
_FOOT = """\
Peers: pretix, Hush Line, SecureDrop, django-appointment and Easy!Appointments, measured in the same way on a
2-core machine; docs/bench.md says how. Ratios and milliseconds swing on a busy machine: run it on a quiet one."""


def main(arguments: list[str]) -> int:
    """Run the benches asked for; return 1 when a bar was missed."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "bench", nargs="*", help=f"which to run (default: {', '.join(BENCHES)}; also: {', '.join(LONG)})"
    )
    parser.add_argument("--no-json", action="store_true", help="print only")
    asked = parser.parse_args(arguments)
    if unknown := set(asked.bench) - {*BENCHES, *LONG}:
        parser.error(f"no such bench: {', '.join(sorted(unknown))}")
    stop_on_sigterm()
    began = datetime.now(UTC)
    sections = [_run(name) for name in (*BENCHES, *LONG) if name in (asked.bench or BENCHES)]
    print(f"\n{table(sections)}\n\n{_machine(began)}\n{_FOOT}")
    if not asked.no_json:
        print(f"Written to {_write(sections, began)}")
    return int(any(figure.passed is False for section in sections for figure in section.figures))


def _run(name: str) -> Section:
    """Run one bench, and say how long it took. A missing program skips it."""
    module = import_module(f"bench.{LONG.get(name, name)}")
    started = time.monotonic()
    print(f"{name} …", end=" ", file=sys.stderr, flush=True)
    try:
        section = cast(Callable[[], Section], module.measure)()
    except ProgramMissing as missing:
        section = skipped(module.TITLE, str(missing))
    print(f"{time.monotonic() - started:.0f} s", file=sys.stderr)
    return section


def _machine(began: datetime) -> str:
    load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return f"{began:%Y-%m-%d %H:%M} UTC, {os.cpu_count()} cores, {python}, load at the end {load}"


def _write(sections: list[Section], began: datetime) -> Path:
    """Write the figures beside the former ones, one file a day; what was not measured again today stays."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{began:%Y-%m-%d}.json"
    former: Mapping[str, object] = json.loads(path.read_text()) if path.exists() else {}
    found = {**former, "machine": _machine(began), **as_document(sections)}
    path.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return path


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit("stopped; the servers are stopped and the temporary folders removed")
