"""People who type words that are nowhere else into every field, rightly and wrongly, and what they are given.

What staff write for all to read (names of places and of colleagues) is no secret, and left out.
"""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

import pyotp
from sqlalchemy import select

from app.clinic.demo import PASSWORD
from app.clinic.sign_in import totp_label
from app.clock import system_clock
from app.desk.models import Practitioner, Staff, Visit
from app.desk.second_factor import current_code
from tests.browser import words as words_of
from tests.factories.patient import CHECK, INSTANT, Patient
from tests.factories.spelt import Spellings, Words, spellings_of_bytes, spellings_of_text
from tests.factories.staffed import StaffBrowserOf
from tests.factories.whole import Whole, until

_WISHES = ("slot", "from", "next", "site", "practitioner", "gender", "day", "hours", "access")
_FAULTS_OF_OURS = 500


@dataclass
class Given:
    """Secrets that the software made for somebody: text as it was shown, and bytes."""

    texts: dict[str, str] = field(default_factory=dict)
    keys: dict[str, bytes] = field(default_factory=dict)

    def phrase(self, what: str, code_words: list[str]) -> None:
        """Remember code words: three that follow one another are nowhere else."""
        for between, name in ((" ", "blanks"), ("+", "pluses"), ("\n", "lines"), ("", "nothing")):
            self.texts[f"{what}, between {name}"] = between.join(code_words[1:4])

    def cookie(self, what: str, value: str | None) -> None:
        """Remember a cookie's token, and its bytes."""
        token = (value or "")[-43:]
        if token.strip("."):
            self.texts[f"{what}, as sent"] = token
            self.keys[what] = base64.urlsafe_b64decode(token + "=")

    def spellings(self) -> Spellings:
        """Return what finds any of them."""
        texts = {what: spellings_of_text(text) for what, text in self.texts.items()}
        return texts | {what: spellings_of_bytes(key) for what, key in self.keys.items()}


@dataclass
class Typists:
    """Everybody who types into one installation."""

    whole: Whole
    words: Words = field(default_factory=Words)
    given: Given = field(default_factory=Given)
    read: list[str] = field(default_factory=list)
    """What staff read of what patients typed."""

    def patient_to_check(self, patient: Patient, act: str = INSTANT) -> None:
        """Type a word into each field of a journey, wrongly, then go on to its last page."""
        word = self.words.plain
        patient.opens("/r/01")
        self._spoil(patient, 1, "act", word())
        patient.asks_for(act)
        self._spoil(patient, 2, "whom", "standing", "age")
        patient.says()
        self._spoil(patient, 3, "decision")
        patient.decides()
        self._spoil(patient, 4, "q1", "q2", "q3", "q4")
        patient.answers()
        self._spoil(patient, 5, *_WISHES)
        patient.takes()
        for _ in range(3):
            patient.gives(f"{self.words.accented()}=", "04", email=word(), phone=word())
        if act == INSTANT:
            patient.gives(self.words.accented(), "04", email=f"{word()}@{word()}.fr")
        else:
            patient.gives(self.words.accented(), "02", phone=self.words.phone())
        self._spoil(patient, 7, "seen")
        patient.continues()
        assert patient.page.path == f"/r/{CHECK:02d}", patient.page.errors
        patient.continues({"word1": word(), "word2": word()})

    def patient_sends(self, patient: Patient) -> None:
        """Send, come back with wrong and with right words, and use what the space has."""
        word, what = self.words.plain, f"patient {id(patient)}"
        self.given.cookie(f"{what}, draft's token", patient.browser.cookie)
        assert patient.sends().path == "/e"
        self.given.phrase(f"{what}, code words", patient.noted)
        self.given.cookie(f"{what}, space's token", patient.browser.cookie)
        patient.browser.post("/e", {"message": word(), word(): word()})
        patient.comes_back_with(word())
        patient.comes_back_with(" ".join([*patient.noted[:6], word()]))
        patient.comes_back_with(" ".join(patient.noted))
        self.given.cookie(f"{what}, second token", patient.browser.cookie)
        patient.browser.get(f"/{word()}?email={quote(self.words.accented())}", status=404)

    def _spoil(self, patient: Patient, number: int, *fields: str) -> None:
        """Send a page with words for some fields, and for one it does not have."""
        typed = dict.fromkeys((*fields, self.words.plain()), "")
        patient.browser.post(
            f"/r/{number:02d}", patient.page.filled({})[1] | {name: self.words.plain() for name in typed}
        )
        patient.opens(f"/r/{number:02d}")

    def desk(self) -> None:
        """Sign in at the desk, wrongly and rightly, book for somebody, and answer, cancel and propose in words."""
        browser = self.signed_in("accueil")
        word = self.words.plain
        self._book(browser)
        until(lambda: len(self.visits()) >= 1)
        for name in ("/jour", "/semaine", "/demandes"):
            browser.client.get(f"{name}?le={word()}&lieu={word()}")
        self._poke(browser, "/absences", "from_day", "from_time", "until_day", "until_time", "who")
        for visit in self.visits():
            path = f"/visite/{visit.id}"
            browser.client.get(f"{path}/proposer?des={word()}&avec={word()}&lieu={word()}")
            self._poke(browser, f"{path}/proposer", "slot", "message", "version", "back")
            self._poke(browser, f"{path}/arrivee", "version", "back")
        booked = next(one for one in self.visits() if one.state == "booked")
        browser.get(f"/visite/{booked.id}/annuler")
        browser.submit({"message": f"{self.words.accented()} {word()}"})

    def practitioner(self) -> None:
        """Read a request, and decline it in words."""
        visit = next(one for one in self.visits() if one.state == "requested" and one.starts_at is not None)
        with self.whole.db.reading("desk") as session:
            whose = select(Practitioner.staff_id).where(Practitioner.id == visit.practitioner_id)
            login = session.scalars(select(Staff.login).where(Staff.id == session.scalar(whose))).one()
        browser = self.signed_in(login)
        self.read.append(browser.get(f"/visite/{visit.id}").heading)
        browser.get(f"/visite/{visit.id}/refuser")
        browser.submit({"message": f"{self.words.accented()} {self.words.plain()}"})

    def administrator(self) -> None:
        """Invite somebody, who chooses a password and a second factor; and spoil every form of the house."""
        admin = self.signed_in("direction")
        for path in ("/regles", "/sites/nouveau", "/horaires", "/equipe", "/praticiens/nouveau"):
            admin.get(path)
            names = [one.get("name") or "" for one in admin.shown.main.iter() if one.tag in ("input", "select")]
            self._poke(admin, path, *(name for name in names if name not in ("", "csrf_token")))
        admin.get("/equipe")
        page = admin.submit({"login": "zoe", "display_name": "Zoé", "role": "desk"}, button="Créer l’invitation")
        self._enrols(words_of(page.main.find(".//code")))

    def _enrols(self, code: str) -> None:
        browser, password = self.whole.staff(), f"{self.words.accented()} {self.words.plain()}"
        self.given.texts["invitation"] = code
        browser.get("/invitation")
        browser.submit({"code": self.words.plain()}, status=422)
        browser.submit({"code": code})
        browser.submit({"password": password, "again": self.words.plain()}, status=422)
        browser.submit({"password": password, "again": password})
        secret = words_of(browser.shown.main.find(".//details//code")).replace(" ", "")
        self.given.texts["TOTP secret, in base32"] = secret
        self.given.keys["TOTP secret"] = base64.b32decode(secret)
        browser.submit({"code": self.words.plain()}, status=422)
        page = browser.submit({"code": pyotp.TOTP(secret).at(system_clock())})
        for number, item in enumerate(page.main.iter("li")):
            self.given.texts[f"recovery code {number}"] = words_of(item)

    def _book(self, browser: StaffBrowserOf) -> None:
        word = self.words.plain
        browser.get("/saisie")
        self._poke(browser, "/saisie", "act", "whom", "standing", "age")
        browser.submit({"act": INSTANT, "whom": "01", "standing": "01", "age": "34"})
        slot = next(one.get("value") or "" for one in browser.shown.main.iter("input") if one.get("name") == "slot")
        chosen = {"slot": slot, "channel": "02", "decision": "02", "how": "telephone"}
        data = browser.shown.filled(chosen, "Enregistrer")[1] | {"read": "1"}
        wrong = {"name": f"{word()}=", "email": word(), "phone": word(), "from_day": word(), word(): word()}
        assert browser.client.post("/saisie", data=data | wrong).status_code < _FAULTS_OF_OURS
        right = {"name": self.words.accented(), "phone": self.words.phone(), "email": f"{word()}@{word()}.fr"}
        page = browser.post("/saisie", data | right)
        self.given.phrase("code words at the desk", [item.text or "" for item in page.main.findall(".//ol/li")])

    def signed_in(self, login: str) -> StaffBrowserOf:
        """Return a browser in which somebody is signed in, after three wrong ways."""
        browser, word = self.whole.staff(), self.words.plain
        browser.get("/connexion")
        browser.submit({"login": word(), "password": word()}, status=422)
        browser.submit({"login": login, "password": self.words.accented()}, status=422)
        browser.submit({"login": login, "password": PASSWORD})
        browser.submit({"code": word()}, status=422)
        browser.submit({"code": self._code(login)})
        found = browser.client.get_cookie("__Host-c")
        self.given.texts[f"session of {login}"] = found.value if found else ""
        return browser

    def _code(self, login: str) -> str:
        with self.whole.db.reading("desk") as session:
            person = session.scalars(select(Staff).where(Staff.login == login)).one()
        secret = self.whole.vault.keystore.open_field("desk", totp_label(person.id), person.sealed_totp or b"")
        self.given.texts[f"TOTP secret of {login}"] = secret.decode()
        return current_code(secret.decode(), system_clock())

    def visits(self) -> list[Visit]:
        """Return the agenda as it stands."""
        with self.whole.db.reading("desk") as session:
            return list(session.scalars(select(Visit)))

    def _poke(self, browser: StaffBrowserOf, path: str, *fields: str) -> None:
        """Send words for some fields of a form, and for one it does not have."""
        typed: Mapping[str, str] = {name: self.words.plain() for name in (*fields, self.words.plain())}
        answer = browser.client.post(path, data={"csrf_token": browser.csrf, **typed})
        assert answer.status_code < _FAULTS_OF_OURS, f"{path}: {answer.status_code}"
