from dataclasses import replace
from datetime import date

import pytest

from app.config import Hosting
from app.web.hosting import hosting_sentence
from app.web.jinja import translator
from tests.browser import Browser
from tests.unit.web.conftest import MakeApp

CERTIFIED = Hosting("Hôte Exemple", "N-1", "activités 1 à 5", date(2027, 1, 31))


def sentence(hosting: Hosting, today: date, *, demo: bool = False) -> str:
    return hosting_sentence(hosting, demo=demo, today=today, _=translator("fr"))


def test_a_certificate_is_shown_with_scope_number_and_date() -> None:
    assert sentence(CERTIFIED, date(2027, 1, 31)) == (
        "Hébergé par Hôte Exemple, certifié HDS (activités 1 à 5), certificat n° N-1, valable jusqu’au 31/01/2027."
    )


@pytest.mark.parametrize("expires", [date(2026, 12, 31), None])
def test_an_expired_certificate_is_never_shown_as_valid(expires: date | None) -> None:
    text = sentence(replace(CERTIFIED, hds_expires=expires), date(2027, 1, 1))
    assert "en cours de vérification" in text
    assert "certifié" not in text
    assert "N-1" not in text


def test_what_is_not_stated_is_not_claimed() -> None:
    assert "pas encore indiqué" in sentence(Hosting(), date(2027, 1, 1))
    assert "Aucun certificat" in sentence(Hosting("Hôte Exemple"), date(2027, 1, 1))


def test_a_demonstration_says_so_whatever_is_set(make_app: MakeApp) -> None:
    page = Browser(make_app(demo=True)).get("/confiance")
    assert "Hébergement non certifié, démonstration." in page.text
    assert "N-1" not in page.text
    assert "Démonstration" in page.html


def test_the_trust_page_says_it(browser: Browser) -> None:
    text = browser.get("/confiance").text
    assert "certificat n° N-1" in text
    assert "226-13" in text
    assert "Clinique Exemple" in text
