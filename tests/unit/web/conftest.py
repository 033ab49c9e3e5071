from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from flask import Blueprint, Flask, request
from flask.typing import ResponseReturnValue

from app.config import ROOT, Hosting, Settings
from app.db import Databases, SiloUnavailable
from app.patient.public import public
from app.web.install import install_patient_web
from app.web.pages import render
from app.web.services import Services
from tests.browser import Browser

NOW = datetime(2026, 11, 24, 13, 30, tzinfo=UTC)
odd = Blueprint("odd", __name__)


@odd.get("/broken")
def broken() -> ResponseReturnValue:
    raise RuntimeError("a value somebody typed")


@odd.get("/stopped")
def stopped() -> ResponseReturnValue:
    raise SiloUnavailable("front")


@odd.get("/long")
def long() -> ResponseReturnValue:
    return render("patient/public/bonjour.html", today="".join(chr(200 + n * 7919 % 40000) for n in range(9000)))


@odd.post("/said")
def said() -> ResponseReturnValue:
    return render("patient/public/bonjour.html", today=request.form["word"])


@dataclass
class Exits:
    """Remembers the tokens of those who left, and fails when told to."""

    tokens: list[bytes] = field(default_factory=list)
    fault: Exception | None = None

    def __call__(self, token: bytes) -> None:
        if self.fault:
            raise self.fault
        self.tokens.append(token)


MakeApp = Callable[..., Flask]


@pytest.fixture
def exits() -> Exits:
    return Exits()


@pytest.fixture
def make_app(tmp_path: Path, exits: Exits) -> MakeApp:
    def make(**changes: Any) -> Flask:
        settings = Settings(**(_settings(tmp_path) | changes))
        app = Flask(__name__, static_folder=None, template_folder=None)
        install_patient_web(app, Services(settings, Databases({}), lambda: NOW, exits))
        app.register_blueprint(public)
        app.register_blueprint(odd)
        return app

    return make


@pytest.fixture
def app(make_app: MakeApp) -> Flask:
    return make_app()


@pytest.fixture
def browser(app: Flask) -> Browser:
    return Browser(app)


def _settings(tmp_path: Path) -> dict[str, Any]:
    return {
        "zone": "patient",
        "var": tmp_path,
        "databases": {},
        "specialties": ROOT / "specialties",
        "keystore": tmp_path / "keystore",
        "public_keys": tmp_path / "public",
        "verify_key": bytes(32),
        "words_salt": bytes(16),
        "grid_ms": 0,
        "words_grid_ms": 0,
        "clinic_name": "Clinique Exemple",
        "hosting": Hosting("Hôte Exemple", "N-1", "activités 1 à 5", date(2027, 1, 31)),
    }
