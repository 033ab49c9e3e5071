"""Paravent, the private front door of a clinic. `create_app` is the one way in for a WSGI server."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

    from app.config import Settings
    from app.log import AllowListFormatter


def create_app(environ: Mapping[str, str]) -> Flask:
    """Build the web application of one zone from an environment, and import no other zone's code.

    Raises SettingsError when the environment is refused, or names a zone that serves no page; NotConfined.
    """
    from app.config import SettingsError, load_settings
    from app.log import configure_logging
    from app.process import forbid_dumps

    settings = load_settings(environ)
    forbid_dumps()
    formatter = configure_logging()
    if settings.zone == "patient":
        return _patient(settings, formatter)
    if settings.zone == "clinic":
        return _clinic(settings)
    raise SettingsError([f"the {settings.zone} zone serves no page: only patient and clinic do"])


def _patient(settings: Settings, formatter: AllowListFormatter) -> Flask:
    from app.clock import system_clock
    from app.db import Databases
    from app.ledger.sealed import sealer_of
    from app.patient.factory import create_patient_app
    from app.process import check_confined
    from app.web.metrics import Exporter, Kept

    db = Databases(settings.databases, settings.db_connections, sealer_of(settings))
    app = create_patient_app(settings, db, system_clock)
    check_confined("patient")
    withheld = Kept("paravent_log_withheld_total", "Values kept out of the log.", lambda: formatter.withheld)
    Exporter(settings.var, "patient", [*app.extensions["paravent.counters"], withheld]).start()
    return app


def _clinic(settings: Settings) -> Flask:
    from app.clinic.factory import create_clinic_app
    from app.clock import system_clock
    from app.db import Databases
    from app.ledger.sealed import sealer_of
    from app.vault.door import Vault
    from app.vault.keystore import Keystore
    from app.vault.unlock import unlock_of

    db = Databases(settings.databases, settings.db_connections, sealer_of(settings))
    return create_clinic_app(
        settings, db, system_clock, Vault(Keystore.open(settings.keystore, unlock_of(settings)), db)
    )
