"""A round that waits on somebody else's machine runs aside, in a thread: however slow that is, the loop goes on."""

import threading
from collections.abc import Callable


class Aside:
    """Runs a round aside. What it raised is raised at the next turn, so that the loop logs it as any other's."""

    def __init__(self, run: Callable[[], int], first_seconds: float = 0) -> None:
        """Take the round; `first_seconds` is how long its first turn is waited for, since others build on it."""
        self._run, self._patience = run, first_seconds
        self._thread: threading.Thread | None = None
        self._fault: Exception | None = None
        self._done = 0

    def turn(self) -> int:
        """Begin the round unless it is still running; return what was done since the last turn, or raise it."""
        if self._thread is not None and self._thread.is_alive():
            return 0
        done, fault, self._done, self._fault = self._done, self._fault, 0, None
        self._thread = threading.Thread(target=self._try, name="paravent aside", daemon=True)
        self._thread.start()
        self._thread.join(self._patience)
        self._patience = 0
        if fault is not None:
            raise fault
        return done

    def _try(self) -> None:
        try:
            self._done = self._run()
        except Exception as error:
            self._fault = error
