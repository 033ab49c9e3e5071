"""What a page says is what will be sent, what the settings say, and where the patient will go."""

from pathlib import Path

import pytest

from app.front.published_directory import publish_directory
from tests.browser import words
from tests.factories.directory import a_directory, a_practitioner, a_room, a_site, weekly
from tests.factories.house import KINDS, House, build_house
from tests.factories.patient import CHECK, QUESTIONS, REACH, SLOT, Patient

WIDE = "".join(chr(0x4E00 + n * 7919 % 20000) for n in range(2000))
"""Two thousand signs that take three bytes each and do not compress."""


def plain(text: str) -> str:
    """Return a text with ordinary spaces."""
    return text.replace("\u00a0", " ")


def rows(patient: Patient) -> dict[str, str]:
    """Return the answers shown to be checked, by their question."""
    found = {}
    for row in patient.page.main.findall(".//dl/div"):
        question, answer = (row.find(tag) for tag in ("dt", "dd"))
        assert question is not None
        assert answer is not None
        found[words(question)] = plain(words(answer))
    return found


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("0639980012", "06 39 98 00 12"),
        ("+33 (0)6.39.98.00.12", "06 39 98 00 12"),
        ("+44 7700 900123", "+44 7700 900123"),
    ],
)
def test_the_number_to_check_is_the_one_that_is_sent(patient: Patient, typed: str, shown: str) -> None:
    patient.walks_to(REACH)
    patient.gives("Zoé", "02", phone=typed)
    patient.continues()
    assert rows(patient)["Pour vous joindre"] == shown


def test_a_number_typed_but_not_taken_is_not_the_one_to_check(patient: Patient) -> None:
    patient.walks_to(REACH)
    patient.gives("Zoé", "02", phone="06 39 98 00 12")
    patient.opens(f"/r/{REACH:02d}")
    assert patient.gives("Zoé", "02", phone="12").errors
    _path, data = patient.page.filled({"phone": "06 39 98 00 99"})
    patient.browser.post(f"/r/{REACH:02d}", data | {"channel": "99"})
    patient.opens("/r/07")
    patient.continues()
    assert patient.page.path == f"/r/{CHECK:02d}"
    assert rows(patient)["Pour vous joindre"] == "06 39 98 00 12"


def test_the_time_to_check_is_that_of_its_place_with_who_and_where(tmp_path: Path) -> None:
    here, there = a_site("Le Quai"), a_site("La Rade", timezone="Indian/Reunion")
    person = a_practitioner("C. Exemple", kinds=KINDS)
    hours, rooms = weekly(person, there, days=range(7)), [a_room("1", here), a_room("2", there)]
    house = build_house(tmp_path)
    with house.db.writing("front") as session:
        publish_directory(session, a_directory(hours, [person], [here, there], rooms), house.clock())
    patient = Patient(house.patient_app())
    patient.walks_to(SLOT)
    patient.takes(patient.offered("slot")[2])
    assert "Votre créneau est gardé jusqu’à 12 h 15" in plain(patient.page.text), "8 h 15 in Greenwich"
    patient.gives()
    patient.continues()
    chosen = rows(patient)["Créneau"]
    assert chosen.endswith("C. ExempleLa Rade")
    assert "Le Quai" not in patient.page.text
    patient.sends()
    assert f"Quand{chosen.removesuffix('C. ExempleLa Rade')} ·" in plain(patient.page.text)
    house.db.dispose()


def test_three_fields_of_two_thousand_signs_give_the_page_with_its_faults(patient: Patient) -> None:
    patient.walks_to(REACH)
    page = patient.gives(WIDE, "04", phone=WIDE, email=WIDE)
    assert page.path == f"/r/{REACH:02d}"
    assert set(page.errors) == {"name", "email"}
    assert [patient.typed(name) for name in ("name", "phone", "email")] == [WIDE[:61], WIDE[:25], WIDE[:121]]
    patient.opens("/r/02")
    page = patient.says(WIDE)
    assert (set(page.errors), patient.typed("age")) == ({"age"}, WIDE[:4])


def test_the_summary_names_the_question_where_the_message_does_not(patient: Patient) -> None:
    patient.walks_to(2)
    page = patient.continues()
    assert page.errors["whom"] == "Pour qui : choisissez une réponse dans la liste."
    assert page.errors["age"] == "Écrivez l’âge en années, en chiffres. Par exemple : 34."
    patient.says()
    patient.decides()
    assert patient.page.path == f"/r/{QUESTIONS:02d}"
    assert patient.continues().errors["q2"] == "Question 2 : choisissez une réponse dans la liste."
    assert "q2-e" in patient.page.html
    patient.browser.post("/reglage", {"b": f"{QUESTIONS:02d}", "v": "le"})
    assert patient.page.errors["q2"] == "Question 2: choose an answer from the list."


def test_the_summary_tells_the_two_words_apart(patient: Patient) -> None:
    patient.walks_to(CHECK)
    labels = [words(label) for label in patient.page.main.iter("label") if (label.get("for") or "")[:4] == "word"]
    page = patient.continues({"word1": "non", "word2": "non"})
    for name, label in zip(("word1", "word2"), labels, strict=True):
        assert page.errors[name].startswith(f"Mot numéro {label.split()[-1]} : ce n’est pas ce mot.")


def test_the_settings_times_are_the_ones_said(house: House) -> None:
    patient = Patient(house.patient_app(draft_minutes=120, draft_days_with_words=10, hold_minutes=25))
    patient.walks_to(REACH)
    assert "Garder 25 minutes de plus" in plain(patient.page.text)
    said = plain(patient.opens("/mots").text)
    assert "garder votre demande 10 jours." in said
    assert "s’effacent 2 heures après votre dernière page" in said
