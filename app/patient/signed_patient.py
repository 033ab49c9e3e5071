"""Who is signed in to a space, for Flask-Login. The cookie's token is looked up; nothing is kept in a session."""

from dataclasses import replace

from flask import Flask, Request
from flask_login import LoginManager, UserMixin, current_user

from app.booking.signed import Signed, signed_in
from app.patient.services import patient
from app.web.pages import keep, visitor


class SignedPatient(UserMixin):
    """A returning patient, as Flask-Login sees one."""

    def __init__(self, signed: Signed) -> None:
        self.signed = signed

    def get_id(self) -> str:
        """Return the submission's id: Flask-Login never stores it, since no session is kept."""
        return str(self.signed.submission)


def init_login(app: Flask) -> None:
    """Let Flask-Login find the signed-in patient when, and only when, a view asks for one."""
    manager = LoginManager()
    manager.init_app(app, add_context_processor=False)
    # There is no "remember me" here, and this hook would read a session on every page.
    app.after_request_funcs[None].remove(manager._update_remember_cookie)
    manager.request_loader(_find)


def signed_patient() -> Signed | None:
    """Return whose space this browser may open, or None."""
    if not current_user.is_authenticated:
        return None
    signed: Signed = current_user.signed
    who = visitor()
    if signed.token is not None and signed.token != who.token:
        keep(replace(who, token=signed.token))  # the journey was sent under a token that opens nothing more
    return signed


def _find(_request: Request) -> SignedPatient | None:
    token = visitor().token
    if token is None:
        return None
    funnel = patient().funnel
    with funnel.db.reading("front") as session:
        signed = signed_in(session, token, funnel.clock())
    return SignedPatient(signed) if signed else None
