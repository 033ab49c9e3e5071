"""Sessions of staff browsers: the cookie holds an opaque token, the desk silo what it stands for."""

import base64
import binascii
import json
import secrets
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from flask import Flask
from flask.sessions import SessionInterface, SessionMixin
from flask.wrappers import Request, Response
from werkzeug.datastructures import CallbackDict

from app.clock import Clock
from app.config import Settings
from app.db import Databases, SiloUnavailable
from app.desk import sessions as rows
from app.desk.sessions import SEEN_EVERY, Limits

TOKEN_BYTES = 32


class StaffBrowser(CallbackDict[str, Any], SessionMixin):
    """The small document of one browser. `renew()` gives it a new token, `end()` forgets it on the server."""

    def __init__(self, known: dict[str, Any] | None = None, token: bytes | None = None) -> None:
        super().__init__(known or {}, _changed)
        self.token = token
        self.created_at: datetime | None = None
        self.seen_at: datetime | None = None
        self.modified = False
        self.out_of_reach = False
        self._renewed = False

    def renew(self) -> None:
        """Ask for a new token when the response is sent: done at each step of signing in (ASVS 5.0, V7.2.4)."""
        self._renewed = True
        self.modified = True

    def end(self) -> None:
        """Forget everything, here and on the server, when the response is sent."""
        self.clear()
        self.renew()

    @property
    def renewed(self) -> bool:
        """Whether the present token must not be used again."""
        return self._renewed


def _changed(browser: CallbackDict[str, Any]) -> None:
    browser.modified = True  # type: ignore[attr-defined]


class DeskSessions(SessionInterface):
    """Keeps sessions in the desk silo, under the hash of the cookie's token."""

    def __init__(self, db: Databases, clock: Clock, settings: Settings) -> None:
        self._db = db
        self._clock = clock
        self._tls = settings.tls
        self._limits = Limits(
            timedelta(minutes=settings.staff_idle_minutes), timedelta(hours=settings.staff_session_hours)
        )
        self.cookie_name = "__Host-c" if settings.tls else "c"

    def open_session(self, app: Flask, request: Request) -> StaffBrowser:
        """Return the browser's session, or an empty one. An outage is remembered and answered by the guard."""
        token = _token(request.cookies.get(self.cookie_name, ""))
        if token is None or request.path.startswith("/static/"):
            return StaffBrowser()
        try:
            with self._db.reading("desk") as session:
                found = rows.load(session, token, self._limits, self._clock())
        except SiloUnavailable:
            browser = StaffBrowser()
            browser.out_of_reach = True
            return browser
        if found is None:
            return StaffBrowser()
        browser = StaffBrowser(json.loads(found.data), token)
        browser.created_at, browser.seen_at = found.created_at, found.seen_at
        return browser

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Write what changed. Raises SiloUnavailable when it can't be kept."""
        if not isinstance(session, StaffBrowser) or session.out_of_reach:
            return
        now = self._clock()
        if session.renewed and session.token:
            self._end(session)
        if not session:
            self._forget_cookie(session, response)
            return
        fresh = session.seen_at is not None and now - session.seen_at < SEEN_EVERY
        if session.token is None or session.modified or not fresh:
            self._write(session, response, now)

    def _write(self, browser: StaffBrowser, response: Response, now: datetime) -> None:
        is_new = browser.token is None
        token = browser.token or secrets.token_bytes(TOKEN_BYTES)
        signed_in = browser.get("_user_id")
        data = json.dumps(dict(browser), separators=(",", ":"))
        try:
            with self._db.writing("desk") as session:
                created_at = browser.created_at or now
                rows.save(session, token, data, UUID(signed_in) if signed_in else None, created_at, now)
        except SiloUnavailable:
            browser.out_of_reach = True
            raise
        if is_new:
            value = base64.urlsafe_b64encode(token).decode().rstrip("=")
            response.set_cookie(
                self.cookie_name, value, path="/", secure=self._tls, httponly=True, samesite="Strict"
            )

    def _end(self, browser: StaffBrowser) -> None:
        if browser.token is None:
            return
        with self._db.writing("desk") as session:
            rows.end(session, browser.token)
        browser.token = None
        browser.created_at = None

    def _forget_cookie(self, browser: StaffBrowser, response: Response) -> None:
        if browser.renewed:
            response.delete_cookie(self.cookie_name, path="/", secure=self._tls, httponly=True, samesite="Strict")


def _token(value: str) -> bytes | None:
    try:
        token = base64.b64decode(value + "=", altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    return token if len(token) == TOKEN_BYTES else None
