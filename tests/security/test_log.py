"""Nothing a person typed, and no secret, reaches a line of the log: not by an error, an outage or a refusal."""

import io
import json

from flask import Flask
from sqlalchemy import text

from app.log import ALLOWED_FIELDS
from app.worker.intake import take_in
from tests.factories.house import House
from tests.factories.outages import locked, stopped
from tests.factories.patient import CHECK, REACH, Patient
from tests.factories.search import forms_of

NAME, EMAIL, PHONE = "Xylophoneprenom", "courrielsecret@exemple.fr", "0639987613"
KEYS = {"at", "level", "logger", "message", "exception", "cause", "places", *ALLOWED_FIELDS}


def app_that_breaks(house: House) -> Flask:
    """Return a patient zone with a page whose fault carries what was typed."""
    app = house.patient_app()

    @app.post("/brise")
    def broken() -> str:
        from flask import request

        with house.db.reading("front") as session:
            session.execute(text("SELECT :name FROM nowhere"), {"name": request.form["name"]})
        return ""

    @app.post("/brise-aussi")
    def also_broken() -> str:
        from flask import request

        raise ValueError(request.form["name"])

    return app


def test_faults_refusals_and_outages_log_no_typed_value(house: House, lines: io.StringIO) -> None:
    patient = Patient(app_that_breaks(house))
    patient.walks_to(REACH)
    form = {"name": NAME, "email": EMAIL, "phone": PHONE, "channel": "04"}
    for path, status in (("/brise", 503), ("/brise-aussi", 500), ("/nulle-part", 404), ("/", 405), ("/r/02", 400)):
        patient.browser.post(path, form, status=status)
    patient.browser.post("/r/06", f"name={NAME}&name={NAME}".encode(), status=400)
    patient.browser.post("/r/06", f"name={NAME}%ff".encode(), status=400)
    patient.browser.get(f"/{NAME}?email={EMAIL}", status=404)
    with stopped(house, "front"):
        patient.browser.post("/r/06", form, status=503)
    with locked(house, "front"):
        patient.browser.post("/r/06", form | {"k": "00"}, status=503)
    patient.opens(f"/r/{REACH:02d}")
    patient.gives(NAME, "04", phone=PHONE, email=f"{EMAIL} x")
    patient.gives(NAME, "04", email=EMAIL)
    patient.continues()
    assert patient.page.path == f"/r/{CHECK:02d}"
    cookie = patient.browser.cookie or ""
    patient.sends()
    patient.comes_back_with(" ".join(patient.noted) + " " + NAME)
    take_in(house.db, house.vault, house.clock)
    said = lines.getvalue()
    found = [json.loads(line) for line in said.splitlines()]
    assert {one.get("status") for one in found} >= {400, 404, 405, 500, 503}
    assert {one.get("exception") for one in found} >= {"ValueError", "SiloUnavailable"}
    assert all(one.keys() <= KEYS for one in found)
    for secret in (NAME, EMAIL, PHONE, cookie[4:], " ".join(patient.noted)):
        assert not any(form.decode("latin-1") in said for form in forms_of(secret))


def test_an_error_page_names_its_line_in_the_log_and_shows_no_trace(house: House, lines: io.StringIO) -> None:
    patient = Patient(app_that_breaks(house))
    patient.opens("/r/01")
    page = patient.browser.post("/brise-aussi", {"name": NAME}, status=500)
    (line,) = (one for one in map(json.loads, lines.getvalue().splitlines()) if one.get("status") == 500)
    assert line["event_id"] in page.text
    for betraying in (NAME, "Traceback", "ValueError", ".py", "line "):
        assert betraying not in page.html
