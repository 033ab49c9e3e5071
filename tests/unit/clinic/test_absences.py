"""Absences close the agenda, and say whom to call."""

from datetime import date, timedelta

from app.booking import space
from app.clinic.lists import places_of
from app.desk.models import Visit
from app.front.cells import cell_of, owners
from tests.browser import words
from tests.factories.staffed import StaffBrowserOf, Staffed


def add(browser: StaffBrowserOf, resource: object, first: date, last: date, status: int = 200) -> None:
    """Declare an absence from morning to night."""
    browser.get("/absences")
    values = {"resource": str(resource), "from_day": str(first), "from_time": "00:00"}
    values |= {"until_day": str(last), "until_time": "24:00"}
    browser.submit(values, button="Enregistrer l’absence", status=status)


def booked(clinic: Staffed) -> Visit:
    """Return an appointment in three days."""
    return clinic.visit(clinic.send("instant", day=(clinic.house.clock() + timedelta(days=3)).date()))


def day_of(visit: Visit) -> date:
    """Return the day of a visit, whose hours are far from midnight in UTC and in Paris."""
    assert visit.starts_at is not None
    return visit.starts_at.date()


def kinds_at(clinic: Staffed, visit: Visit) -> set[str]:
    """Return what the practitioner's cells are at the time of a visit."""
    assert visit.starts_at is not None
    assert visit.practitioner_id is not None
    start = cell_of(visit.starts_at)
    with clinic.house.db.reading("front") as session:
        return set(owners(session, visit.practitioner_id, range(start, start + 2), clinic.house.clock()).values())


def test_an_absence_lists_who_must_be_moved_and_closes_the_day(clinic: Staffed) -> None:
    visit = booked(clinic)
    day = day_of(visit)
    desk = clinic.sign_in("accueil")
    add(desk, visit.practitioner_id, day, day)
    rows = desk.shown.main.findall(".//tbody/tr")
    assert f"/visite/{visit.id}/proposer" in desk.shown.html
    assert len(rows) == 2
    offered = desk.get(f"/visite/{visit.id}/proposer?des={day}&avec={visit.practitioner_id}")
    shown = [words(label) for label in offered.main.iter("label") if label.find("input") is not None]
    assert not [one for one in shown if f" {day.day}\xa0novembre" in one]
    assert any("novembre" in one or "décembre" in one for one in shown)


def test_time_left_by_a_cancelled_visit_stays_closed(clinic: Staffed) -> None:
    visit = booked(clinic)
    desk = clinic.sign_in("accueil")
    add(desk, visit.practitioner_id, day_of(visit), day_of(visit))
    assert kinds_at(clinic, visit) == {"appointment"}
    desk.get(f"/visite/{visit.id}/annuler")
    desk.submit({"message": "Le praticien est absent."})
    assert kinds_at(clinic, visit) == {"absence"}
    assert "Rendez-vous à déplacer" not in desk.get("/absences").text


def test_removing_an_absence_opens_its_time_again(clinic: Staffed) -> None:
    visit = booked(clinic)
    day = day_of(visit)
    desk = clinic.sign_in("accueil")
    add(desk, visit.practitioner_id, day, day)
    desk.submit(button="Retirer")
    assert "Aucune." in desk.shown.text
    page = desk.get(f"/visite/{visit.id}/proposer?des={day}&avec={visit.practitioner_id}")
    assert f" {day.day}\xa0novembre" in page.html


def test_a_closed_room_touches_its_visits(clinic: Staffed) -> None:
    visit = booked(clinic)
    day = day_of(visit)
    desk = clinic.sign_in("accueil")
    add(desk, visit.room_id, day, day)
    assert f"/visite/{visit.id}/proposer" in desk.shown.html


def test_a_practitioner_declares_their_own_absence_only(clinic: Staffed) -> None:
    today = clinic.house.clock().date()
    ines = clinic.sign_in("ines")
    add(ines, clinic.people["ines"].practitioner, today, today)
    assert "Inès Fictive" in ines.shown.text
    paul = clinic.sign_in("paul")
    assert "Inès Fictive" not in paul.get("/absences").text
    data = paul.shown.filled({}, "Enregistrer l’absence")[1]
    paul.post("/absences", data | {"resource": str(clinic.people["ines"].practitioner)}, status=422)
    action = next(
        f.get("action") or "" for f in ines.shown.main.iter("form") if "retirer" in (f.get("action") or "")
    )
    paul.post(action, {"csrf_token": paul.csrf}, status=404)
    room = next(iter(places_of(clinic.services).rooms))
    paul.get("/absences")
    paul.post("/absences", data | {"csrf_token": paul.csrf, "resource": str(room)}, status=422)


def test_dates_that_make_no_sense_are_said_beside_the_field(clinic: Staffed) -> None:
    today = clinic.house.clock().date()
    desk = clinic.sign_in("accueil")
    person = clinic.people["ines"].practitioner
    add(desk, person, today, today - timedelta(days=2), status=422)
    assert "until_day" in desk.shown.errors or "La fin doit venir après" in desk.shown.text
    add(desk, person, today, today + timedelta(days=400), status=422)
    desk.get("/absences")
    wrong = {
        "resource": str(person),
        "from_day": "hier",
        "from_time": "25:00",
        "until_day": "",
        "until_time": "8h61",
    }
    page = desk.submit(wrong, button="Enregistrer l’absence", status=422)
    assert set(page.errors) == {"from_day", "from_time", "until_day", "until_time"}
    assert "25:00" in page.html, "what was typed must not be lost"


def test_a_patient_who_cancels_inside_an_absence_reopens_nothing(clinic: Staffed) -> None:
    sent = clinic.send("instant", day=(clinic.house.clock() + timedelta(days=3)).date())
    visit = clinic.visit(sent)
    add(clinic.sign_in("accueil"), visit.practitioner_id, day_of(visit), day_of(visit))
    view = space.read_space(clinic.services.funnel, sent)
    space.cancel(clinic.services.funnel, sent, view.version)
    assert kinds_at(clinic, visit) == set()
    clinic.work()
    assert kinds_at(clinic, visit) == {"absence"}
