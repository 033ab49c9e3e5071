"""The patient zone's application: the only list of what it is made of."""

from collections.abc import Callable
from typing import Any

from flask import Flask

from app.booking.catalogue import Catalogue
from app.booking.journey import Funnel, forget
from app.clock import Clock
from app.config import Settings
from app.db import Databases
from app.discretion.lexicon import shipped
from app.patient import data_page, journey, papers, public, space, words
from app.patient.after_exit import Forgetter, init_exit
from app.patient.services import PatientServices
from app.patient.signed_patient import init_login
from app.vault.words import WordsGate
from app.web.install import install_patient_web


class _Synchronous(Flask):
    """An application without coroutines: it need not ask of each view, at each request, whether it is one."""

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Return the view as it is."""
        return func


def create_patient_app(settings: Settings, db: Databases, clock: Clock) -> Flask:
    """Build the patient zone: public pages, the funnel, the space and its papers."""
    app = _Synchronous(__name__, static_folder=None, template_folder=None)
    lexicon = shipped()
    funnel = Funnel(db, Catalogue(db, clock), settings, clock, avoid=lambda word: bool(lexicon.hits(word)))
    services = PatientServices(
        settings,
        db,
        clock,
        on_exit=Forgetter(lambda token: forget(funnel, token)),
        funnel=funnel,
        gate=WordsGate(),
    )
    install_patient_web(app, services)
    init_exit(app)
    init_login(app)
    for blueprint in (public.public, journey.bp, words.bp, space.bp, data_page.bp, papers.bp):
        app.register_blueprint(blueprint)
    return app
