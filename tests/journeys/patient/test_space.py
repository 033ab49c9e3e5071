"""What a patient reads and does in their space."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from app.booking.slots import Slot, SlotFilter, find_slots
from app.front.models import FrontOutbox, SlotCell
from app.patient.data_page import CONFIRM, YOUR_DATA
from app.vault.sealing import Context, unseal_json
from app.vault.tokens import derive_id
from tests.factories.answered import propose_slot, space_of, write_in_space
from tests.factories.house import House, clinic_directory
from tests.factories.patient import CHECK, INSTANT, LATER, SLOT, TO_CONFIRM, Parcel, Patient, parcel_of
from tests.factories.walk import a_funnel
from tests.journeys.patient.agenda_of import cells_taken
from tests.journeys.patient.conftest import Arrives

CANCEL, MOVE, CLOSE = "cancel", "move", "out"


def books_later(house: House, patient: Patient, act: str = INSTANT, pages: int = 2) -> Parcel:
    """Book a slot some days ahead, and return what it was sent with."""
    patient.walks_to(SLOT, act)
    for _ in range(pages):
        patient.presses(LATER)
    patient.takes()
    patient.gives()
    patient.continues()
    assert patient.page.path == f"/r/{CHECK:02d}"
    parcel = parcel_of(house, patient.token)
    patient.sends()
    return parcel


def told(house: House, parcel: Parcel) -> list[tuple[str, dict[str, object]]]:
    """Return what was left for the worker, opened."""
    with house.db.reading("front") as session:
        rows = session.scalars(select(FrontOutbox).order_by(FrontOutbox.created_at)).all()
    return [
        (
            row.kind,
            unseal_json(
                parcel.secrets["space"],
                row.sealed,
                Context("front.space_action", parcel.pseudonym, "space", row.id, 1),
            ),
        )
        for row in rows
    ]


def form_of(patient: Patient, act: str) -> tuple[str, dict[str, str]]:
    """Return where the button of an act leads, and what it would send."""
    buttons = patient.page.main.iter("button")
    (label,) = ("".join(b.itertext()) for b in buttons if (b.get("value") or "").rstrip("-") == act)
    return patient.page.filled({}, " ".join(label.split()))


def acts_shown(patient: Patient) -> list[str]:
    """Return what the buttons of the space send."""
    return [(button.get("value") or "").rstrip("-") for button in patient.page.main.iter("button")]


def a_slot(house: House, place: int = 0, days: int = 7) -> Slot:
    """Return a free slot of a later day for the act that is confirmed."""
    funnel = a_funnel(house)
    act = next(iter(funnel.catalogue.profiles().values())).profile.act("04")
    assert act is not None
    from_day = house.clock().date() + timedelta(days=days)
    anything = SlotFilter(None, None, "any", frozenset(), "any", step_free=False, from_day=from_day)
    with house.db.reading("front") as session:
        return find_slots(session, clinic_directory(), act, anything, house.clock()).slots[place]


def test_cancelling_frees_the_slot_at_once_and_tells_the_clinic(
    house: House, patient: Patient, another: Arrives
) -> None:
    parcel = books_later(house, patient)
    assert cells_taken(house, parcel.submission) == 24
    page = patient.presses(CANCEL)
    assert (page.path, page.heading) == ("/e", "C’est annulé")
    assert "C’est fait." in page.text
    assert cells_taken(house) == 0
    assert told(house, parcel) == [
        ("cancel", {"schema": 1, "action": "cancel", "submission": str(parcel.submission), "from": "booked"})
    ]
    assert acts_shown(patient) == [CLOSE]
    somebody = another()
    books_later(house, somebody)
    assert somebody.page.heading == "Votre rendez-vous est pris"


def test_cancelling_twice_tells_once(house: House, patient: Patient) -> None:
    parcel = books_later(house, patient)
    path, data = form_of(patient, CANCEL)
    patient.browser.post(path, data)
    page = patient.browser.post(path, data)
    assert "Rien n’a été fait" in page.text
    assert len(told(house, parcel)) == 1


@pytest.mark.parametrize("act", [CANCEL, MOVE])
def test_too_late_to_do_it_here_the_patient_is_told_to_call(house: House, patient: Patient, act: str) -> None:
    parcel = books_later(house, patient)
    path, data = form_of(patient, act)
    starts = datetime.fromisoformat(space_of(house, parcel)[0]["starts_at"])
    house.clock.now = starts - timedelta(hours=24, minutes=10)
    words = " ".join(patient.noted)
    patient.comes_back_with(words)
    assert act in acts_shown(patient)
    path, data = form_of(patient, act)
    house.clock.forward(minutes=11)
    page = patient.browser.post(path, data)
    assert "Le délai est passé pour le faire ici. Appelez-nous" in page.text
    assert act not in acts_shown(patient)
    assert "Pour annuler ou changer maintenant, appelez-nous" in page.text
    assert told(house, parcel) == []
    assert cells_taken(house, parcel.submission) == 24


def test_asking_to_move_keeps_the_appointment_until_another_is_taken(house: House, patient: Patient) -> None:
    parcel = books_later(house, patient)
    page = patient.presses(MOVE)
    assert page.heading == "Vous avez demandé un autre moment"
    assert "reste le vôtre" in page.text
    assert cells_taken(house, parcel.submission) == 24
    assert [kind for kind, _ in told(house, parcel)] == ["move"]
    assert MOVE not in acts_shown(patient)


def test_a_proposal_is_taken_in_place_of_what_there_was(house: House, patient: Patient) -> None:
    parcel = books_later(house, patient, TO_CONFIRM)
    slot, until = a_slot(house), house.clock() + timedelta(hours=72)
    propose_slot(house, parcel, slot, until, "Ce moment vous irait-il ?")
    page = patient.opens("/e")
    assert page.heading == "La clinique vous propose un moment"
    assert "Ce moment vous irait-il ?" in page.text
    page = patient.presses(f"take-{slot.code}")
    assert page.heading == "Votre rendez-vous est pris"
    with house.db.reading("front") as session:
        cells = session.scalars(select(SlotCell)).all()
    assert {cell.owner for cell in cells} == {parcel.submission}
    assert {cell.kind for cell in cells} == {"appointment"}
    assert {cell.resource for cell in cells} == set(slot.resources)
    (kind, action), document = told(house, parcel)[0], space_of(house, parcel)[0]
    assert kind == "accept"
    assert action["code"] == slot.code
    assert (document["starts_at"], document["state"], document["proposals"]) == (
        slot.starts_at.isoformat(),
        "booked",
        [],
    )


def test_a_proposal_that_ran_out_or_was_never_made_takes_nothing(house: House, patient: Patient) -> None:
    parcel = books_later(house, patient, TO_CONFIRM)
    slot = a_slot(house)
    propose_slot(house, parcel, slot, house.clock() + timedelta(minutes=10))
    patient.opens("/e")
    path, data = form_of(patient, f"take-{slot.code}")
    for code in ("", "f" * 16, a_slot(house, 3).code):
        assert "Rien n’a été fait" in patient.browser.post(path, data | {"go": f"take-{code}"}).text
    house.clock.forward(minutes=11)
    assert "Rien n’a été fait" in patient.browser.post(path, data).text
    assert f"take-{slot.code}" not in acts_shown(patient)
    assert told(house, parcel) == []


def test_whatever_a_button_of_the_space_asks_for_what_it_sends_is_as_long(house: House, patient: Patient) -> None:
    parcel = books_later(house, patient, TO_CONFIRM)
    seen = sent_by(patient)
    propose_slot(house, parcel, a_slot(house), house.clock() + timedelta(hours=72))
    patient.opens("/e")
    seen |= sent_by(patient)
    patient.opens("/e/effacer")
    seen |= sent_by(patient)
    patient.presses("erase")
    seen |= sent_by(patient)

    asked = {value.rstrip("-").partition("-")[0] for value in seen}
    assert asked == {"take", "move", "cancel", "erase", "keep", "destroy", "out"}
    assert len({len(value) for value in seen}) == 1


def sent_by(patient: Patient) -> set[str]:
    """Return what the buttons on show send."""
    return {button.get("value") or "" for button in patient.page.main.iter("button")}


def test_the_pages_about_one_s_data_are_asked_for_with_as_many_bytes() -> None:
    assert len(YOUR_DATA) == len(CONFIRM)


def test_a_page_shown_before_a_change_does_nothing(house: House, patient: Patient) -> None:
    parcel = books_later(house, patient)
    path, data = form_of(patient, CANCEL)
    write_in_space(house, parcel, message="La salle a changé.")
    page = patient.browser.post(path, data)
    assert "Cette page a changé entre-temps. Rien n’a été fait" in page.text
    assert "La salle a changé." in page.text
    assert cells_taken(house, parcel.submission) == 24
    assert patient.presses(CANCEL).heading == "C’est annulé"


@pytest.mark.parametrize(
    "wrong", [{"k": ""}, {"k": "x"}, {"k": "-001" + "A" * 20}, {"go": "wipe"}, {"go": ""}, {"go": "take-"}]
)
def test_a_made_up_act_does_nothing(house: House, patient: Patient, wrong: dict[str, str]) -> None:
    parcel = books_later(house, patient)
    path, data = form_of(patient, CANCEL)
    page = patient.browser.post(path, data | wrong)
    assert "Rien n’a été fait" in page.text
    assert told(house, parcel) == []


def test_the_form_of_one_space_does_not_serve_another(house: House, patient: Patient, another: Arrives) -> None:
    books_later(house, patient)
    other = another()
    parcel = books_later(house, other)
    _path, data = form_of(patient, CANCEL)
    assert "Rien n’a été fait" in other.browser.post("/e", data).text
    assert cells_taken(house, parcel.submission) == 24


def test_signing_out_closes_the_space_in_this_browser(house: House, patient: Patient) -> None:
    books_later(house, patient)
    good = patient.browser.cookie or ""
    page = patient.presses(CLOSE)
    assert (page.path, page.heading) == ("/bonjour", "Bonjour")
    patient.browser.client.set_cookie("p", good)
    assert patient.opens("/e").heading == "Revenir avec mes mots"


def test_the_quick_exit_closes_the_space_too(house: House, patient: Patient) -> None:
    books_later(house, patient)
    good = patient.browser.cookie or ""
    patient.browser.post("/x")
    patient.browser.client.set_cookie("p", good)
    assert patient.opens("/e").heading == "Revenir avec mes mots"


def test_the_space_closes_after_idle_minutes_not_while_somebody_reads(house: House, patient: Patient) -> None:
    books_later(house, patient)
    for _ in range(4):
        house.clock.forward(minutes=15)
        assert patient.opens("/e").heading == "Votre rendez-vous est pris"
    path, data = form_of(patient, MOVE)
    house.clock.forward(minutes=21)
    page = patient.browser.post(path, data)
    assert page.errors == {"words": "Votre espace s’est refermé. Écrivez vos mots pour le rouvrir."}
    assert patient.opens("/e").heading == "Revenir avec mes mots"


def test_what_is_past_can_not_be_changed(house: House, patient: Patient) -> None:
    parcel = books_later(house, patient)
    for state, heading in [
        ("seen", "Ce rendez-vous est passé"),
        ("absent", "Ce rendez-vous est passé"),
        ("declined", "La clinique ne peut pas répondre à cette demande"),
    ]:
        write_in_space(house, parcel, state=state)
        page = patient.opens("/e")
        assert page.heading == heading
        assert acts_shown(patient) == [CLOSE]


def test_a_space_that_is_no_more_says_so(house: House, patient: Patient) -> None:
    parcel = books_later(house, patient)
    from app.front.models import Space

    with house.db.writing("front") as session:
        session.delete(session.get_one(Space, derive_id(parcel.secrets["space"], "space")))
    assert patient.opens("/e").heading == "Cet espace n’existe plus"
    assert patient.browser.post("/e", {"go": "cancel", "k": "x"}).heading == "Cet espace n’existe plus"


def test_a_patient_without_contact_is_told_to_come_back_and_look(house: House, patient: Patient) -> None:
    books_later(house, patient)
    assert "vous ne le saurez qu’en revenant ici" in patient.page.text
