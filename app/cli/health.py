"""Whether a zone lives and is ready, for who watches over it: on a private address of its own, in words.

`GET /live` is 200 as long as the process answers; `GET /ready` is 200 when everything the zone needs is there, else
503. Nothing is written to find out, and no answer holds a setting, a count or anything of a visit.
"""

import logging
import os
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import TCPServer
from typing import Any

from sqlalchemy import make_url, text
from sqlalchemy.exc import DBAPIError, ProgrammingError

from app.clock import Clock
from app.config import ROOT, Settings, SettingsError
from app.db import Databases, Silo, SiloUnavailable
from app.process import dumps_forbidden
from app.vault.half_days import day_of
from app.vault.intake import IntakeKeyRefused, load_intake_key
from app.vault.months import MonthKeyRefused, bounds, load_month_key, month_of
from app.vault.posting import count_late

_TURNING = timedelta(minutes=10)
"""How long after noon or midnight the key of the day may be the former: the worker makes it within a minute."""
_ANSWER = text("SELECT 1")
_VERSION = text("SELECT version_num FROM alembic_version")
_NO_RIGHT = "42501"
"""PostgreSQL's code for a missing right (its manual, appendix A)."""
_log = logging.getLogger("paravent.health")


@dataclass(frozen=True, slots=True)
class Sight:
    """One thing that was looked at, whether it is well, and that in words."""

    what: str
    well: bool
    said: str


def start(settings: Settings, clock: Clock) -> None:
    """Listen on PARAVENT_HEALTH in the background; without it, do nothing. Raises SettingsError."""
    if settings.health is None:
        return
    try:
        listener = Listener(settings.health, settings, clock)
    except OSError:
        raise SettingsError(
            ["PARAVENT_HEALTH can't be listened on: it is taken already, or no address of this machine"]
        ) from None
    threading.Thread(target=listener.serve_forever, name="health", daemon=True).start()


def look(settings: Settings, now: datetime, closed: Callable[[], bool] = dumps_forbidden) -> tuple[Sight, ...]:
    """Look at everything the zone needs; no connection stays open. `closed` says whether memory stays here."""
    db = Databases(settings.databases, 1)
    try:
        silos = tuple(see_silo(db, silo, url) for silo, url in settings.databases.items())
        mail = see_mailbox(db, now) if settings.zone == "worker" else ()
    finally:
        db.dispose()
    key = see_intake_key(settings, now) if settings.zone == "patient" else see_day_key(settings, now)
    ledger_key = see_ledger_key(settings, now)
    kept = closed()
    memory = Sight("memory", kept, "stays in the process" if kept else "could be dumped")
    return (*silos, *mail, key, ledger_key, memory)


def see_silo(db: Databases, silo: Silo, url: str) -> Sight:
    """Say whether a silo answers, with the tables that this release needs."""
    try:
        if _is_lost(url):
            raise SiloUnavailable(silo)
        with db.reading(silo) as session:
            session.execute(_ANSWER)
    except SiloUnavailable:
        return Sight(silo, False, "does not answer")
    return _see_schema(db, silo)


def see_mailbox(db: Databases, now: datetime) -> tuple[Sight, ...]:
    """Say whether what is sent is taken in; nothing where the keys silo itself, which was looked at, fails."""
    try:
        with db.reading("keys") as session:
            late = count_late(session, now)
    except (SiloUnavailable, DBAPIError):
        return ()
    said = "something has waited for a day: read the worker's log" if late else "nothing has waited for a day"
    return (Sight("mailbox", not late, said),)


def see_intake_key(settings: Settings, now: datetime) -> Sight:
    """Say whether what patients send can be sealed for the clinic."""
    try:
        load_intake_key(settings.public_keys, settings.verify_key, now)
    except IntakeKeyRefused as refusal:
        return Sight("intake key", False, str(refusal))
    return Sight("intake key", True, "usable")


def see_ledger_key(settings: Settings, now: datetime) -> Sight:
    """Say whether what this month's and the next month's events say can be sealed; nothing is done without."""
    for moment, which in ((now, "this month"), (bounds(month_of(now))[1], "the next month")):
        try:
            load_month_key(settings.public_keys, settings.verify_key, moment)
        except MonthKeyRefused as refusal:
            return Sight("ledger key", False, f"of {which}: {refusal}")
    return Sight("ledger key", True, "usable, the next month's too")


def see_day_key(settings: Settings, now: datetime) -> Sight:
    """Say whether the key of the day is there. Who looks holds no key: what is in the file is not read."""
    days = {day_of(moment) for moment in (now, now - _TURNING)}
    try:
        there = any((settings.keystore / f"epoch-{day}.key").is_file() for day in days)
    except OSError:
        return Sight("key of the day", False, "its folder can't be read")
    return Sight("key of the day", there, "made" if there else "not made: is the worker running?")


def newest_revision(silo: Silo) -> str:
    """Return the last revision of a silo's chain, by the names of its files: their numbers follow one another."""
    return max(path.stem.partition("_")[0] for path in (ROOT / "migrations" / silo).glob("[0-9]*_*.py"))


class Listener(TCPServer):
    """The address that answers, one request at a time.

    A server of pages forks its workers from this process: no look is under way at that moment, and the copy of
    this socket is closed in the worker.
    """

    allow_reuse_address = True

    def __init__(
        self,
        address: tuple[str, int],
        settings: Settings,
        clock: Clock,
        closed: Callable[[], bool] = dumps_forbidden,
    ) -> None:
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        self._settings, self._clock, self._closed, self._turn = settings, clock, closed, threading.Lock()
        super().__init__(address, _Answer)
        os.register_at_fork(
            before=self._turn.acquire, after_in_parent=self._turn.release, after_in_child=self._leave_to_parent
        )

    def look(self) -> tuple[Sight, ...]:
        """Look now."""
        with self._turn:
            return look(self._settings, self._clock(), self._closed)

    def handle_error(self, _request: Any, _address: Any) -> None:
        """Say in the log that a look failed, and go on."""
        _log.exception("a question about the zone's health could not be answered")

    def _leave_to_parent(self) -> None:
        self._turn.release()
        self.socket.close()


class _Answer(BaseHTTPRequestHandler):
    """Answers the two questions and closes; nothing is said of who asked, and no line is written."""

    timeout = 5
    server: Listener

    def do_GET(self) -> None:
        """Answer `/live` and `/ready`."""
        if self.path == "/live":
            self._say(HTTPStatus.OK, ["alive"])
        elif self.path == "/ready":
            sights = self.server.look()
            ready = all(sight.well for sight in sights)
            self._say(HTTPStatus.OK if ready else HTTPStatus.SERVICE_UNAVAILABLE, _told(sights, ready=ready))
        else:
            self._say(HTTPStatus.NOT_FOUND, ["ask for /live or /ready"])

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Refuse what is no such question, in a word: the library's page would repeat what was asked."""
        self._say(HTTPStatus(code), ["refused"])

    def log_message(self, format: str, *args: Any) -> None:
        """Write nothing."""

    def _say(self, status: HTTPStatus, lines: list[str]) -> None:
        body = "".join(f"{line}\n" for line in lines).encode()
        self.close_connection = True
        self.send_response_only(status)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)


def _told(sights: tuple[Sight, ...], *, ready: bool) -> list[str]:
    return ["ready" if ready else "not ready", *(f"{sight.what}: {sight.said}" for sight in sights)]


def _is_lost(url: str) -> bool:
    """Say whether a silo is a file that is gone: opening it would make an empty one."""
    parts = make_url(url)
    return parts.get_backend_name() == "sqlite" and bool(parts.database) and not Path(str(parts.database)).exists()


def _see_schema(db: Databases, silo: Silo) -> Sight:
    """Compare a silo's revision; a login that may not read it leaves this to `paravent silos check`."""
    try:
        with db.reading(silo) as session:
            at = session.scalar(_VERSION)
    except ProgrammingError as error:
        if getattr(error.orig, "sqlstate", "") == _NO_RIGHT:
            return Sight(silo, True, "answers")
        return Sight(silo, False, "has no tables")
    except SiloUnavailable:
        return Sight(silo, False, "has no tables")
    if at != newest_revision(silo):
        return Sight(silo, False, "has the tables of another release")
    return Sight(silo, True, "answers, with the tables of this release")
