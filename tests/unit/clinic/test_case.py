"""A case opens only once the ledger's row is durable, and shows what its practitioner needs."""

from datetime import timedelta

import pytest

from app.clinic.case import open_case
from app.ledger.service import LedgerUnavailable
from tests.factories.staffed import Staffed


def test_a_case_shows_name_age_act_answers_and_decisions(clinic: Staffed) -> None:
    sent = clinic.send("instant", day=(clinic.house.clock() + timedelta(days=2)).date())
    login = clinic.login_of(clinic.visit(sent))
    opened = open_case(clinic.services, clinic.people[login], sent.submission)
    page = clinic.sign_in(login).get(f"/dossier/{sent.submission}")
    assert page.heading == f"{opened.reach.name}, {opened.care['age']} ans"
    for text in (opened.care["act_name"]["fr"], *(one["question"]["fr"] for one in opened.care["answers"])):
        assert " ".join(text.split()) in page.text
    assert "par la personne elle-même" in page.text
    assert page.title == "Dossier"


def test_each_opening_has_its_row_by_who_and_about_whom(clinic: Staffed) -> None:
    sent = clinic.send("instant", day=(clinic.house.clock() + timedelta(days=2)).date())
    login = clinic.login_of(clinic.visit(sent))
    browser = clinic.sign_in(login)
    for _ in range(2):
        browser.get(f"/dossier/{sent.submission}")
    rows = clinic.events("case.opened")
    assert len(rows) == 2
    assert rows[0]["fields"] == {"actor": str(clinic.people[login].id), "role": "practitioner", "form": "screen"}
    assert rows[0]["subjects"] == [str(sent.pseudonym)]
    assert rows[0]["purposes"] == ["care", "contact"]


def test_with_the_ledger_down_no_case_opens(clinic: Staffed) -> None:
    sent = clinic.send("instant", day=(clinic.house.clock() + timedelta(days=2)).date())
    login = clinic.login_of(clinic.visit(sent))
    opened = open_case(clinic.services, clinic.people[login], sent.submission)
    browser = clinic.sign_in(login)
    before = len(clinic.events("case.opened"))
    with clinic.without("ledger"):
        page = browser.get(f"/dossier/{sent.submission}", status=503)
        with pytest.raises(LedgerUnavailable):
            open_case(clinic.services, clinic.people[login], sent.submission)
    assert opened.reach.name not in page.html
    assert opened.care["act_name"]["fr"] not in page.html
    assert len(clinic.events("case.opened")) == before


@pytest.mark.parametrize("silo", ["care", "identity", "keys"])
def test_with_another_silo_down_the_page_is_calm(clinic: Staffed, silo: str) -> None:
    sent = clinic.send("instant", day=(clinic.house.clock() + timedelta(days=2)).date())
    browser = clinic.sign_in(clinic.login_of(clinic.visit(sent)))
    with clinic.without(silo):  # type: ignore[arg-type]
        browser.get(f"/dossier/{sent.submission}", status=503)
    browser.get(f"/dossier/{sent.submission}")
