"""A case opens only once the ledger's row is durable, and shows what its practitioner needs."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from app.clinic.case import open_case
from app.desk.models import Proposal, Site, Visit
from app.ledger.service import LedgerUnavailable
from app.web.formats import moment_text
from tests.factories.staffed import Staffed

SITE_TEXTS = ("name", "address", "door", "desk_words", "phone")


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


def test_a_visit_is_told_in_the_time_of_its_own_site(clinic: Staffed) -> None:
    sent = clinic.send("instant", day=(clinic.house.clock() + timedelta(days=2)).date())
    visit = clinic.visit(sent)
    far = Site(id=uuid4(), timezone="Indian/Reunion", step_free=True, **dict.fromkeys(SITE_TEXTS, "Zèbre"))
    with clinic.house.db.writing("desk") as session:
        session.add(far)
        session.flush()
        session.get_one(Visit, visit.id).site_id = far.id
        where = {"site_id": far.id, "room_id": uuid4(), "practitioner_id": visit.practitioner_id}
        at = clinic.house.clock() + timedelta(days=5)
        session.add(Proposal(id=uuid4(), visit_id=visit.id, starts_at=at, expires_at=at, **where))
    assert visit.starts_at
    browser = clinic.sign_in(clinic.login_of(visit))
    for page in ("dossier", "visite"):
        text = browser.get(f"/{page}/{visit.id}").text
        for moment in (visit.starts_at, at):
            assert " ".join(moment_text(moment, "Indian/Reunion", "fr").split()) in text


@pytest.mark.parametrize("wanted", [{"writes": True}, {"answer_by": "call"}, {"answer_by": "come"}])
def test_the_desk_is_not_told_the_length_of_an_act_that_has_no_visit(
    clinic: Staffed, wanted: dict[str, Any]
) -> None:
    sent = clinic.send(**wanted)
    desk = clinic.sign_in("accueil")
    length = f"{clinic.visit(sent).minutes} min"
    starts_at = clinic.visit(sent).starts_at
    day = f"?le={starts_at.date()}" if starts_at else ""
    for path in ("/demandes", f"/visite/{sent.submission}", f"/jour{day}", f"/semaine{day}"):
        assert length not in desk.get(path).text, path


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
