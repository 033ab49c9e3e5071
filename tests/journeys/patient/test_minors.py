"""A minor, or somebody who decides with help, is led to a person; where the law closes a path, it ends kindly."""

import pytest

from app.front.models import Submission
from tests.factories.house import House
from tests.factories.patient import CHECK, FEES, REACH, SLOT, WRITE, Patient, parcel_of
from tests.journeys.patient.agenda_of import cells_taken

CALLED = ["0101", "0105", "0306"]
REFUSED = ["0301", "0302", "0304"]
WAYS = [
    (0, "call", "Votre demande est envoyée : nous vous appelons"),
    (4, "come", "Votre demande est envoyée : nous vous attendons"),
    (8, "write", "Votre demande est envoyée, ce n’est pas encore un rendez-vous"),
]


def walks_to_the_times(patient: Patient, act: str, age: str = "16", whom: str = "01", standing: str = "01") -> None:
    """Answer until the choice of a time to be called or to come by."""
    patient.asks_for(act)
    patient.says(age, whom, standing)
    assert patient.page.path == "/r/03"
    patient.decides()
    patient.answers()
    assert patient.page.path == f"/r/{SLOT:02d}"


@pytest.mark.parametrize(("place", "kind", "heading"), WAYS)
@pytest.mark.parametrize("act", CALLED)
def test_a_minor_asks_to_be_called_to_come_by_or_to_be_written_to(
    house: House, patient: Patient, act: str, place: int, kind: str, heading: str
) -> None:
    walks_to_the_times(patient, act)
    assert patient.page.heading == "Parler avec nous d’abord"
    offered = patient.offered("slot")
    assert (len(offered), offered[8]) == (9, WRITE)
    patient.takes(offered[place])
    patient.gives("Lou", "02", phone="06 39 98 00 12") if kind == "call" else patient.gives("Lou")
    assert patient.page.path == f"/r/{FEES:02d}"
    patient.continues()
    parcel = parcel_of(house, patient.token)
    page = patient.sends()
    assert page.heading == heading
    assert cells_taken(house) == 0
    with house.db.reading("front") as session:
        row = session.get_one(Submission, parcel.submission)
    visit = parcel.opened(row.sealed_visit, "desk.visit", "contact")
    care = parcel.opened(row.sealed_care, "care.answers", "care")
    assert (visit["kind"], visit["state"], visit["room"], visit["practitioner"]) == (kind, "requested", None, None)
    assert (visit["starts_at"] is None) == (kind == "write")
    assert (care["path"], care["age"], care["band"]) == ("call", 16, "16_17")
    assert {one["answer"] for one in care["decisions"]} == {"told", "not_asked"}


@pytest.mark.parametrize(("whom", "standing"), [("02", "01"), ("03", "01"), ("01", "03"), ("02", "03")])
def test_an_adult_who_asks_for_another_or_decides_with_help_talks_first(
    patient: Patient, whom: str, standing: str
) -> None:
    walks_to_the_times(patient, "0101", "34", whom, standing)
    assert patient.page.heading == "Parler avec nous d’abord"


def test_who_wants_to_be_called_gives_a_number(patient: Patient) -> None:
    walks_to_the_times(patient, "0101")
    patient.takes()
    page = patient.gives("Lou", "04", email="lou@exemple.fr")
    assert page.path == f"/r/{REACH:02d}"
    assert page.errors == {
        "channel": "Vous demandez à être appelé·e : choisissez le téléphone et écrivez un numéro."
    }
    assert (patient.typed("email"), patient.typed("name")) == ("lou@exemple.fr", "Lou")
    assert patient.gives("Lou", "03", phone="0639980012").path == f"/r/{FEES:02d}"


def test_a_minor_is_told_of_traces_before_any_name_and_asked_no_agreement(patient: Patient) -> None:
    patient.asks_for("0101")
    page = patient.says("16")
    assert "Avant de donner votre nom" in page.text
    assert "Vos parents" in page.text or "vos parents" in page.text
    assert patient.offered("decision") == []


def test_no_message_is_what_a_minor_finds_ticked(patient: Patient) -> None:
    walks_to_the_times(patient, "0101")
    patient.takes(WRITE)
    assert patient.chosen("channel") == ["01"]
    patient.opens("/r/02")
    patient.says("34")
    patient.decides()
    patient.takes()
    assert patient.page.path == f"/r/{REACH:02d}"


def test_an_adult_finds_nothing_ticked(patient: Patient) -> None:
    patient.walks_to(3)
    assert patient.offered("decision") == ["01", "02"]
    assert patient.chosen("decision") == []
    patient.decides()
    patient.answers()
    patient.takes()
    assert patient.offered("channel")
    assert patient.chosen("channel") == []


@pytest.mark.parametrize("act", REFUSED)
@pytest.mark.parametrize("age", ["10", "13", "15", "17"])
def test_where_it_is_not_offered_the_end_is_kind_and_says_where_to_turn(
    patient: Patient, act: str, age: str
) -> None:
    patient.asks_for(act)
    page = patient.says(age)
    assert page.heading == "Nous ne pouvons pas le proposer ici"
    assert len(page.main.findall(".//dt")) >= 2
    for beyond in range(4, CHECK + 1):
        assert patient.opens(f"/r/{beyond:02d}").path == "/r/03"
    assert "Rien n’a été envoyé" in patient.page.text


def test_the_end_takes_no_form(patient: Patient) -> None:
    patient.asks_for("0302")
    patient.says("16")
    for number in range(3, CHECK + 1):
        assert patient.browser.client.post(f"/r/{number:02d}", data={"go": "01", "k": ""}).status_code in (303, 400)


def test_the_time_to_be_called_is_on_the_card_without_a_place(patient: Patient) -> None:
    walks_to_the_times(patient, "0101")
    patient.takes()
    patient.gives("Lou", "02", phone="0639980012")
    patient.continues()
    page = patient.sends()
    assert "novembre à" in page.text
    assert "blue door" not in page.text
