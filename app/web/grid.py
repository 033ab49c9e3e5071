"""Releases every response on a time grid, so that how long it took tells nothing of what it was.

Drawing and compressing are finished first; then the response waits for an absolute deadline, the next
multiple of the grid since the whole request arrived: a body that comes late moves the deadline with it.
What overruns takes the next multiple, and is counted.
"""

import logging
import time
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import TYPE_CHECKING, Any

from app.web.body import await_body
from app.web.headers import even_head
from app.web.metrics import Counter

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

log = logging.getLogger("paravent.web")

WORDS_SLOT = "paravent.words_slot"
"""How many word slots a view that derives keys from words takes; it sets this in the request's environment."""

ExcInfo = tuple[type[BaseException], BaseException, TracebackType] | tuple[None, None, None]
LastResort = tuple[str, list[tuple[str, str]], bytes]


class Grid:
    """WSGI middleware. A grid of 0 ms releases at once."""

    def __init__(
        self,
        app: "WSGIApplication",
        grid_ms: int,
        words_grid_ms: int,
        last_resort: Callable[["WSGIEnvironment"], LastResort],
        *,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._app, self._last_resort = app, last_resort
        self._grid, self._words_grid = grid_ms / 1000, words_grid_ms / 1000
        self._now, self._sleep = now, sleep
        statuses = ("2xx", "3xx", "4xx", "5xx")
        self.responses = Counter("paravent_responses_total", "Answers, by class of status.", "status", statuses)
        self.overruns = Counter("paravent_grid_overruns_total", "Answers that missed their first slot.")
        self.slots = Counter("paravent_grid_slots_total", "Slots of the time grid that answers waited for.")

    @property
    def counters(self) -> tuple[Counter, ...]:
        """What is counted of the answers."""
        return self.responses, self.overruns, self.slots

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer a request at its deadline. An exception the application let through gives the last page."""
        await_body(environ)
        arrived = self._now()
        status, headers, body = self._answer(environ)
        self._wait(arrived, self._words_grid * environ.get(WORDS_SLOT, 0) or self._grid)
        self.responses.add(f"{status[0]}xx")
        start_response(status, headers)
        return [body]

    def _answer(self, environ: "WSGIEnvironment") -> LastResort:
        begun: list[tuple[str, list[tuple[str, str]]]] = []

        def start(status: str, headers: list[tuple[str, str]], _error: ExcInfo | None = None) -> Any:
            begun[:] = [(status, headers)]
            return begun.append

        try:
            chunks = self._app(environ, start)
            try:
                body = b"".join(chunks)
            finally:
                getattr(chunks, "close", lambda: None)()
            return *even_head(*begun[0]), body
        except Exception:
            log.exception("a request failed outside the application")
            status, headers, body = self._last_resort(environ)
            return *even_head(status, headers), body

    def _wait(self, arrived: float, grid: float) -> None:
        if not grid:
            return
        elapsed = self._now() - arrived
        slots = int(elapsed / grid) + 1
        self.slots.add(number=slots)
        if slots > 1:
            self.overruns.add()
        self._sleep(max(0.0, arrived + slots * grid - self._now()))
