"""Any answer is changed from the last page: what it makes moot is erased, the rest stays."""

import pytest

from tests.factories.house import House
from tests.factories.patient import ASK, CHECK, QUESTIONS, REACH, SLOT, TO_CONFIRM, Patient, draft_of
from tests.journeys.patient.agenda_of import cells_taken, hold_of


def test_every_answer_has_a_link_that_changes_it(patient: Patient) -> None:
    page = patient.walks_to(CHECK)
    links = [a.get("href") for a in page.main.findall(".//dl//a")]
    assert set(links) == {f"/r/{number:02d}" for number in (1, 2, 3, QUESTIONS, SLOT, REACH)}


@pytest.mark.parametrize("number", range(1, CHECK))
def test_the_same_answer_again_erases_nothing(house: House, patient: Patient, number: int) -> None:
    patient.walks_to(CHECK)
    before, held = draft_of(house, patient.token).journey.answers, hold_of(house, patient)
    patient.opens(f"/r/{number:02d}")
    page = patient.takes(patient.chosen("slot")[0]) if number == SLOT else patient.continues()
    assert page.path == f"/r/{CHECK:02d}"
    assert draft_of(house, patient.token).journey.answers == before
    after = hold_of(house, patient)
    assert held is not None
    assert after is not None
    assert (after.starts_at, after.expires_at) == (held.starts_at, held.expires_at)


def test_another_act_asks_its_own_questions_and_slot_and_gives_the_old_one_back(
    house: House, patient: Patient
) -> None:
    patient.walks_to(CHECK)
    assert cells_taken(house)
    patient.changes(1)
    page = patient.continues({"act": "0103"})
    assert page.path == f"/r/{QUESTIONS:02d}"
    answers = draft_of(house, patient.token).journey.answers
    assert set(answers) == {"need", "situation", "who", "reach"}
    assert hold_of(house, patient) is None
    assert cells_taken(house) == 0


def test_another_specialty_asks_its_own_consent_again(house: House, patient: Patient) -> None:
    patient.walks_to(CHECK)
    patient.changes(1)
    page = patient.continues({"act": "0201"})
    assert page.path == "/r/03"
    assert set(draft_of(house, patient.token).journey.answers) == {"need", "situation", "reach"}
    assert patient.chosen("decision") == [], "an agreement given for something else is ticked beforehand"


def test_a_minor_age_recomputes_the_path_and_gives_the_slot_back(house: House, patient: Patient) -> None:
    patient.walks_to(CHECK)
    patient.changes(2)
    page = patient.says("16")
    assert page.path == "/r/03"
    assert set(draft_of(house, patient.token).journey.answers) == {"need", "situation", "questions1"}
    assert cells_taken(house) == 0
    patient.decides()
    assert patient.page.heading == "Parler avec nous d’abord"


def test_an_age_where_it_is_not_offered_gives_the_slot_back_and_ends_kindly(house: House, patient: Patient) -> None:
    patient.walks_to(CHECK, "0302")
    patient.changes(2)
    page = patient.says("16")
    assert page.heading == "Nous ne pouvons pas le proposer ici"
    assert cells_taken(house) == 0
    patient.opens("/r/08")
    assert patient.page.path == "/r/03"
    patient.browser.follow("Changer une réponse")
    assert patient.says("34").path == "/r/03"
    assert patient.page.heading == "Qui saura quoi"


def test_an_adult_age_again_lets_choose_a_slot_again(patient: Patient) -> None:
    patient.walks_to(CHECK)
    patient.changes(2)
    patient.says("16")
    patient.opens("/r/02")
    patient.says("18")
    patient.decides()
    assert patient.page.heading == "Choisir un moment"


def test_another_name_changes_the_name_alone(house: House, patient: Patient) -> None:
    patient.walks_to(CHECK)
    before = draft_of(house, patient.token).journey.answers
    patient.changes(REACH)
    page = patient.gives("Camille")
    assert page.path == f"/r/{CHECK:02d}"
    assert "Camille" in page.text
    after = draft_of(house, patient.token).journey.answers
    assert {step for step in after if after[step] != before[step]} == {"reach"}


def test_another_slot_takes_the_place_of_the_first(house: House, patient: Patient) -> None:
    patient.walks_to(CHECK)
    held = hold_of(house, patient)
    taken = cells_taken(house)
    patient.changes(SLOT)
    page = patient.takes(patient.offered("slot")[2])
    assert page.path == f"/r/{CHECK:02d}"
    now_held = hold_of(house, patient)
    assert held is not None
    assert now_held is not None
    assert now_held.starts_at != held.starts_at
    assert cells_taken(house) == taken


def test_a_new_way_of_booking_is_said_before_sending(patient: Patient) -> None:
    patient.walks_to(CHECK)
    said = [patient.page.text]
    for act in (TO_CONFIRM, ASK):
        patient.changes(1)
        patient.continues({"act": act})
        patient.answers()
        patient.takes()
        patient.continues()
        said.append(patient.page.text)
    assert ["vous prenez ce rendez-vous" in said[0], "vous demandez ce créneau" in said[1]] == [True, True]
    assert "Ce n’est pas encore un rendez-vous" in said[2]


def test_a_wrong_change_leaves_the_first_answer_in_force(house: House, patient: Patient) -> None:
    patient.walks_to(CHECK)
    patient.changes(2)
    assert patient.says("beaucoup").errors
    assert patient.opens(f"/r/{CHECK:02d}").path == f"/r/{CHECK:02d}"
    assert "34 ans" in patient.page.text
