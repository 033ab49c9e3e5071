"""The diagram of the house: a package imports only from rows below its own, never its own row."""

import pytest

from tests.rules.imports import ROWS, faults_of_imports, faults_of_reach
from tests.rules.sources import Source, sources


def test_the_house_is_as_drawn() -> None:
    assert faults_of_imports(sources("app", "wsgi.py")) == []


def test_every_package_has_a_row() -> None:
    rooms = {source.room for source in sources("app")} - {""}
    assert rooms <= ROWS.keys()


WRONG = {
    "a sibling silo": ("app/identity/service.py", "from app.care.models import Record"),
    "a zone of its own row": ("app/patient/views.py", "from app.clinic.roles import Role"),
    "upward": ("app/vault/door.py", "from app.ledger.service import record"),
    "upward, inside a function": ("app/booking/send.py", "def f():\n    import app.web.pages"),
    "upward, for types only": ("app/db.py", "if TYPE_CHECKING:\n    from app.vault import door"),
    "the factory": ("app/cli/serve.py", "from app import create_app"),
    "a relative import": ("app/front/cells.py", "from . import models"),
    "flask in a service": ("app/ledger/service.py", "from flask import g"),
    "flask in models": ("app/desk/models.py", "import flask_login"),
    "flask in a silo": ("app/front/cells.py", "from werkzeug.exceptions import NotFound"),
    "flask beside the forms": ("app/booking/steps.py", "from flask import request"),
    "two silos that must stay apart": (
        "app/clinic/lists.py",
        "from app.identity import service as identity\nfrom app.care import service as care",
    ),
    "a new room without a row": ("app/helpful/service.py", "import json"),
    "the tests": ("app/booking/send.py", "from tests.factories import drafts"),
    "the bench": ("app/booking/send.py", "import bench.run"),
}


@pytest.mark.parametrize("planted", WRONG.values(), ids=WRONG.keys())
def test_a_wrong_import_is_seen(planted: tuple[str, str]) -> None:
    assert len(faults_of_imports([Source(*planted)])) == 1


RIGHT = {
    "the only crossing that writes both": (
        "app/worker/intake.py",
        "from app.identity import models\nimport app.care.models",
    ),
    "the only place where a name meets a record": (
        "app/clinic/case.py",
        "from app.identity.service import contact\nfrom app.care.service import record",
    ),
    "rows below": (
        "app/web/pages.py",
        "from app.booking.steps import Step\nfrom app.config import Settings\nimport flask",
    ),
    "its own room": ("app/front/cells.py", "from app.front.models import SlotCell"),
    "forms of a room": ("app/booking/forms.py", "from flask_wtf import FlaskForm"),
}


@pytest.mark.parametrize("planted", RIGHT.values(), ids=RIGHT.keys())
def test_a_right_import_passes(planted: tuple[str, str]) -> None:
    assert faults_of_imports([Source(*planted)]) == []


def test_no_zone_holds_another_zones_code_or_keys() -> None:
    assert faults_of_reach(sources("app")) == []


def test_a_long_reach_is_seen() -> None:
    files = [
        Source("app/patient/views.py", "from app.booking.send import send"),
        Source("app/booking/send.py", "from app.vault.keystore import Keystore"),
        Source("app/vault/keystore.py", "import json"),
    ]
    assert faults_of_reach(files) == ["patient reaches app.vault.keystore"]
