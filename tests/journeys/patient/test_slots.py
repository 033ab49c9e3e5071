"""Choosing a moment: filters, other days, and when nothing suits."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from app.booking.slots import read_code
from app.front.cells import start_of
from app.front.models import Submission
from tests.factories.directory import named
from tests.factories.house import House, clinic_directory
from tests.factories.patient import ASK, EARLIER, FILTER, LATER, NONE_SUITS, SLOT, Patient, parcel_of
from tests.journeys.patient.agenda_of import cells_taken


def shown(patient: Patient) -> list[tuple[object, object, datetime]]:
    """Return who, where and when of each slot on show."""
    found = [read_code(clinic_directory(), code) for code in patient.offered("slot") if code != NONE_SUITS]
    return [(who, where, start_of(cell)) for who, where, cell in filter(None, found)]


def test_slots_are_shown_by_day_and_who_takes_them_is_said(patient: Patient) -> None:
    page = patient.walks_to(SLOT)
    starts = [start for _who, _where, start in shown(patient)]
    assert len(starts) == 10
    assert starts == sorted(starts)
    assert {who for who, _where, _start in shown(patient)} == {named("A. Exemple"), named("B. Modèle")}
    assert "lundi 23 novembre" in page.text


def test_a_choice_ticked_stays_ticked_while_slots_are_filtered(patient: Patient) -> None:
    patient.walks_to(SLOT)
    code = patient.offered("slot")[0]
    page = patient.presses(FILTER, {"slot": code, "day": "01"})
    assert page.path == f"/r/{SLOT:02d}"
    assert patient.chosen("slot") == [code]


@pytest.mark.parametrize(
    ("wish", "holds"),
    [
        ({"gender": "01"}, lambda who, where, start: who == named("A. Exemple")),
        ({"gender": "02"}, lambda who, where, start: who == named("B. Modèle")),
        ({"site": "Le Moulin"}, lambda who, where, start: where == named("Le Moulin")),
        ({"practitioner": "B. Modèle"}, lambda who, where, start: who == named("B. Modèle")),
        ({"day": "mercredi"}, lambda who, where, start: start.weekday() == 2),
        ({"hours": "matin"}, lambda who, where, start: start.hour < 11),
        ({"hours": "après-midi"}, lambda who, where, start: start.hour >= 11),
        ({"access": "01"}, lambda who, where, start: where == named("Le Quai")),
    ],
)
def test_a_wish_is_kept_and_every_slot_follows_it(patient: Patient, wish: dict[str, str], holds: object) -> None:
    patient.walks_to(SLOT)
    patient.presses(FILTER, wish)
    assert shown(patient)
    assert callable(holds)
    assert all(holds(*slot) for slot in shown(patient))
    ((name, wished),) = wish.items()
    field = patient.page.main.find(f".//select[@id='{name}']")
    assert field is not None
    chosen = [(o.get("value"), "".join(o.itertext())) for o in field.iter("option") if "selected" in o.attrib]
    assert [wished in one for one in chosen] == [True]


def test_later_days_then_earlier_ones(patient: Patient) -> None:
    patient.walks_to(SLOT)
    first = shown(patient)
    patient.presses(LATER)
    later = shown(patient)
    assert later[0][2].date() > first[-1][2].date()
    patient.presses(EARLIER)
    assert shown(patient)[0][2] < later[0][2]


def test_a_slot_of_a_later_day_can_be_taken(patient: Patient) -> None:
    patient.walks_to(SLOT)
    patient.presses(LATER)
    patient.presses(LATER)
    assert patient.takes(patient.offered("slot")[3]).path == "/r/06"


def test_wishes_nobody_can_grant_are_no_dead_end(house: House, patient: Patient) -> None:
    patient.walks_to(SLOT)
    page = patient.presses(FILTER, {"gender": "02", "access": "01"})
    assert "Aucun créneau ne répond à ces choix" in page.text
    assert patient.offered("slot") == [NONE_SUITS]
    patient.takes(NONE_SUITS)
    patient.gives()
    patient.continues()
    assert "la clinique propose" in patient.page.text
    parcel = parcel_of(house, patient.token)
    assert patient.sends().heading == "Votre demande est envoyée, ce n’est pas encore un rendez-vous"
    with house.db.reading("front") as session:
        row = session.scalars(select(Submission)).one()
    wishes = parcel.opened(row.sealed_care, "care.answers", "care")["wishes"]
    assert (wishes["gender"], wishes["step_free"], wishes["days"]) == ("man", True, list(range(7)))
    visit = parcel.opened(row.sealed_visit, "desk.visit", "contact")
    assert (visit["kind"], visit["state"], visit["starts_at"], visit["practitioner"]) == (
        "request",
        "requested",
        None,
        None,
    )


def test_no_slot_suits_gives_back_the_one_held(house: House, patient: Patient) -> None:
    patient.walks_to(SLOT + 1)
    assert cells_taken(house)
    patient.opens(f"/r/{SLOT:02d}")
    assert patient.takes(NONE_SUITS).path == "/r/06"
    assert cells_taken(house) == 0
    assert "gardé jusqu’à" not in patient.page.text


def test_where_the_clinic_proposes_the_patient_says_when_it_suits(house: House, patient: Patient) -> None:
    page = patient.walks_to(SLOT, ASK)
    assert page.heading == "Dire quand cela vous irait"
    patient.continues({"day": "jeudi", "hours": "03", "site": "Le Quai"})
    patient.gives()
    patient.continues()
    parcel = parcel_of(house, patient.token)
    patient.sends()
    with house.db.reading("front") as session:
        row = session.get_one(Submission, parcel.submission)
    wishes = parcel.opened(row.sealed_care, "care.answers", "care")["wishes"]
    assert (wishes["days"], wishes["hours"], wishes["site"]) == ([3], "evening", str(named("Le Quai")))


def test_a_day_of_the_past_or_of_another_age_shows_a_page_all_the_same(patient: Patient) -> None:
    patient.walks_to(SLOT)
    _path, data = patient.page.filled({})
    for day in ("1999-01-01", "9999-12-31", "0001-01-01", "hier", ""):
        page = patient.browser.post(f"/r/{SLOT:02d}", data | {"go": LATER, "next": day, "from": day})
        assert page.path == f"/r/{SLOT:02d}"
        assert all(start >= datetime(2026, 11, 23, 8, tzinfo=UTC) for _who, _where, start in shown(patient))


def test_a_first_day_typed_beside_the_buttons_is_not_believed(patient: Patient) -> None:
    patient.walks_to(SLOT)
    _path, data = patient.page.filled({})
    page = patient.browser.post(f"/r/{SLOT:02d}", data | {"from": "hier", "slot": "x"})
    assert page.errors
    assert len(shown(patient)) == 10
