"""A slot kept while the rest is answered: shown, prolonged twice, run out, lost, and contended."""

from tests.factories.house import House
from tests.factories.patient import CHECK, FILTER, LATER, LONGER, REACH, SLOT, Patient, draft_of
from tests.journeys.patient.agenda_of import cells_taken, hold_of
from tests.journeys.patient.conftest import Arrives


def slot_of(house: House, patient: Patient) -> str:
    """Return the code of the slot a patient chose."""
    code: str = draft_of(house, patient.token).journey.answers["slot"]["code"]
    return code


def chooses_the_last_slot(patient: Patient) -> None:
    """Walk to the last page with a slot that does not begin at once."""
    patient.walks_to(SLOT)
    patient.takes(patient.offered("slot")[-2])
    patient.gives()
    patient.continues()


def test_the_hold_is_shown_with_its_end_on_every_page_after(patient: Patient) -> None:
    patient.walks_to(CHECK)
    for number in (3, 4, SLOT, REACH, 7, CHECK):
        patient.opens(f"/r/{number:02d}")
        assert "Votre créneau est gardé jusqu’à 9 h 15" in patient.page.text.replace("\u00a0", " ")


def test_a_hold_is_prolonged_twice_and_a_third_time_is_refused(house: House, patient: Patient) -> None:
    patient.walks_to(REACH)
    for minutes in (20, 30):
        house.clock.forward(minutes=10)
        patient.presses(LONGER, {"name": "Zoé"})
        held = hold_of(house, patient)
        assert held is not None
        assert (held.expires_at - house.clock()).total_seconds() == 15 * 60, minutes
        assert patient.typed("name") == "Zoé", "what was typed beside the button is lost"
    assert LONGER not in [button.get("value") for button in patient.page.main.iter("button")]
    page = patient.browser.post(f"/r/{REACH:02d}", patient.page.filled({})[1] | {"go": LONGER})
    assert page.path == f"/r/{REACH:02d}"
    assert "prolong" in page.errors["f"]
    assert patient.gives().path == "/r/07"


def test_a_hold_may_be_prolonged_on_the_last_page_without_sending(house: House, patient: Patient) -> None:
    patient.walks_to(CHECK)
    house.clock.forward(minutes=14)
    patient.presses(LONGER, {"word1": "brouillon"})
    assert patient.page.path == f"/r/{CHECK:02d}"
    assert patient.typed("word1") == "brouillon"
    house.clock.forward(minutes=14)
    assert hold_of(house, patient) is not None
    assert patient.sends().path == "/e"


def test_sent_after_the_hold_ran_out_while_the_slot_is_free(house: House, patient: Patient) -> None:
    chooses_the_last_slot(patient)
    house.clock.forward(minutes=16)
    assert hold_of(house, patient) is None
    assert patient.sends().heading == "Votre rendez-vous est pris"
    assert cells_taken(house, kind="appointment")


def test_sent_after_the_hold_ran_out_and_the_slot_went_to_somebody(
    house: House, patient: Patient, another: Arrives
) -> None:
    chooses_the_last_slot(patient)
    noted, code = patient.notes_the_words(), slot_of(house, patient)
    before = draft_of(house, patient.token).journey.answers
    house.clock.forward(minutes=16)
    quicker = another()
    quicker.walks_to(SLOT)
    quicker.takes(code)
    quicker.gives("Camille")
    quicker.continues()
    quicker.sends()
    patient.opens(f"/r/{CHECK:02d}")
    page = patient.sends()
    assert page.path == f"/r/{SLOT:02d}"
    assert page.errors["slot"].startswith("Votre créneau n’était plus gardé et vient d’être pris")
    assert len(patient.offered("slot")) == 11
    assert code not in patient.offered("slot")
    after = draft_of(house, patient.token).journey.answers
    assert after == {step: answer for step, answer in before.items() if step != "slot"}
    assert patient.takes().path == f"/r/{CHECK:02d}", "what was answered is asked again"
    assert patient.notes_the_words() == noted
    assert patient.continues().heading == "Votre rendez-vous est pris"


def test_two_patients_choose_one_slot(house: House, patient: Patient, another: Arrives) -> None:
    rival = another()
    patient.walks_to(SLOT)
    rival.walks_to(SLOT)
    code = patient.offered("slot")[0]
    assert code in rival.offered("slot")
    assert patient.takes(code).path == "/r/06"
    page = rival.takes(code)
    assert page.path == f"/r/{SLOT:02d}"
    assert page.errors == {"slot": "Ce créneau vient d’être pris. En voici d’autres ; vos réponses sont gardées."}
    assert code not in rival.offered("slot")
    assert rival.takes().path == "/r/06"
    assert hold_of(house, patient) is not None


def test_a_taken_slot_says_so_on_the_days_that_were_on_show(patient: Patient, another: Arrives) -> None:
    rival = another()
    for one in (patient, rival):
        one.walks_to(SLOT)
        one.presses(LATER)
    shown = rival.offered("slot")
    patient.takes(shown[0])
    rival.takes(shown[0])
    assert set(rival.offered("slot")) & set(shown[1:-1]), "the list went back to its first days"


def test_unsent_holds_take_a_share_of_a_day_only(patient: Patient, another: Arrives) -> None:
    patient.walks_to(SLOT)
    patient.presses(FILTER, {"day": "01", "practitioner": "01"})
    codes, refused = patient.offered("slot")[:-1], []
    for _ in range(5):
        somebody = another()
        somebody.walks_to(SLOT)
        somebody.presses(FILTER, {"day": "01", "practitioner": "01"})
        if somebody.takes(somebody.offered("slot")[0]).errors:
            refused.append(somebody)
    assert codes
    assert refused
    assert "un autre jour" in refused[0].page.errors["slot"]
    assert refused[0].takes("none000000000000").path == "/r/06"


def test_leaving_in_a_hurry_gives_the_slot_back(house: House, patient: Patient) -> None:
    patient.walks_to(REACH)
    assert cells_taken(house)
    patient.browser.post("/x")
    assert cells_taken(house) == 0


def test_going_back_to_the_slot_shows_the_days_it_was_chosen_from(patient: Patient) -> None:
    patient.walks_to(SLOT)
    patient.presses(LATER)
    chosen = patient.offered("slot")[2]
    patient.takes(chosen)
    patient.opens(f"/r/{SLOT:02d}")
    assert patient.chosen("slot") == [chosen]
