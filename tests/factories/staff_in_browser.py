"""A member of staff at a real browser: signing in with both factors, opening lists and cases."""

import re
from dataclasses import dataclass
from pathlib import Path

import pyotp
from playwright.sync_api import Page, Response

from app.cli.environment import file_of, open_vault, read_file
from app.clinic.demo import PASSWORD
from app.clinic.sign_in import totp_label
from app.clock import system_clock
from app.config import load_settings
from app.db import Databases
from app.desk import staff
from tests.factories.patient_in_browser import shoot
from tests.factories.served import Served


@dataclass
class Colleague:
    """A browser page in the clinic zone."""

    page: Page
    served: Served

    def signs_in(self, login: str) -> None:
        """Give the password, then the code of the moment."""
        self.page.goto(f"{self.served.clinic}/connexion")
        self.page.fill("input[name=login]", login)
        self.page.fill("input[name=password]", PASSWORD)
        self.page.click("main form button")
        self.page.fill("input[name=code]", totp_code(self.served, login))
        self.page.click("main form button")
        assert "/connexion" not in self.page.url

    def opens(self, path: str) -> Response:
        """Open a page of the clinic."""
        response = self.page.goto(self.served.clinic + path)
        assert response is not None
        return response

    def cases(self) -> list[str]:
        """Return the paths of the cases that the present page leads to."""
        links = [link.get_attribute("href") or "" for link in self.page.query_selector_all("main a")]
        return list(dict.fromkeys(link for link in links if re.fullmatch(r"/dossier/[0-9a-f-]{36}", link)))

    def visits(self) -> list[str]:
        """Return the paths of the cases of every visit that the present page lists."""
        links = [link.get_attribute("href") or "" for link in self.page.query_selector_all("main a")]
        found = (re.fullmatch(r"/(?:visite|dossier)/([0-9a-f-]{36})", link) for link in links)
        return list(dict.fromkeys(f"/dossier/{match[1]}" for match in found if match))

    def takes_a_picture(self, path: Path) -> None:
        """Keep a picture of the whole page."""
        shoot(self.page, path)


def totp_code(served: Served, login: str) -> str:
    """Return an invented colleague's present code, read with the keystore as the person's telephone would."""
    settings = load_settings(read_file(file_of(served.settings.var, "clinic")))
    db = Databases(settings.databases)
    vault = open_vault(settings, db)
    with db.reading("desk") as session:
        person = next(one for one in staff.everyone(session) if one.login == login)
    sealed = person.sealed_totp
    assert sealed is not None
    secret = vault.keystore.open_field("desk", totp_label(person.id), sealed).decode()
    db.dispose()
    return pyotp.TOTP(secret).at(system_clock())
