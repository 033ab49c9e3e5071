"""Requests a second beside a bare Flask `hello`, the way the peers were measured.

gunicorn with 2 sync workers behind nginx, wrk with 8 connections, the time grid off. Runs of the two take
turns; each of ours is divided by the mean of the `hello` runs on both sides of it, and the median counts.
"""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from statistics import median

import pytest

from app.config import SILOS_OF_ZONE
from bench import load
from bench.drafts import Begun, accepted, begin
from bench.figures import Figure, Section
from bench.installation import Installation, an_installation
from bench.servers import gunicorn, nginx
from tests.factories.scratch import postgres_urls

TITLE = "yardstick: gunicorn, 2 sync workers, behind nginx; 8 connections; time grid off"
FIRST_PAGE_BAR, POST_BAR = 0.40, 0.20
FIRST_PAGE_PEER, POST_PEER = "0.109 SecureDrop", "0.069 django-appointment"
SECONDS = 3
PAIRS = 5
_FORMS_A_SECOND = 1000
_SITUATION, _QUESTIONS = 2, 4

Measured = Callable[[], float]
"""One run; returns answers a second."""


def measure(pairs: int = PAIRS, seconds: int = SECONDS) -> Section:
    """Measure all, the posts on PostgreSQL too where a server answers. Raises ProgramMissing, BadRun."""
    figures = [*_measured({}, pairs, seconds, _Bench.figures)]
    try:
        with postgres_urls() as urls:
            databases = {f"DB_{silo.upper()}": url for silo, url in urls.items()}
            figures += _measured(databases, pairs, seconds, _Bench.posts)
    except pytest.skip.Exception as missing:
        figures.append(Figure("step POST, PostgreSQL", None, note=str(missing)))
    return Section(TITLE, tuple(figures))


def _measured(
    changes: Mapping[str, str], pairs: int, seconds: int, wanted: Callable[["_Bench"], list[Figure]]
) -> list[Figure]:
    with an_installation({"GRID_MS": "0", "WORDS_GRID_MS": "0", **changes}) as installation:
        folder, environ = installation.folder, installation.environ(**_of_patient(changes))
        with (
            gunicorn("bench.hello:application", folder, {}) as hello_port,
            gunicorn("wsgi:application", folder, environ) as our_port,
            nginx(folder, hello_port, our_port) as (hello_front, our_front),
        ):
            return wanted(_Bench(installation, hello_front, our_front, pairs, seconds))


def _of_patient(changes: Mapping[str, str]) -> dict[str, str]:
    """Return the addresses of the patient zone's silos: set-up writes none that it was given."""
    names = {f"DB_{silo.upper()}" for silo in SILOS_OF_ZONE["patient"]}
    return {name: address for name, address in changes.items() if name in names}


class _Bench:
    """The runs, against servers that are up."""

    def __init__(self, installation: Installation, hello: int, ours: int, pairs: int, seconds: int) -> None:
        self._installation, self._folder = installation, installation.folder
        self._hello, self._ours = f"http://127.0.0.1:{hello}/", f"http://127.0.0.1:{ours}"
        self._pairs, self._seconds = pairs, seconds
        self._forms = _FORMS_A_SECOND * seconds

    def figures(self) -> list[Figure]:
        """Run all and return the figures."""
        first = f"{self._ours}/r/01"
        for url in (self._hello, first):
            load.get(url, self._folder, 1)
        begun = begin(self._installation, _SITUATION, 500)
        return [
            *self._beside(
                "first funnel page, no cookie yet", FIRST_PAGE_BAR, FIRST_PAGE_PEER, lambda: self._get(first)
            ),
            *self._beside(
                "first funnel page, journey begun",
                FIRST_PAGE_BAR,
                FIRST_PAGE_PEER,
                lambda: self._get(first, begun.cookies),
            ),
            *self._beside("step POST, saved sealed (step 2)", POST_BAR, POST_PEER, lambda: self._post(_SITUATION)),
            *self._beside("step POST, saved sealed (step 4)", POST_BAR, POST_PEER, lambda: self._post(_QUESTIONS)),
        ]

    def posts(self) -> list[Figure]:
        """Run the posts alone. The server waits for the disk at a commit, but where the product says otherwise."""
        load.get(self._hello, self._folder, 1)
        found = []
        for number in (_SITUATION, _QUESTIONS):
            name = f"step POST, PostgreSQL (step {number})"
            found += self._beside(name, POST_BAR, POST_PEER, partial(self._post, number))
        return found

    def _beside(self, name: str, bar: float, peer: str, run: Measured) -> list[Figure]:
        """Let runs of `hello` and of ours take turns."""
        hellos, ours = [self._get(self._hello)], []
        for _ in range(self._pairs):
            ours.append(run())
            hellos.append(self._get(self._hello))
        ratios = sorted(
            2 * own / (before + after) for own, before, after in zip(ours, hellos, hellos[1:], strict=False)
        )
        note = f"{ratios[0]:.3f} to {ratios[-1]:.3f}; {median(ours):,.0f}/s beside hello's {median(hellos):,.0f}/s"
        return [Figure(name, median(ratios), "of hello", at_least=bar, peer=peer, note=note)]

    def _get(self, url: str, cookies: Path | None = None) -> float:
        return load.get(url, self._folder, self._seconds, cookies).per_second

    def _post(self, number: int) -> float:
        """Send prepared forms, more of them if they run out; they count if their answers are found saved."""
        begun: Begun = begin(self._installation, number, self._forms)
        try:
            run = load.post(f"{self._ours}/r/{number:02d}", self._folder, self._seconds, begun.forms)
        except load.RanOut:
            self._forms *= 2
            return self._post(number)
        saved = accepted(self._installation, begun)
        if not run.requests <= saved <= run.requests + load.CONNECTIONS:
            raise load.BadRun(f"{run.requests} forms were answered, {saved} are saved")
        return run.requests / run.seconds
