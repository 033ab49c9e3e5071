"""From an invitation to an account in use."""

import pyotp

from app.clinic.demo import PASSWORD
from app.desk import staff
from tests.browser import words
from tests.factories.staffed import StaffBrowserOf, Staffed

PHRASE = "quatre vagues sur la grève"


def invited(clinic: Staffed, login: str = "zoe") -> str:
    """Let the administrator invite somebody, and return the code shown."""
    admin = clinic.sign_in("direction")
    admin.get("/equipe")
    page = admin.submit({"login": login, "display_name": "Zoé", "role": "desk"}, button="Créer l’invitation")
    return words(page.main.find(".//code"))


def at_password(clinic: Staffed, code: str) -> StaffBrowserOf:
    """Return a browser past the invitation code."""
    browser = clinic.browser()
    browser.get("/invitation")
    browser.submit({"code": code})
    return browser


def secret_shown(browser: StaffBrowserOf) -> str:
    """Return the key written beside the QR code."""
    return words(browser.shown.main.find(".//details//code")).replace(" ", "")


def test_an_invitation_becomes_an_account_with_eight_recovery_codes_shown_once(clinic: Staffed) -> None:
    code = invited(clinic)
    browser = at_password(clinic, code)
    browser.submit({"password": PHRASE, "again": PHRASE})
    assert "<svg" in browser.shown.html
    totp = pyotp.TOTP(secret_shown(browser))
    page = browser.submit({"code": totp.at(clinic.house.clock())})
    codes = [words(item) for item in page.main.iter("li")]
    assert len(set(codes)) == 8
    assert browser.get("/jour").heading.startswith("Lundi")
    assert browser.get("/invitation/telephone").heading == "Première connexion"
    later = clinic.browser()
    later.get("/connexion")
    later.submit({"login": "ZOE", "password": PHRASE})
    assert later.submit({"code": codes[3]}).heading.startswith("Lundi")
    changes = [payload["fields"]["change"] for payload in clinic.events("staff.changed")]
    assert sorted(changes[-3:]) == ["activated", "invited", "password"]


def test_a_code_serves_once_and_not_after_three_days(clinic: Staffed) -> None:
    code = invited(clinic)
    browser = at_password(clinic, code)
    browser.submit({"password": PHRASE, "again": PHRASE})
    browser.submit({"code": pyotp.TOTP(secret_shown(browser)).at(clinic.house.clock())})
    for refused in (code, "aaaa-bbbb", ""):
        other = clinic.browser()
        other.get("/invitation")
        assert other.submit({"code": refused}, status=422).heading == "Première connexion"
    late = invited(clinic, "max")
    clinic.house.clock.forward(hours=72)
    other.get("/invitation")
    other.submit({"code": late}, status=422)


def test_weak_and_different_passwords_are_refused_beside_their_field(clinic: Staffed) -> None:
    browser = at_password(clinic, invited(clinic))
    for password, again in (("tropbref", "tropbref"), ("motdepasse2026", "motdepasse2026"), (PHRASE, PHRASE + "!")):
        page = browser.submit({"password": password, "again": again}, status=422)
        assert page.errors
        assert password not in page.html
    assert browser.submit({"password": PHRASE, "again": PHRASE}).heading == "Ajoutez votre téléphone"


def test_without_a_confirmed_code_the_account_stays_shut(clinic: Staffed) -> None:
    browser = at_password(clinic, invited(clinic))
    browser.submit({"password": PHRASE, "again": PHRASE})
    browser.submit({"code": "000000"}, status=422)
    other = clinic.browser()
    other.get("/connexion")
    other.submit({"login": "zoe", "password": PHRASE}, status=422)


def test_a_new_invitation_cuts_off_who_typed_the_old_code(clinic: Staffed) -> None:
    code = invited(clinic)
    early, later = at_password(clinic, code), at_password(clinic, code)
    later.submit({"password": PHRASE, "again": PHRASE})
    secret = secret_shown(later)
    with clinic.house.db.writing("desk") as session:
        person = staff.by_login(session, "zoe")
        assert person
        staff.invite_again(session, person.id, clinic.house.clock())
    assert early.submit({"password": PHRASE, "again": PHRASE}).path == "/invitation"
    page = later.submit({"code": pyotp.TOTP(secret).at(clinic.house.clock())})
    assert page.path == "/invitation"


def test_a_new_invitation_takes_the_old_account_away(clinic: Staffed) -> None:
    desk, admin = clinic.sign_in("accueil"), clinic.sign_in("direction")
    page = admin.submit(button="Nouvelle invitation Lou Essai (accueil)")
    assert desk.get("/demandes").heading == "Connexion"
    other = clinic.browser()
    other.get("/connexion")
    other.submit({"login": "accueil", "password": PASSWORD}, status=422)
    assert at_password(clinic, words(page.main.find(".//code"))).shown.heading == "Choisissez un mot de passe"
