"""What administrators change is published at once, and tells nothing of patients."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete

from app.clinic.administration import AccountTaken, save_practitioner
from app.desk.models import OpeningHours, Practitioner, Room, Site
from app.desk.staff import practitioner_of
from app.front.directory import Directory
from app.front.published_directory import current_directory
from tests.factories.staffed import StaffBrowserOf, Staffed

NOTE = "publié"


def published(clinic: Staffed) -> Directory:
    """Return the directory that patients see."""
    with clinic.house.db.reading("front") as session:
        return current_directory(session)


@pytest.fixture
def admin(clinic: Staffed) -> StaffBrowserOf:
    """Return an administrator's browser."""
    return clinic.sign_in("direction")


def test_a_new_site_with_a_room_is_published(clinic: Staffed, admin: StaffBrowserOf) -> None:
    before = published(clinic).version
    values = dict.fromkeys(("name", "address", "door", "desk_words", "phone"), "Au Phare")
    admin.get("/sites/nouveau")
    admin.submit(values | {"timezone": "Nulle/Part"}, status=422)
    assert "timezone" in admin.shown.errors
    admin.submit(values | {"timezone": "Indian/Reunion"})
    site = next(site for site in published(clinic).sites if site.name == "Au Phare")
    assert (site.timezone, site.step_free) == ("Indian/Reunion", False)
    admin.post(f"/sites/{site.id}/salles", {"csrf_token": admin.csrf, "name": "Écume", "step_free": "1"})
    room = next(room for room in published(clinic).rooms if room.name == "Écume")
    assert (room.site, room.step_free) == (site.id, True)
    assert published(clinic).version == before + 2
    assert len(clinic.events("directory.published")) >= 2


def test_rules_keep_what_was_typed_and_accept_zero(clinic: Staffed, admin: StaffBrowserOf) -> None:
    page = admin.get("/regles")
    assert 'value="09:00"' in page.html
    page = admin.submit({"notice_hours": "-1", "horizon_days": "abc", "call_ends": "08:00"}, status=422)
    assert set(page.errors) == {"notice_hours", "horizon_days", "call_ends"}
    assert 'value="abc"' in page.html
    admin.get("/regles")
    admin.submit({"notice_hours": "0", "cancel_hours": "0", "call_starts": "00:00", "call_ends": "24:00"})
    rules = published(clinic).rules
    assert (rules.notice_hours, rules.cancel_hours, rules.call_starts_minute, rules.call_ends_minute) == (
        0,
        0,
        0,
        1440,
    )


def test_hours_are_added_refused_when_they_overlap_and_removed(clinic: Staffed, admin: StaffBrowserOf) -> None:
    person = str(clinic.people["ines"].practitioner)
    count = len(published(clinic).hours)
    values = {"practitioner": person, "weekday": "0", "starts": "19:00", "ends": "20:30"}
    admin.get("/horaires")
    admin.submit(values, button="Ajouter et publier")
    assert len(published(clinic).hours) == count + 1
    page = admin.submit(values | {"starts": "20:00", "ends": "21:00"}, button="Ajouter et publier", status=422)
    assert "starts" in page.errors or "déjà des horaires" in page.text
    page = admin.submit(values | {"starts": "21:00", "ends": "20:00"}, button="Ajouter et publier", status=422)
    assert "ends" in page.errors
    admin.get("/horaires")
    admin.submit(button="Retirer")
    assert len(published(clinic).hours) == count


def test_a_practitioner_is_added_with_known_kinds_alone(clinic: Staffed, admin: StaffBrowserOf) -> None:
    admin.get("/praticiens/nouveau")
    data = admin.shown.filled({"name": "Rose Nouvelle", "gender": "woman"})[1]
    page = admin.post("/praticiens/nouveau", data, status=422)
    assert "kinds" in page.errors
    admin.post("/praticiens/nouveau", data | {"kinds": "wizard"}, status=422)
    admin.post("/praticiens/nouveau", data | {"kinds": "midwife"})
    person = next(one for one in published(clinic).practitioners if one.name == "Rose Nouvelle")
    assert (person.kinds, person.gender) == (("midwife",), "woman")
    assert "sage-femme" in admin.get("/horaires").text


def test_giving_a_practitioner_another_account_is_in_the_ledger_first(
    clinic: Staffed, admin: StaffBrowserOf
) -> None:
    ines, paul = clinic.people["ines"], clinic.people["paul"]
    path = f"/praticiens/{ines.practitioner}"
    admin.get(path)
    admin.submit()
    assert clinic.events("practitioner.linked") == [], "nothing was linked anew"
    admin.get(path)
    _path, data = admin.shown.filled({"staff": ""})
    with clinic.without("ledger"):
        admin.post(path, data, status=503)
    with clinic.house.db.reading("desk") as session:
        assert practitioner_of(session, ines.id) == ines.practitioner
    admin.post(path, data)
    clinic.house.clock.forward(seconds=1)
    admin.get(f"/praticiens/{paul.practitioner}")
    admin.submit({"staff": str(ines.id)})
    told = [event["fields"] for event in clinic.events("practitioner.linked")]
    actor = str(clinic.people["direction"].id)
    freed = {"practitioner": str(ines.practitioner), "old_staff": str(ines.id), "new_staff": None}
    given = {"practitioner": str(paul.practitioner), "old_staff": str(paul.id), "new_staff": str(ines.id)}
    assert told == [{"actor": actor} | freed, {"actor": actor} | given]


def test_an_account_is_one_practitioner_s(clinic: Staffed, admin: StaffBrowserOf) -> None:
    ines, paul = clinic.people["ines"], clinic.people["paul"]
    page = admin.get(f"/praticiens/{paul.practitioner}")
    offered = [one.get("value") for one in page.main.iter("option")]
    assert str(paul.id) in offered
    assert str(ines.id) not in offered
    _path, data = admin.shown.filled({})
    page = admin.post(f"/praticiens/{paul.practitioner}", data | {"staff": str(ines.id)}, status=422)
    assert "staff" in page.errors
    row = Practitioner(id=paul.practitioner, staff_id=ines.id, name="Paul", kinds="", gender="man")
    with pytest.raises(AccountTaken):
        save_practitioner(clinic.services, clinic.people["direction"], row)
    assert clinic.events("practitioner.linked") == []


def test_a_room_in_use_stays(clinic: Staffed, admin: StaffBrowserOf) -> None:
    visit = clinic.visit(clinic.send("instant", day=(clinic.house.clock() + timedelta(days=2)).date()))
    admin.get("/sites")
    admin.post(f"/salles/{visit.room_id}/retirer", {"csrf_token": admin.csrf})
    assert "Impossible" in admin.shown.text
    assert visit.room_id in {room.id for room in published(clinic).rooms}


def test_the_last_administrator_can_t_shut_themselves_out(clinic: Staffed, admin: StaffBrowserOf) -> None:
    admin.get("/equipe")
    admin.submit(button="Fermer le compte Ada Démonstration (administration)")
    assert "dernier de l’administration" in admin.shown.text
    changes = [event["fields"]["change"] for event in clinic.events("staff.changed")]
    assert "disabled" not in changes, "the ledger must not tell of a change that was refused"
    assert admin.get("/equipe").heading == "Équipe"


@pytest.mark.parametrize("login", ["ab", "avec espace", "é" * 5, "accueil", "ACCUEIL"])
def test_a_login_that_won_t_do_is_refused_beside_its_field(
    clinic: Staffed, admin: StaffBrowserOf, login: str
) -> None:
    admin.get("/equipe")
    values = {"login": login, "display_name": "Quelqu’un", "role": "desk"}
    page = admin.submit(values, button="Créer l’invitation", status=422)
    assert "login" in page.errors
    assert login in page.html


@pytest.mark.parametrize("role", ["", "superuser", "patient"])
def test_a_role_that_is_not_one_is_refused(clinic: Staffed, admin: StaffBrowserOf, role: str) -> None:
    admin.get("/equipe")
    data: dict[str, Any] = {"csrf_token": admin.csrf, "login": "zoe", "display_name": "Zoé", "role": role}
    admin.post("/equipe", data, status=422)
    assert "zoe" not in admin.get("/equipe").text


def test_no_page_of_the_administrator_names_a_patient(clinic: Staffed, admin: StaffBrowserOf) -> None:
    clinic.send("instant", day=clinic.house.clock().date())
    clinic.send("ask")
    for path in ("/equipe", "/sites", "/horaires", "/regles"):
        assert "(inventé)" not in admin.get(path).html
    for path in ("/demandes", "/jour", "/semaine", "/absences", "/saisie"):
        admin.get(path, status=403)
    assert clinic.events("list.opened") == []


def test_a_place_that_tells_is_refused_beside_its_field_and_nothing_is_kept(
    clinic: Staffed, admin: StaffBrowserOf
) -> None:
    before = published(clinic)
    site = before.sites[0]
    admin.get(f"/sites/{site.id}")
    page = admin.submit({"door": "Cabinet de psychiatrie"}, status=422)
    assert set(page.errors) == {"door"}
    assert published(clinic) == before
    assert admin.get("/sites").html.count("psychiatrie") == 0
    admin.get(f"/sites/{site.id}")
    admin.submit({"door": "Porte bleue"})
    assert published(clinic).site(site.id).door == "Porte bleue"


def test_a_practitioner_whose_name_a_door_bears_is_refused_in_plain_words(
    clinic: Staffed, admin: StaffBrowserOf
) -> None:
    site = published(clinic).sites[0]
    admin.get(f"/sites/{site.id}")
    admin.submit({"door": "Cabinet Zorglubine"})
    before = published(clinic)
    admin.get("/praticiens/nouveau")
    admin.submit({"name": "Claire Zorglubine", "gender": "woman", "kinds": "midwife"}, status=409)
    assert "Rien n’a été enregistré" in admin.shown.text
    assert published(clinic) == before


def test_a_clinic_without_a_place_says_so_in_plain_words(clinic: Staffed, admin: StaffBrowserOf) -> None:
    with clinic.house.db.writing("desk") as session:
        for table in (OpeningHours, Room, Site):
            session.execute(delete(table))
    admin.get("/regles")
    admin.submit({"notice_hours": "1"}, status=409)
    assert "au moins un lieu" in admin.shown.text
