"""Drawing papers takes a second of a processor: one at a time in a process, and the last few that say nothing of
anybody are kept."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable


class TooManyPapers(Exception):
    """Another paper was being drawn for longer than somebody should wait."""


class Drawer:
    """Papers by what they say. `kept` bounds its memory: a paper is some tens of kilobytes."""

    def __init__(self, wait_seconds: float = 2.0, kept: int = 32) -> None:
        self._turn = threading.BoundedSemaphore(1)
        self._papers: OrderedDict[Hashable, bytes] = OrderedDict()
        self._wait_seconds, self._kept = wait_seconds, kept

    def paper(self, key: Hashable | None, draw: Callable[[], bytes]) -> bytes:
        """Return the paper of a key, which must name all that it says; drawn unless it is kept.

        Without a key it is kept nowhere: a space that is closed leaves nothing in memory. Raises TooManyPapers
        when the turn to draw does not come in time.
        """
        found = self._papers.get(key)
        if found is not None:
            return found
        if not self._turn.acquire(timeout=self._wait_seconds):
            raise TooManyPapers("another paper is being drawn")
        try:
            return draw() if key is None else self._papers.get(key) or self._draw(key, draw)
        finally:
            self._turn.release()

    def _draw(self, key: Hashable, draw: Callable[[], bytes]) -> bytes:
        """Draw and keep a paper, in place of the one drawn longest ago. Only who has the turn comes here."""
        drawn = self._papers[key] = draw()
        if len(self._papers) > self._kept:
            self._papers.popitem(last=False)
        return drawn
