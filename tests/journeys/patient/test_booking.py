"""An adult books, in each specialty and each way of booking, and reads what they have got."""

import pytest
from sqlalchemy import select

from app.front.models import SlotCell, Submission
from tests.factories.house import House, clinic_directory
from tests.factories.patient import CHECK, QUESTIONS, REACH, Patient, parcel_of

BOOKED = "Votre rendez-vous est pris"
REQUESTED = "Votre demande est envoyée, ce n’est pas encore un rendez-vous"
WAYS = [
    ("0101", BOOKED),
    ("0104", REQUESTED),
    ("0105", REQUESTED),
    ("0201", BOOKED),
    ("0203", REQUESTED),
    ("0301", BOOKED),
    ("0302", REQUESTED),
    ("0306", REQUESTED),
]


def cells_of(house: House, owner: object) -> list[SlotCell]:
    with house.db.reading("front") as session:
        return list(session.scalars(select(SlotCell).where(SlotCell.owner == owner)))


@pytest.mark.parametrize(("act", "heading"), WAYS)
def test_the_first_line_after_sending_says_what_it_is(patient: Patient, act: str, heading: str) -> None:
    page = patient.books(act)
    assert page.heading == heading
    assert page.text.startswith(heading)


@pytest.mark.parametrize(
    ("act", "kind", "state"),
    [("0101", "appointment", "booked"), ("0104", "appointment", "requested"), ("0105", "request", "requested")],
)
def test_what_is_sent_is_what_was_answered(house: House, patient: Patient, act: str, kind: str, state: str) -> None:
    patient.walks_to(REACH, act)
    patient.gives("Zoé", "03", phone="06 39 98 00 12")
    patient.continues()
    parcel = parcel_of(house, patient.token)
    patient.sends()
    with house.db.reading("front") as session:
        row = session.get_one(Submission, parcel.submission)
    visit = parcel.opened(row.sealed_visit, "desk.visit", "contact")
    contact = parcel.opened(row.sealed_contact, "identity.contact", "contact")
    care = parcel.opened(row.sealed_care, "care.answers", "care")
    assert (visit["kind"], visit["state"], visit["reachable"]) == (kind, state, True)
    assert (contact["call_name"], contact["channel"], contact["phone"]) == ("Zoé", "phone", "+33639980012")
    assert (contact["voicemail_ok"], contact["entered_how"], contact["entered_by"]) == (True, "self", None)
    assert (care["age"], care["situation"], care["path"]) == (34, "self", "self")
    assert care["answers"]
    assert all(answer["answer"] is None for answer in care["answers"])
    assert {one["answer"] for one in care["decisions"]} == {"told", "no"}
    assert not {"act", "act_name", "answers", "age"} & (visit.keys() | contact.keys())
    taken = cells_of(house, parcel.submission)
    assert bool(taken) == (kind == "appointment")
    assert all(cell.kind == "appointment" and cell.expires_at is None for cell in taken)


def test_the_card_says_when_where_the_door_and_what_to_say(patient: Patient) -> None:
    page = patient.books()
    for words in (
        "Le jour venu",
        "novembre à",
        "blue door",
        "I have an appointment",
        clinic_directory().sites[0].phone,
        "50 min",
    ):
        assert words in page.text, words


def test_answers_are_read_by_the_practitioner_only_and_not_shown_again(house: House, patient: Patient) -> None:
    patient.walks_to(QUESTIONS)
    first = next(label for label in patient.page.main.iter("label") if label.get("class") == "opt")
    said = "".join(first.itertext()).strip()
    patient.answers("01")
    patient.takes()
    patient.gives()
    patient.continues()
    assert said not in patient.page.text
    parcel = parcel_of(house, patient.token)
    patient.sends()
    with house.db.reading("front") as session:
        row = session.get_one(Submission, parcel.submission)
    care = parcel.opened(row.sealed_care, "care.answers", "care")
    assert said in [answer["answer"]["fr"] for answer in care["answers"] if answer["answer"]]


def test_a_journey_in_english_on_the_discreet_screen(house: House, patient: Patient) -> None:
    for wish in ("le", "sm"):
        patient.browser.post("/reglage", {"b": "01", "v": wish})
    assert "Follow-up with a psychiatrist" in patient.page.text
    assert (patient.page.tree.get("lang"), patient.page.tree.get("class")) == ("en", "m")
    patient.walks_to(CHECK, "0102")
    assert "Follow-up with a psychiatrist" in patient.page.text
    parcel = parcel_of(house, patient.token)
    patient.sends()
    assert "Follow-up with a psychiatrist" in patient.page.text
    with house.db.reading("front") as session:
        row = session.get_one(Submission, parcel.submission)
    assert parcel.opened(row.sealed_contact, "identity.contact", "contact")["language"] == "en"


def test_the_language_may_be_changed_half_way(house: House, patient: Patient) -> None:
    patient.walks_to(CHECK, "0102")
    words = patient.notes_the_words()
    patient.browser.post("/reglage", {"b": "08", "v": "le"})
    assert "Follow-up with a psychiatrist" in patient.page.text
    assert patient.notes_the_words() == words, "the words already written down changed"
    parcel = parcel_of(house, patient.token)
    assert patient.sends().path == "/e"
    with house.db.reading("front") as session:
        row = session.get_one(Submission, parcel.submission)
    assert parcel.opened(row.sealed_contact, "identity.contact", "contact")["language"] == "en"


@pytest.mark.parametrize("screen", ["sn", "sm"])
def test_what_is_asked_for_is_folded_on_the_discreet_screen(patient: Patient, screen: str) -> None:
    patient.browser.post("/reglage", {"b": "01", "v": screen})
    patient.asks_for("0101")
    patient.opens("/r/01")
    folds = patient.page.main.findall(".//details")
    assert folds
    assert all(("open" in fold.attrib) == (screen == "sn") for fold in folds)


def test_a_second_journey_in_the_same_browser_has_its_own_space(patient: Patient) -> None:
    patient.books("0101")
    first = list(patient.noted)
    patient.books("0201")
    assert patient.noted != first
    assert "Première consultation avec un psychiatre" not in patient.page.text
