"""Every page of the clinic, as HTML that carries its stylesheet: what is measured once is measured on all."""

import re
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from app.booking.signed import Signed
from app.clinic.demo import PASSWORD
from app.config import ROOT
from app.desk.agenda import pool_of
from app.desk.models import Staff
from app.retention import GRACE
from tests.browser import words
from tests.factories.staffed import StaffBrowserOf, Staffed

PHRASE = "quatre vagues sur la grève"
_SHEET = re.compile(r'<link rel="stylesheet"[^>]*>')
_LISTS = ("/demandes", "/jour", "/semaine", "/absences", "/saisie")
_ADMINISTRATION = (
    "/equipe",
    "/sites",
    "/sites/nouveau",
    "/horaires",
    "/praticiens/nouveau",
    "/regles",
    "/conservation",
)
_FORMS_OF_A_VISIT = ("proposer", "garder", "refuser", "repondre", "annuler")


@dataclass
class ClinicGallery:
    """The pages kept so far, by a name that says which."""

    clinic: Staffed
    pages: dict[str, str] = field(default_factory=dict)

    def keep(self, name: str, browser: StaffBrowserOf) -> None:
        """Keep the page before somebody's eyes, its stylesheet inside it."""
        assert name not in self.pages, f"two pages named {name}"
        css = (ROOT / "static" / "clinic.css").read_text(encoding="utf-8")
        self.pages[name] = _SHEET.sub(lambda _link: f"<style>{css}</style>", browser.shown.html)

    def doors(self) -> None:
        """Keep the pages before signing in, and an invitation followed to its end."""
        browser = self.clinic.browser()
        browser.get("/connexion")
        self.keep("sign in", browser)
        browser.submit({"login": "accueil", "password": "faux"}, status=422)
        self.keep("sign in, errors", browser)
        browser.submit({"login": "accueil", "password": PASSWORD})
        self.keep("code", browser)
        browser.get("/demo")
        self.keep("demonstration", browser)
        browser.get("/nulle-part", status=404)
        self.keep("clinic 404", browser)
        self._invitation()

    def _invitation(self) -> None:
        admin, guest = self.clinic.sign_in("direction"), self.clinic.browser()
        admin.get("/equipe")
        page = admin.submit({"login": "zoe", "display_name": "Zoé", "role": "desk"}, button="Créer l’invitation")
        self.keep("invitation ready", admin)
        guest.get("/invitation")
        self.keep("invitation", guest)
        guest.submit({"code": words(page.main.find(".//code"))})
        self.keep("new password", guest)
        guest.submit({"password": PHRASE, "again": PHRASE})
        self.keep("new telephone", guest)

    def administration(self) -> None:
        """Keep what an administrator sees, and forms left empty."""
        admin = self.clinic.sign_in("direction")
        for path in _ADMINISTRATION:
            admin.get(path)
            self.keep(path, admin)
        admin.get("/sites/nouveau")
        admin.submit({}, status=422)
        self.keep("/sites/nouveau, errors", admin)

    def lists(self, login: str) -> None:
        """Keep what somebody sees of the days to come."""
        browser = self.clinic.sign_in(login)
        for path in _LISTS:
            browser.get(path)
            self.keep(f"{login}: {path}", browser)

    def visit(self, sent: Signed, login: str, name: str) -> None:
        """Keep one visit, its case, and the forms that it allows."""
        browser, visit = self.clinic.sign_in(login), self.clinic.visit(sent)
        for place in ("visite", "dossier"):
            browser.get(f"/{place}/{visit.id}")
            self.keep(f"{place} {name}", browser)
        browser.get(f"/visite/{visit.id}")
        allowed = {(link.get("href") or "").rpartition("/")[2] for link in browser.shown.main.iter("a")}
        for act in _FORMS_OF_A_VISIT:
            if act in allowed:
                browser.get(f"/visite/{visit.id}/{act}")
                self.keep(f"{act} {name}", browser)

    def retention(self, erased: Signed, held: Signed) -> None:
        """Keep the pages of how long files are kept: one erased that waits for a second person, one on hold."""
        admin, visit, other = self.clinic.sign_in("direction"), self.clinic.visit(erased), self.clinic.visit(held)
        admin.get("/conservation")
        admin.submit({}, button="Ouvrir", status=422)
        self.keep("/conservation, errors", admin)
        admin.get(f"/conservation/{visit.id}")
        self.keep("file", admin)
        admin.submit({}, button="Suspendre l’effacement", status=422)
        self.keep("file, errors", admin)
        admin.get(f"/conservation/{visit.id}/effacer")
        self.keep("erase", admin)
        admin.submit(button="Effacer ce dossier")
        self.keep("file, erased", admin)
        practitioner = self.clinic.sign_in(self.clinic.login_of(visit))
        practitioner.get(f"/visite/{visit.id}")
        self.keep("visite, erased", practitioner)
        practitioner.get(f"/dossier/{visit.id}", status=410)
        self.keep("dossier, erased", practitioner)
        admin.get(f"/conservation/{other.id}")
        admin.submit({"reason": "authority"}, button="Suspendre l’effacement")
        self.keep("file, on hold", admin)
        self._waiting()

    def _waiting(self) -> None:
        """Keep the overview while something waits, for who agreed already and for who is asked."""
        with self.clinic.house.db.writing("desk") as session:
            session.get_one(Staff, self.clinic.people["accueil"].id).role = "administrator"
        self.clinic.house.clock.now += GRACE
        for login in ("direction", "accueil"):
            admin = self.clinic.sign_in(login)
            admin.get("/conservation")
            self.keep(f"/conservation, waiting, {login}", admin)

    def entry(self) -> None:
        """Keep the pages on which the desk enters what somebody says."""
        browser = self.clinic.sign_in("accueil")
        browser.get("/saisie")
        browser.submit({}, status=422)
        self.keep("entry, errors", browser)
        browser.submit({"act": "0101", "whom": "01", "standing": "01", "age": "34"})
        self.keep("entry, second page", browser)
        browser.submit({}, button="Enregistrer", status=422)
        self.keep("entry, second page, errors", browser)


def clinic_gallery(clinic: Staffed) -> dict[str, str]:
    """Return every page of the clinic by its name, patients of several kinds having come."""
    gallery = ClinicGallery(clinic)
    later = (clinic.house.clock() + timedelta(days=1)).date()
    booked = clinic.send("instant", day=later)
    asked, called = clinic.send("ask"), clinic.send("instant", answer_by="call")
    gallery.doors()
    gallery.administration()
    owner = clinic.login_of(clinic.visit(booked))
    gallery.lists("accueil")
    gallery.lists(owner)
    gallery.visit(booked, owner, "booked")
    for sent, name in ((asked, "asked"), (called, "to call")):
        login = next(one for one, person in clinic.people.items() if person.practitioner in _able(clinic, sent))
        gallery.visit(sent, login, name)
    gallery.entry()
    gallery.retention(booked, asked)
    return gallery.pages


def _able(clinic: Staffed, sent: Signed) -> set[UUID | None]:
    visit = clinic.visit(sent)
    with clinic.house.db.reading("desk") as session:
        return {*pool_of(session, visit.id), visit.practitioner_id} - {None}
