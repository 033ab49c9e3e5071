"""A clinic with its invented staff at work: their browsers, its patients, its worker."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Any
from uuid import UUID

import html5lib
from argon2 import PasswordHasher, profiles
from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from app.booking.closures import apply_absences
from app.booking.signed import Signed
from app.cli.demo_clinic import build_clinic, people_of
from app.cli.demo_patients import Journeys, Wanted
from app.clinic.demo import PASSWORD
from app.clinic.factory import create_clinic_app
from app.clinic.people import SignedIn
from app.clinic.services import ClinicServices
from app.clinic.sign_in import totp_label
from app.db import Silo
from app.desk.agenda import pool_of
from app.desk.models import Staff, Visit
from app.desk.passwords import Passwords
from app.desk.second_factor import current_code
from app.ledger.service import Entry
from app.vault.intake import load_intake_key
from app.worker.intake import take_in
from app.worker.patient_actions import carry_actions
from app.worker.space_patches import merge_patches
from tests.browser import Page
from tests.factories.house import House, told

CHEAP = Passwords(PasswordHasher.from_parameters(profiles.CHEAPEST))
POLICY = (
    "default-src 'none';style-src 'self';img-src data:;form-action 'self';base-uri 'none';frame-ancestors 'none'"
)


class StaffBrowserOf:
    """A browser before the clinic's application. It lints each page."""

    def __init__(self, app: Flask) -> None:
        self.client = app.test_client()
        self.page: Page | None = None
        self.response: TestResponse | None = None

    def get(self, path: str, status: int = 200) -> Page:
        """Open an address and follow where it leads; the page that comes has this status."""
        return self._arrive(self.client.get(path), status)

    def post(self, path: str, data: Mapping[str, str], status: int = 200, **headers: str) -> Page:
        """Send a form and follow where it leads."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self._arrive(self.client.post(path, data=dict(data), headers=named), status)

    def submit(self, values: Mapping[str, str] | None = None, button: str | None = None, status: int = 200) -> Page:
        """Fill in the form of the page on show and press a button, the first one unless named."""
        path, data = self.shown.filled(values or {}, button)
        return self.post(path or self.shown.path, data, status)

    @property
    def shown(self) -> Page:
        """Return the page on show."""
        assert self.page is not None, "nothing was opened yet"
        return self.page

    @property
    def csrf(self) -> str:
        """Return the token that a form of the page on show carries."""
        found = self.shown.tree.find(".//input[@name='csrf_token']")
        assert found is not None, "no form here"
        return found.get("value") or ""

    @property
    def token(self) -> str | None:
        """Return the value of the session's cookie."""
        found = self.client.get_cookie("c")
        return None if found is None else found.value

    def _arrive(self, response: TestResponse, status: int) -> Page:
        while 300 <= response.status_code < 400:
            assert response.status_code == 303, f"a redirection by {response.status_code}"
            assert response.headers["Location"].startswith("/")
            response = self.client.get(response.headers["Location"])
        assert response.status_code == status, f"{response.status_code} instead of {status}"
        parser = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False)
        tree = parser.parse(response.text.rstrip())
        self.response = response
        self.page = Page(response.request.path, status, response.text, tree)
        _lint(self.page, response)
        return self.page


def _lint(page: Page, response: TestResponse) -> None:
    assert response.headers["Content-Security-Policy"] == POLICY
    assert response.headers["Cache-Control"] == "no-store"
    assert len(page.tree.findall(".//h1")) == 1, "not one h1"
    assert not page.tree.findall(".//script"), "a script"
    ids = [element.get("id") for element in page.tree.iter() if element.get("id")]
    assert len(ids) == len(set(ids)), f"an id twice among {ids}"
    labelled = {label.get("for") for label in page.tree.iter("label")}
    wrapped = {id(inner) for label in page.tree.iter("label") for inner in label.iter()}
    for one in page.tree.iter():
        assert "style" not in one.attrib, "an inline style"
        if one.tag in ("select", "textarea") or (one.tag == "input" and one.get("type") != "hidden"):
            assert one.get("id") in labelled or id(one) in wrapped, f"no label for {one.get('name')}"
    for form in page.tree.iter("form"):
        if form.get("method") == "post":
            names = [one.get("name") for one in form.iter("input")]
            assert "csrf_token" in names, "a form without its token"
    for link in page.tree.iter("a"):
        target = link.get("href") or ""
        assert not target.startswith("#") or target[1:] in ids, f"a link to nothing: {target}"


@dataclass
class Staffed:
    """One clinic at work."""

    house: House
    app: Flask
    people: dict[str, SignedIn]
    services: ClinicServices
    journeys: Journeys = field(repr=False)

    def browser(self) -> StaffBrowserOf:
        """Return a new browser."""
        return StaffBrowserOf(self.app)

    def code(self, login: str) -> str:
        """Return what somebody's authenticator shows now."""
        with self.house.db.reading("desk") as session:
            person = session.scalars(select(Staff).where(Staff.login == login)).one()
        secret = self.house.keystore.open_field("desk", totp_label(person.id), person.sealed_totp or b"")
        return current_code(secret.decode(), self.house.clock())

    def sign_in(self, login: str) -> StaffBrowserOf:
        """Return a browser in which somebody is signed in, with a code of its own."""
        self.house.clock.forward(seconds=31)
        browser = self.browser()
        browser.get("/connexion")
        browser.submit({"login": login, "password": PASSWORD})
        browser.submit({"code": self.code(login)})
        return browser

    def send(self, *booking: Any, **wanted: Any) -> Signed:
        """Let a patient complete a journey and send it, and the worker take it in."""
        with self.app.test_request_context():
            sent = self.journeys.send(Wanted(booking or ("instant",), **wanted))
        self.work()
        return sent

    def visit(self, of: Signed | UUID) -> Visit:
        """Return a visit as it stands."""
        with self.house.db.reading("desk") as session:
            return session.get_one(Visit, of.submission if isinstance(of, Signed) else of)

    def login_of(self, visit: Visit) -> str:
        """Return the login of a visit's practitioner."""
        return next(login for login, one in self.people.items() if one.practitioner == visit.practitioner_id)

    def stranger_to(self, visit: Visit) -> str:
        """Return the login of a practitioner whom a visit doesn't concern."""
        with self.house.db.reading("desk") as session:
            able = {*pool_of(session, visit.id), visit.practitioner_id}
        return next(
            login for login, one in self.people.items() if one.practitioner and one.practitioner not in able
        )

    def work(self) -> None:
        """Let the worker do its round."""
        db, vault, clock = self.house.db, self.house.vault, self.house.clock
        take_in(db, vault, clock)
        carry_actions(db, vault, clock)
        merge_patches(db, vault, clock)
        apply_absences(db, clock())

    @contextmanager
    def without(self, silo: Silo) -> Iterator[None]:
        """Stop a silo for a while: its file is out of reach."""
        there = self.house.root / f"{silo}.sqlite"
        away = there.with_suffix(".away")
        self.house.db.engine(silo).dispose()
        there.rename(away)
        there.mkdir()
        try:
            yield
        finally:
            self.house.db.engine(silo).dispose()
            there.rmdir()
            away.rename(there)

    def events(self, name: str) -> list[dict[str, Any]]:
        """Return zone, name, subjects, purposes and fields of every event of a name, oldest first."""
        return [_told(one) for one in self.house.events(name)]


def _told(entry: Entry) -> dict[str, Any]:
    content = told(entry)
    lists = {"subjects": [*content.subjects], "purposes": [*content.purposes]}
    return {"zone": entry.zone, "name": entry.name, **lists, "fields": content.fields}


def staff(house: House) -> None:
    """Write the invented clinic into an installation."""
    app = _app(house)
    build_clinic(app.extensions["paravent"])


def open_clinic(house: House) -> Staffed:
    """Open the clinic that `staff` wrote."""
    app = _app(house)
    services: ClinicServices = app.extensions["paravent"]
    house.clock.forward(seconds=10)
    settings = services.settings
    intake = load_intake_key(settings.public_keys, settings.verify_key, house.clock())
    journeys = Journeys(services.funnel, intake, Random(7))  # noqa: S311 - invented answers, no secret
    return Staffed(house, app, people_of(services), services, journeys)


def _app(house: House) -> Flask:
    settings = house.settings("clinic", demo=True, hold_share_percent=100)
    return create_clinic_app(settings, house.db, house.clock, house.vault, CHEAP)
