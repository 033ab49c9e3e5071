"""Sessions end: by idleness, by age, by signing out, by closing the account. Their cookie tells nothing."""

import base64

from sqlalchemy import select

from app.clinic.demo import PASSWORD
from app.clinic.factory import create_clinic_app
from app.desk.models import StaffSession
from tests.factories.staffed import CHEAP, StaffBrowserOf, Staffed

SIGN_IN = "Connexion"


def test_a_session_ends_after_fifteen_idle_minutes(clinic: Staffed) -> None:
    browser = clinic.sign_in("accueil")
    for _ in range(3):
        clinic.house.clock.forward(minutes=14, seconds=50)
        assert browser.get("/demandes").heading == "Demandes"
    clinic.house.clock.forward(minutes=15)
    assert browser.get("/demandes").heading == SIGN_IN


def test_a_busy_session_ends_after_ten_hours(clinic: Staffed) -> None:
    browser = clinic.sign_in("accueil")
    for _ in range(59):
        clinic.house.clock.forward(minutes=10)
        assert browser.get("/absences").heading == "Absences"
    clinic.house.clock.forward(minutes=10)
    assert browser.get("/absences").heading == SIGN_IN


def test_signing_out_kills_the_session_on_the_server(clinic: Staffed) -> None:
    browser = clinic.sign_in("accueil")
    token = browser.token
    response = browser.client.post("/deconnexion", data={"csrf_token": browser.csrf})
    assert response.headers["Clear-Site-Data"] == '"cache", "storage"'
    thief = clinic.browser()
    thief.client.set_cookie("c", token or "")
    assert thief.get("/demandes").heading == SIGN_IN
    assert len(clinic.events("staff.signed_out")) == 1


def test_closing_an_account_ends_its_sessions_at_the_next_request(clinic: Staffed) -> None:
    desk, admin = clinic.sign_in("accueil"), clinic.sign_in("direction")
    admin.submit(button="Fermer le compte Lou Essai (accueil)")
    assert desk.get("/demandes").heading == SIGN_IN
    desk.submit({"login": "accueil", "password": PASSWORD}, status=422)
    admin.submit(button="Rouvrir Lou Essai (accueil)")
    assert clinic.sign_in("accueil").get("/demandes").heading == "Demandes"


def test_an_administrator_can_sign_somebody_out_everywhere(clinic: Staffed) -> None:
    desk, admin = clinic.sign_in("accueil"), clinic.sign_in("direction")
    admin.submit(button="Déconnecter partout Lou Essai (accueil)")
    assert desk.get("/demandes").heading == SIGN_IN


def test_the_cookie_is_opaque_strict_and_secure(clinic: Staffed) -> None:
    settings = clinic.house.settings("clinic", tls=True)
    app = create_clinic_app(settings, clinic.house.db, clinic.house.clock, clinic.house.vault, CHEAP)
    response = app.test_client().get("/connexion", base_url="https://localhost")
    name, _, rest = response.headers["Set-Cookie"].partition("=")
    value, *attributes = rest.split("; ")
    assert name == "__Host-c"
    assert sorted(attributes) == ["HttpOnly", "Path=/", "SameSite=Strict", "Secure"]
    assert len(base64.urlsafe_b64decode(value + "=")) == 32
    assert response.headers["Strict-Transport-Security"].startswith("max-age=63072000")


def test_a_cookie_altered_by_a_bit_or_malformed_is_nobody(clinic: Staffed) -> None:
    browser = clinic.sign_in("accueil")
    token = browser.token or ""
    flipped = ("B" if token[0] == "A" else "A") + token[1:]
    for value in (flipped, token[:-1], "", "é", "x" * 4000):
        other = clinic.browser()
        other.client.set_cookie("c", value)
        assert other.get("/demandes").heading == SIGN_IN


def test_the_session_s_row_holds_nothing_of_patients(clinic: Staffed) -> None:
    clinic.send()
    browser = clinic.sign_in("accueil")
    browser.get("/demandes")
    with clinic.house.db.reading("desk") as session:
        data = {row.data for row in session.scalars(select(StaffSession)) if row.staff_id}
    assert len(data) == 1
    assert "inventé" not in next(iter(data))


def test_a_desk_silo_that_stops_gives_a_calm_page_and_the_session_survives(clinic: Staffed) -> None:
    browser = clinic.sign_in("accueil")
    with clinic.without("desk"):
        page = browser.get("/demandes", status=503)
        assert page.heading == "Une partie du service ne répond pas"
    assert browser.get("/demandes").heading == "Demandes"


def test_a_form_needs_its_token_and_our_own_site(clinic: Staffed) -> None:
    browser = clinic.sign_in("direction")
    path, data = browser.shown.filled({}, "Fermer le compte Lou Essai (accueil)")
    browser.post(path, {}, status=400)
    browser.post(path, data, status=403, Sec_Fetch_Site="cross-site")
    other = StaffBrowserOf(clinic.app)
    other.get("/connexion")
    foreign = other.shown.filled({})[1]["csrf_token"]
    browser.post(path, {"csrf_token": foreign}, status=400)
    assert "fermé" not in browser.get("/equipe").text
    browser.post(path, data, Sec_Fetch_Site="same-origin")
    assert "fermé" in browser.shown.text
