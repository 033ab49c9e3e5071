"""There is no way in but a password and a second factor, each used as it must be."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from flask_login.utils import encode_cookie
from sqlalchemy import select

from app.clinic.demo import PASSWORD
from app.clinic.errors import SignInRefused
from app.clinic.sign_in import check_code
from app.desk import second_factor
from app.desk.models import StaffSession
from app.desk.staff import take_attempt
from tests.factories.staffed import StaffBrowserOf, Staffed

SIGN_IN = "Connexion"


def at_second_factor(clinic: Staffed, login: str = "ines") -> StaffBrowserOf:
    """Return a browser past the password."""
    browser = clinic.browser()
    browser.get("/connexion")
    browser.submit({"login": login, "password": PASSWORD})
    return browser


def reasons(clinic: Staffed) -> list[str]:
    """Return why sign-ins were refused, as the ledger says."""
    return [payload["fields"]["reason"] for payload in clinic.events("staff.sign_in_refused")]


def test_password_and_code_let_in_each_role_at_its_own_page(clinic: Staffed) -> None:
    for login, heading in (("ines", "Demandes"), ("accueil", "Lundi 23 novembre 2026"), ("direction", "Équipe")):
        assert clinic.sign_in(login).shown.heading == heading
    assert [payload["fields"]["factor"] for payload in clinic.events("staff.signed_in")] == ["code"] * 3


def test_unknown_wrong_disabled_and_slowed_look_alike(clinic: Staffed) -> None:
    admin = clinic.sign_in("direction")
    admin.submit(button="Fermer le compte Hugo Imaginé")
    with clinic.house.db.writing("desk") as session:
        for _ in range(10):
            take_attempt(session, clinic.people["paul"].id, clinic.house.clock())
    seen = set()
    for login, password in (("nobody", PASSWORD), ("ines", "wrong"), ("hugo", PASSWORD), ("paul", PASSWORD)):
        browser = clinic.browser()
        browser.get("/connexion")
        page = browser.submit({"login": login, "password": password}, status=422)
        assert browser.response is not None
        seen.add((page.text, len(page.html.replace(login, "")), tuple(sorted(browser.response.headers.keys()))))
    assert len({text for text, _size, _headers in seen}) == 1
    assert len({headers for _text, _size, headers in seen}) == 1
    assert sorted(reasons(clinic)) == ["disabled", "locked", "password", "unknown"]


def test_the_password_alone_opens_nothing(clinic: Staffed) -> None:
    browser = at_second_factor(clinic)
    assert browser.shown.heading == "Code de votre téléphone"
    for path in ("/", "/demandes", "/jour", "/equipe"):
        assert browser.get(path).heading == SIGN_IN


def test_the_second_factor_alone_is_not_asked(clinic: Staffed) -> None:
    assert clinic.browser().get("/connexion/code").heading == SIGN_IN


def test_the_password_lasts_five_minutes(clinic: Staffed) -> None:
    browser = at_second_factor(clinic)
    clinic.house.clock.forward(minutes=5, seconds=1)
    assert browser.submit({"code": clinic.code("ines")}).heading == SIGN_IN


def test_a_wrong_code_is_refused(clinic: Staffed) -> None:
    browser = at_second_factor(clinic)
    wrong = f"{(int(clinic.code('ines')) + 1) % 1000000:06d}"
    browser.submit({"code": wrong}, status=422)
    assert reasons(clinic) == ["code"]
    assert browser.get("/").heading == SIGN_IN


def test_a_code_seen_over_a_shoulder_is_refused(clinic: Staffed) -> None:
    code = clinic.code("ines")
    at_second_factor(clinic).submit({"code": code})
    watcher = at_second_factor(clinic)
    watcher.submit({"code": code}, status=422)
    assert reasons(clinic) == ["replay"]
    clinic.house.clock.forward(seconds=30)
    assert watcher.submit({"code": clinic.code("ines")}).heading == "Demandes"


def test_a_code_used_by_several_at_once_lets_one_in(clinic: Staffed) -> None:
    code, person = clinic.code("ines"), clinic.people["ines"].id

    def enter(_n: int) -> bool:
        try:
            check_code(clinic.services, person, code)
        except SignInRefused:
            return False
        return True

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(enter, range(6))) == 1
    assert reasons(clinic) == ["replay"] * 5


def test_a_recovery_code_works_once(clinic: Staffed) -> None:
    with clinic.house.db.writing("desk") as session:
        codes = second_factor.renew_recovery_codes(session, clinic.people["ines"].id)
    assert at_second_factor(clinic).submit({"code": codes[0].upper()}).heading == "Demandes"
    again = at_second_factor(clinic)
    again.submit({"code": codes[0]}, status=422)
    assert again.submit({"code": codes[1]}).heading == "Demandes"
    assert [payload["fields"]["factor"] for payload in clinic.events("staff.signed_in")] == ["recovery"] * 2


def test_guesses_of_the_code_are_slowed_even_with_the_password(clinic: Staffed) -> None:
    browser = at_second_factor(clinic)
    for _ in range(12):
        browser.submit({"code": "000000"}, status=422)
    browser.submit({"code": clinic.code("ines")}, status=422)
    assert "locked" in reasons(clinic)
    clinic.house.clock.forward(seconds=31)
    assert browser.submit({"code": clinic.code("ines")}).heading == "Demandes"


def test_with_the_ledger_down_nobody_signs_in(clinic: Staffed) -> None:
    browser = at_second_factor(clinic)
    code = clinic.code("ines")
    with clinic.without("ledger"):
        browser.submit({"code": code}, status=503)
    assert browser.get("/").heading == SIGN_IN


def test_each_step_of_signing_in_has_a_new_token(clinic: Staffed) -> None:
    browser = clinic.browser()
    browser.get("/connexion")
    tokens = [browser.token]
    browser.submit({"login": "ines", "password": PASSWORD})
    tokens.append(browser.token)
    browser.submit({"code": clinic.code("ines")})
    tokens.append(browser.token)
    assert len(set(tokens)) == 3
    with clinic.house.db.reading("desk") as session:
        rows = session.scalars(select(StaffSession)).all()
    assert len(rows) == 1, "the tokens of the former steps must be dead"
    assert all(token and token.encode() not in rows[0].id for token in tokens)


@pytest.mark.parametrize("cookie", ["remember_token", "session"])
def test_a_cookie_signed_with_the_application_s_key_opens_nothing(clinic: Staffed, cookie: str) -> None:
    with clinic.app.app_context():
        forged = encode_cookie(str(clinic.people["direction"].id))
    browser = clinic.browser()
    browser.client.set_cookie(cookie, forged)
    assert browser.get("/equipe").heading == SIGN_IN
