"""After a quick exit: nothing of the visit is shown again, and what it left is forgotten; nobody waits for that."""

import logging
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from flask import Flask, Response, request

from app.db import SiloUnavailable
from app.web.errors import new_event_id
from app.web.pages import redirect303, visitor

log = logging.getLogger("paravent.patient")

AFTER_AN_EXIT = "/bonjour"
_STILL_SHOWN = {"public.home", "public.hello", "public.emergency", "public.robots"}
"""The first page, where one begins again; the neutral page itself; help in danger; what robots ask."""


def init_exit(app: Flask) -> None:
    """Let every page but a few lead to the neutral one when an exit was pressed: Back must show nothing."""
    app.before_request(_lead_away)


def _lead_away() -> Response | None:
    asks = request.method in ("GET", "HEAD") and request.endpoint not in _STILL_SHOWN
    return redirect303(AFTER_AN_EXIT) if asks and visitor().device == "left" else None


@dataclass(slots=True)
class _Exit:
    token: bytes
    forgotten: threading.Event = field(default_factory=threading.Event)


class Forgetter:
    """Forgets what an exit leaves, in a thread of its own. Who leaves waits a moment for it, never for a busy silo.

    What a silo refuses is tried again after each of `pauses`. What can't be done then, or finds the queue full,
    goes when the draft expires: the cookie, which alone opens it, is emptied in any case.
    """

    def __init__(
        self,
        forget: Callable[[bytes], None],
        *,
        patience: float = 0.3,
        pauses: tuple[float, ...] = (1, 2, 4, 8, 16),
        kept: int = 256,
    ) -> None:
        self._forget, self._patience, self._pauses = forget, patience, pauses
        self._exits = queue.Queue[_Exit](kept)
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None

    def __call__(self, token: bytes) -> None:
        """Forget what a token opened, now or soon. Raises queue.Full when far too many exits wait."""
        self._start()
        leaving = _Exit(token)
        self._exits.put_nowait(leaving)
        leaving.forgotten.wait(self._patience)

    def _start(self) -> None:
        """Start the thread at the first exit: a process that was forked before has none."""
        with self._starting:
            if self._thread is None:
                self._thread = threading.Thread(target=self._go_on, name="forgetter", daemon=True)
                self._thread.start()

    def _go_on(self) -> None:
        while True:
            leaving = self._exits.get()
            self._try(leaving.token)
            leaving.forgotten.set()

    def _try(self, token: bytes) -> None:
        """Forget, and try again while the silo does not answer. Whatever fails, the next exit is served."""
        for pause in (*self._pauses, None):
            try:
                return self._forget(token)
            except SiloUnavailable as error:
                if pause is None:
                    return _note(error)
                time.sleep(pause)
            except Exception as error:
                return _note(error)
        return None


def _note(error: Exception) -> None:
    fields = {"event_id": new_event_id(), "kind": type(error).__name__}
    log.error("a draft could not be dropped at an exit", extra=fields)
