"""The clinic's application: private network, staff only, no JavaScript."""

import hashlib
from functools import lru_cache
from uuid import UUID

from flask import Flask, session
from flask_login import LoginManager
from flask_wtf.csrf import CSRFProtect
from jinja2 import StrictUndefined

from app.booking.catalogue import Catalogue
from app.booking.journey import Funnel
from app.clinic import (
    absence_views,
    access_views,
    agenda_views,
    demo_views,
    entry_views,
    places_views,
    proposal_views,
    retention_views,
    team_views,
    visit_views,
    wording,
)
from app.clinic.demo import check_no_other_account
from app.clinic.failures import init_failures
from app.clinic.forms import clock_text
from app.clinic.headers import init_headers
from app.clinic.outside import init_last_look
from app.clinic.people import SignedIn, find_person
from app.clinic.roles import guard
from app.clinic.services import ClinicServices, clinic
from app.clinic.sessions import DeskSessions, StaffBrowser
from app.clock import Clock
from app.config import ROOT, Settings
from app.db import Databases, SiloUnavailable
from app.desk.passwords import Passwords
from app.discretion.lexicon import shipped
from app.vault.door import Vault
from app.vault.words import WordsGate
from app.web.body import check_address
from app.web.jinja import configure, init_babel

_BODY_LIMIT = 64 * 1024
_VIEWS = (
    absence_views,
    access_views,
    agenda_views,
    entry_views,
    places_views,
    proposal_views,
    retention_views,
    team_views,
    visit_views,
)


def create_clinic_app(
    settings: Settings, db: Databases, clock: Clock, vault: Vault, passwords: Passwords | None = None
) -> Flask:
    """Build the clinic zone's application. `passwords` lets tests hash cheaply."""
    if settings.demo:
        check_no_other_account(db)
    app = Flask("app.clinic", template_folder=str(ROOT / "templates"), static_folder=str(ROOT / "static"))
    app.url_map.merge_slashes = False
    app.extensions["paravent"] = _services(settings, db, clock, vault, passwords or Passwords())
    app.config.update(
        SECRET_KEY=vault.keystore.derive_field("desk", "clinic forms"),
        MAX_CONTENT_LENGTH=_BODY_LIMIT,
        MAX_FORM_MEMORY_SIZE=_BODY_LIMIT,
        # No referrer is sent by our own policy: the guard checks Sec-Fetch-Site instead.
        WTF_CSRF_SSL_STRICT=False,
        # A form lasts as long as the session that made it.
        WTF_CSRF_TIME_LIMIT=None,
    )
    app.session_interface = DeskSessions(db, clock, settings)
    _init_people(app)
    app.before_request(check_address)
    app.before_request(_require_session_silo)
    app.before_request(guard)
    CSRFProtect(app)
    init_headers(app, settings)
    init_last_look(app)
    init_failures(app)
    _init_templates(app, settings)
    for views in _VIEWS:
        app.register_blueprint(views.bp)
    if settings.demo:
        app.register_blueprint(demo_views.bp)
    return app


def _services(
    settings: Settings, db: Databases, clock: Clock, vault: Vault, passwords: Passwords
) -> ClinicServices:
    lexicon = shipped()
    funnel = Funnel(db, Catalogue(db, clock), settings, clock, avoid=lambda word: bool(lexicon.hits(word)))
    return ClinicServices(
        settings=settings, db=db, clock=clock, vault=vault, passwords=passwords, funnel=funnel, gate=WordsGate()
    )


class SessionOnlyLogin(LoginManager):  # type: ignore[misc]
    """Flask-Login without its *remember me* cookie: the server-side session is the only way to be signed in."""

    def _load_user_from_remember_cookie(self, _cookie: str) -> None:
        """Ignore the cookie, whoever signed it."""


def _init_people(app: Flask) -> None:
    manager = SessionOnlyLogin()
    manager.init_app(app, add_context_processor=True)
    manager.session_protection = None  # it would tie a session to an address and a browser's name; ours is opaque
    manager.user_loader(_load_person)


def _load_person(staff_id: str) -> SignedIn | None:
    with clinic().db.reading("desk") as opened:
        return find_person(opened, UUID(staff_id))


def _require_session_silo() -> None:
    """Answer an outage that was met while the session was read. Raises SiloUnavailable."""
    if isinstance(session._get_current_object(), StaffBrowser) and session.out_of_reach:  # type: ignore[attr-defined]
        raise SiloUnavailable("desk")


def _init_templates(app: Flask, settings: Settings) -> None:
    init_babel(app, lambda: "fr")
    environment = app.jinja_env
    configure(environment, "fr")
    environment.undefined = StrictUndefined
    environment.trim_blocks = environment.lstrip_blocks = True
    environment.globals |= {
        "brand": settings.brand,
        "clinic_name": settings.clinic_name,
        "demo_mode": settings.demo,
        "style_digest": _style_digest(),
        "wording": wording,
        "patient_address": settings.patient_address,
        "kind_names": wording.kind_names(settings.specialties),
    }
    environment.filters |= {
        "phone": wording.phone_text,
        "longday": wording.day_text,
        "shortday": wording.weekday_text,
        "clock": clock_text,
    }


@lru_cache(maxsize=1)
def _style_digest() -> str:
    """Return a short digest of the stylesheet, so that a changed one has a new address."""
    return hashlib.sha256((ROOT / "static" / "clinic.css").read_bytes()).hexdigest()[:12]
