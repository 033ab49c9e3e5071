"""Administrators see until when files are kept, erase one by its number, think again, hold it, and agree in pairs.

They never see a name; those who do see one see, once it is erased, that it is.
"""

from datetime import datetime, timedelta
from uuid import UUID

import pytest

from app.clinic.kept_file import find_file, number_of
from app.desk.models import Staff, Visit
from app.front.models import SlotCell
from app.retention import GRACE, KEPT_DAYS
from app.web.formats import moment_text
from tests.factories.staffed import StaffBrowserOf, Staffed
from tests.unit.clinic.reached import PHONE, send_reached

NAME = "Marquevoltz"
PARIS = "Europe/Paris"


def booked(clinic: Staffed, days: int = 0) -> Visit:
    """Let somebody with a name of its own book a visit."""
    day = (clinic.house.clock() + timedelta(days=days)).date()
    return clinic.visit(send_reached(clinic, "instant", contact=PHONE | {"name": NAME}, day=day))


def opens(clinic: Staffed, visit: Visit, login: str = "direction") -> StaffBrowserOf:
    """Let an administrator open a file by its number."""
    admin = clinic.sign_in(login)
    admin.get("/conservation")
    admin.submit({"number": number_of(visit.id).lower()}, button="Ouvrir")
    assert admin.shown.path == f"/conservation/{visit.id}"
    return admin


def erased(clinic: Staffed, visit: Visit) -> StaffBrowserOf:
    """Let an administrator erase a file, all its pages read on the way."""
    admin = opens(clinic, visit)
    admin.get(f"/conservation/{visit.id}/effacer")
    admin.submit(button="Effacer ce dossier")
    return admin


def second_administrator(clinic: Staffed) -> str:
    """Make an administrator of somebody, and return their login."""
    with clinic.house.db.writing("desk") as session:
        session.get_one(Staff, clinic.people["ines"].id).role = "administrator"
    return "ines"


def term_of_visit(visit: Visit) -> datetime:
    assert visit.starts_at is not None
    return visit.starts_at + timedelta(minutes=visit.minutes, days=KEPT_DAYS)


def test_the_desk_reads_a_number_by_which_an_administrator_finds_the_file_without_a_name(clinic: Staffed) -> None:
    visit = booked(clinic)
    page = clinic.sign_in("accueil").get(f"/visite/{visit.id}")
    assert (NAME in page.text, number_of(visit.id) in page.text) == (True, True)
    admin = opens(clinic, visit)
    assert NAME not in admin.shown.html
    assert PHONE["phone"].replace(" ", "") not in admin.shown.html.replace("\xa0", "").replace(" ", "")
    assert moment_text(term_of_visit(visit), PARIS, "fr") in admin.shown.html


@pytest.mark.parametrize("typed", ["", "0000 0000 0000", "0000 0000 000", "zzzz zzzz zzzz", "%", "0" * 33])
def test_no_other_number_opens_anything(clinic: Staffed, typed: str) -> None:
    booked(clinic)
    admin = clinic.sign_in("direction")
    admin.get("/conservation")
    admin.submit({"number": typed}, button="Ouvrir", status=422)
    assert admin.shown.path == "/conservation"


def test_a_number_of_two_files_opens_neither(clinic: Staffed) -> None:
    visit = booked(clinic)
    assert find_file(clinic.services, number_of(visit.id)) == visit.id
    twin = UUID(visit.id.hex[:12] + "0" * 20)
    columns = {column.name: getattr(visit, column.name) for column in Visit.__table__.columns}
    with clinic.house.db.writing("desk") as session:
        session.add(Visit(**(columns | {"id": twin, "pseudonym": twin})))
    assert find_file(clinic.services, number_of(visit.id)) is None


def test_an_erased_file_is_closed_to_all_at_once_and_open_again_when_taken_back(clinic: Staffed) -> None:
    visit = booked(clinic, days=1)
    owner = clinic.login_of(visit)
    admin = erased(clinic, visit)
    assert "Effacement demandé. Le dossier ne s’ouvre plus." in admin.shown.text
    assert f"détruit le {moment_text(clinic.house.clock() + GRACE, PARIS, 'fr')}" in admin.shown.html
    practitioner = clinic.sign_in(owner)
    for path in (f"/visite/{visit.id}", f"/jour?le={visit.starts_at:%Y-%m-%d}", "/semaine", "/demandes"):
        assert NAME not in practitioner.get(path).html
    page = practitioner.get(f"/visite/{visit.id}")
    assert "nom effacé" in page.text
    assert "Demandé par l’administration. Le dossier ne s’ouvre plus." in page.text
    assert practitioner.get(f"/dossier/{visit.id}", status=410).heading == "Ce dossier ne peut plus être lu"
    with clinic.house.db.reading("front") as session:
        assert session.query(SlotCell).filter_by(owner=visit.id).count() == 0
    assert clinic.visit(visit.id).state == "cancelled"
    admin.get(f"/conservation/{visit.id}")
    admin.submit(button="Annuler l’effacement")
    assert "Le dossier s’ouvre de nouveau." in admin.shown.text
    assert NAME in practitioner.get(f"/visite/{visit.id}").text
    assert practitioner.get(f"/dossier/{visit.id}").status == 200


def test_erasing_twice_or_taking_back_nothing_is_refused(clinic: Staffed) -> None:
    visit = booked(clinic)
    admin = opens(clinic, visit)
    token = {"csrf_token": admin.csrf}
    admin.post(f"/conservation/{visit.id}/retablir", token, status=409)
    admin.post(f"/conservation/{visit.id}/lever", token, status=409)
    admin.post(f"/conservation/{visit.id}/effacer", token)
    admin.post(f"/conservation/{visit.id}/effacer", token, status=409)
    admin.get(f"/conservation/{visit.id}/effacer", status=409)


def test_of_a_visit_that_took_place_what_stays_closed_is_said(clinic: Staffed) -> None:
    visit = booked(clinic)
    desk = clinic.sign_in("accueil")
    desk.get(f"/visite/{visit.id}")
    desk.submit(button="Arrivé·e")
    admin = opens(clinic, visit)
    page = admin.get(f"/conservation/{visit.id}/effacer")
    kept = moment_text(term_of_visit(visit), PARIS, "fr")
    assert f"gardés, fermés, jusqu’au {kept}, pour répondre à une plainte" in page.html
    assert "appeler" not in page.text
    assert "annulé." not in page.text.replace("annuler", "")
    page = admin.submit(button="Effacer ce dossier")
    assert "gardé fermé après la visite" in page.text
    assert clinic.visit(visit.id).state == "arrived"


def test_a_hold_needs_a_reason_is_seen_by_those_who_treat_and_is_lifted_once(clinic: Staffed) -> None:
    visit = booked(clinic)
    admin = opens(clinic, visit)
    page = admin.submit({}, button="Suspendre l’effacement", status=422)
    assert "Choisissez dans la liste." in page.text
    admin.submit({"reason": "claim"}, button="Suspendre l’effacement")
    assert "Rien de ce dossier n’est détruit" in admin.shown.text
    page = clinic.sign_in(clinic.login_of(visit)).get(f"/visite/{visit.id}")
    assert "Une réclamation ou un procès" in page.text
    page = admin.get("/conservation")
    assert number_of(visit.id) in page.text
    admin.submit(button=f"Lever {number_of(visit.id)}")
    assert "Suspension levée." in admin.shown.text
    assert number_of(visit.id) not in admin.get("/conservation").text
    admin.get(f"/conservation/{visit.id}")
    admin.post(f"/conservation/{visit.id}/lever", {"csrf_token": admin.csrf}, status=409)
    assert [len(clinic.events(name)) for name in ("hold.placed", "hold.lifted")] == [1, 1]


def test_what_waits_for_two_persons_shows_who_agreed_and_takes_somebody_else_s_word(clinic: Staffed) -> None:
    visit = booked(clinic, days=1)
    first, second = erased(clinic, visit), second_administrator(clinic)
    clinic.house.clock.now += GRACE + timedelta(minutes=1)
    first = clinic.sign_in("direction")
    page = first.get("/conservation")
    assert "vous ; il manque une autre personne" in page.text
    assert not [one for one in page.main.iter("button") if "J’accepte" in "".join(one.itertext())]
    other = clinic.sign_in(second)
    page = other.get("/conservation")
    assert clinic.people["direction"].name in page.text
    other.submit(button=f"J’accepte {number_of(visit.id)}")
    assert "Votre accord est noté." in other.shown.text
    assert "Attend l’accord de deux personnes" not in other.shown.text
    agreed = clinic.events("shred.agreed")
    assert [event["fields"]["actor"] for event in agreed] == [str(clinic.people[second].id)]
    other.post(f"/conservation/accord/{visit.pseudonym}", {"csrf_token": other.csrf}, status=409)


def test_a_new_account_is_told_that_it_can_t_agree_yet_and_has_no_button_for_it(clinic: Staffed) -> None:
    visit = booked(clinic, days=1)
    erased(clinic, visit)
    second = second_administrator(clinic)
    with clinic.house.db.writing("desk") as session:
        session.get_one(Staff, clinic.people[second].id).invited_at = clinic.house.clock()
    clinic.house.clock.now += GRACE + timedelta(minutes=1)
    other = clinic.sign_in(second)
    page = other.get("/conservation")
    assert "Votre compte est trop récent" in page.text
    assert not [one for one in page.main.iter("button") if "J’accepte" in "".join(one.itertext())]
    other.post(f"/conservation/accord/{visit.pseudonym}", {"csrf_token": other.csrf}, status=403)
    assert clinic.events("shred.agreed") == []


def test_who_erases_somebody_who_can_be_reached_is_told_to_have_them_called(clinic: Staffed) -> None:
    visit = booked(clinic, days=1)
    admin = opens(clinic, visit)
    page = admin.get(f"/conservation/{visit.id}/effacer")
    assert ("Faites d’abord appeler la personne" in page.text) is visit.reachable is True
    with clinic.house.db.writing("desk") as session:
        session.get_one(Visit, visit.id).reachable = False
    assert "appeler" not in admin.get(f"/conservation/{visit.id}/effacer").text


def test_the_overview_counts_what_comes_due_by_day_and_names_nobody(clinic: Staffed) -> None:
    visit = booked(clinic)
    with clinic.house.db.writing("desk") as session:
        long_ago = clinic.house.clock() - timedelta(days=KEPT_DAYS - 3)
        session.get_one(Visit, visit.id).starts_at = long_ago
    page = clinic.sign_in("direction").get("/conservation")
    rows = {
        "".join(row[0].itertext()).strip(): "".join(row[1].itertext()).strip()
        for row in page.main.findall(".//section[@class='card']//dl/div")
    }
    assert "1" in rows.values()
    assert rows["Effacements demandés, en attente"] == "0"
    assert NAME not in page.html
    assert "90 jours après le rendez-vous" in page.text
    assert "Les comptes du personnel" in page.text
