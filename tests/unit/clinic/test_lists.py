"""What the lists show: enough to work, no act, no answer, and nothing without a ledger row."""

from dataclasses import replace
from datetime import timedelta

import pytest
from flask import render_template_string
from sqlalchemy import update

from app.booking import space
from app.clinic.contacts import GONE
from app.desk.models import Visit
from app.desk.places import sites
from tests.browser import words
from tests.factories.staffed import Staffed


def clinical_words(clinic: Staffed) -> set[str]:
    """Return every text that would say what somebody comes for: acts, questions, answers."""
    found = set()
    for published in clinic.services.funnel.catalogue.profiles().values():
        profile = published.profile
        found |= {text for act in profile.acts for text in (act.name.fr, act.slug, act.summary.fr)}
        found |= {question.text.fr for question in profile.questions}
        found |= {profile.name.fr, profile.slug}
    return found


def test_no_page_of_the_desk_says_an_act_or_an_answer(clinic: Staffed) -> None:
    today = clinic.house.clock().date()
    sent = [clinic.send("instant", day=today), clinic.send("to_confirm", day=today), clinic.send("ask")]
    sent += [clinic.send(answer_by="call"), clinic.send(writes=True)]
    desk, telling = clinic.sign_in("accueil"), clinical_words(clinic)
    pages = ["/demandes", "/jour", "/semaine", "/absences"]
    pages += [f"/visite/{one.submission}{path}" for one in sent for path in ("", "/proposer")]
    pages += [f"/visite/{one.submission}/annuler" for one in (sent[0], *sent[3:])]
    for path in pages:
        html = desk.get(path).html
        assert not [text for text in telling if text in html], path
    for one in sent:
        desk.get(f"/dossier/{one.submission}", status=403)
    assert clinic.events("case.opened") == []


def test_the_desk_sees_time_name_contact_duration_and_room(clinic: Staffed) -> None:
    visit = clinic.visit(clinic.send("instant", day=clinic.house.clock().date()))
    desk = clinic.sign_in("accueil")
    row = words(desk.get("/jour").main.find(".//tbody/tr"))
    for expected in (" h", "(inventé)", f"{visit.minutes} min", "Estran", "Prévu"):
        assert expected in row
    assert "06\xa039\xa098" in desk.shown.html or "exemple.invalid" in row or "injoignable" in row


def test_a_list_has_one_ledger_row_for_all_its_names(clinic: Staffed) -> None:
    sent = [clinic.send("instant", day=clinic.house.clock().date()) for _ in range(3)]
    clinic.sign_in("accueil").get("/semaine")
    rows = [row for row in clinic.events("list.opened") if row["fields"]["list"] == "week"]
    assert len(rows) == 1
    assert rows[0]["fields"]["count"] == 3
    assert set(rows[0]["subjects"]) == {str(one.pseudonym) for one in sent}
    assert rows[0]["purposes"] == ["contact"]


@pytest.mark.parametrize("path", ["/demandes", "/jour", "/semaine"])
def test_with_the_ledger_down_no_name_is_shown(clinic: Staffed, path: str) -> None:
    clinic.send("instant", day=clinic.house.clock().date())
    clinic.send("ask")
    desk = clinic.sign_in("accueil")
    with clinic.without("ledger"):
        page = desk.get(path, status=503)
        assert "(inventé)" not in page.html


def test_unreachable_patients_are_flagged_and_last(clinic: Staffed) -> None:
    sent = []
    for _ in range(3):
        clinic.house.clock.forward(minutes=1)
        sent.append(clinic.send("ask"))
    with clinic.house.db.writing("desk") as session:
        session.execute(update(Visit).where(Visit.id == sent[0].submission).values(reachable=False))
    clinic.house.clock.forward(minutes=1)
    rows = clinic.sign_in("accueil").get("/demandes").main.findall(".//tbody/tr")
    links = [link.get("href", "").removeprefix("/visite/") for row in rows for link in row.iter("a")]
    assert links[-1] == str(sent[0].submission)
    assert "injoignable" in words(rows[-1])
    assert links[:-1] == [str(sent[1].submission), str(sent[2].submission)]


def test_each_request_says_what_it_needs(clinic: Staffed) -> None:
    day = (clinic.house.clock() + timedelta(days=3)).date()
    clinic.send("to_confirm", day=day)
    clinic.send("ask")
    clinic.send(answer_by="call")
    clinic.send(answer_by="come")
    clinic.send(writes=True)
    moved = clinic.send("instant", day=day)
    view = space.read_space(clinic.services.funnel, moved)
    space.ask_move(clinic.services.funnel, moved, view.version)
    clinic.work()
    text = clinic.sign_in("accueil").get("/demandes").text
    for need in (
        "À confirmer",
        "Horaire à proposer",
        "À rappeler",
        "Passage à l’accueil",
        "Réponse à écrire",
        "À déplacer",
    ):
        assert text.count(need) == 1, need


def test_new_and_moved_visits_are_marked_for_a_day(clinic: Staffed) -> None:
    day = (clinic.house.clock() + timedelta(days=3)).date()
    sent = clinic.send("instant", day=day)
    desk = clinic.sign_in("accueil")
    assert "nouveau" in desk.get(f"/jour?le={day}").text
    clinic.house.clock.forward(hours=25)
    desk = clinic.sign_in("accueil")
    assert "nouveau" not in desk.get(f"/jour?le={day}").text
    with clinic.house.db.writing("desk") as session:
        values = {"moved_at": clinic.house.clock()}
        session.execute(update(Visit).where(Visit.id == sent.submission).values(**values))
    assert "déplacé" in desk.get(f"/jour?le={day}").text


def test_a_list_of_one_site_says_that_it_is_not_whole(clinic: Staffed) -> None:
    visit = clinic.visit(clinic.send("instant", day=clinic.house.clock().date()))
    desk = clinic.sign_in("accueil")
    assert "Liste complète" in desk.get("/jour").text
    with clinic.house.db.reading("desk") as session:
        other = next(site.id for site in sites(session) if site.id != visit.site_id)
    page = desk.get(f"/jour?lieu={other}")
    assert "n’est pas complète" in page.text
    assert "Rien n’est prévu" in page.text


@pytest.mark.parametrize(
    "query", ["?le=2026-13-45", "?le=<script>", "?lieu=%27", "?le=0001-01-01", "?le=9999-12-31"]
)
def test_an_odd_address_shows_today(clinic: Staffed, query: str) -> None:
    assert clinic.sign_in("accueil").get(f"/jour{query}").heading == "Lundi 23 novembre 2026"


def test_a_name_typed_as_html_is_shown_as_text(clinic: Staffed) -> None:
    hostile = replace(GONE, name="<b>{{ 7*7 }}</b>")
    source = '{% import "clinic/macros.html" as ui %}{{ ui.name({"reach": reach}) }}'
    with clinic.app.test_request_context():
        assert render_template_string(source, reach=hostile) == "&lt;b&gt;{{ 7*7 }}&lt;/b&gt;"
