"""Every step answered wrong, then mended: what is wrong is said beside its field, and nothing typed is lost."""

import pytest

from app.patient.present import LONGEST
from tests.factories.patient import CHECK, QUESTIONS, REACH, SLOT, Patient

LONG = "é" * 61


def links_of_the_summary_lead_to_their_fields(patient: Patient) -> None:
    ids = {element.get("id") for element in patient.page.main.iter()}
    assert patient.page.errors
    assert set(patient.page.errors) <= ids


@pytest.mark.parametrize(
    ("number", "fields"),
    [
        (1, {"act"}),
        (2, {"whom", "age", "standing"}),
        (3, {"decision"}),
        (QUESTIONS, {"q1", "q2", "q3"}),
        (SLOT, {"slot"}),
    ],
)
def test_a_step_left_empty_says_what_is_missing(patient: Patient, number: int, fields: set[str]) -> None:
    patient.walks_to(number) if number > 1 else patient.opens("/r/01")
    page = patient.continues()
    assert page.path == f"/r/{number:02d}"
    assert fields <= set(page.errors)
    links_of_the_summary_lead_to_their_fields(patient)
    mend = {
        1: lambda: patient.asks_for("0101"),
        2: patient.says,
        3: patient.decides,
        4: patient.answers,
        5: patient.takes,
    }
    assert mend[number]().path == f"/r/{number + 1:02d}"


def test_the_summary_takes_the_focus_and_the_field_is_marked(patient: Patient) -> None:
    patient.walks_to(2)
    page = patient.says("trente")
    summary = page.main.find(".//div[@class='err']")
    assert summary is not None
    assert "autofocus" in summary.attrib
    assert summary.get("role") == "alert"
    field = page.main.find(".//input[@id='age']")
    assert field is not None
    assert field.get("aria-invalid") == "true"
    assert "age-e" in (field.get("aria-describedby") or "")


@pytest.mark.parametrize("age", ["", "tre", "-1", "131", "3.5", "٣٤", "1e2", "<b>", "&lt"])
def test_an_age_that_is_none_is_shown_again_as_typed(patient: Patient, age: str) -> None:
    patient.walks_to(2)
    page = patient.says(age, "02", "03")
    assert page.errors == {"age": "Écrivez l’âge en années, en chiffres. Par exemple : 34."}
    shown = age[: LONGEST["age"] + 1]
    assert (patient.typed("age"), patient.chosen("whom"), patient.chosen("standing")) == (shown, ["02"], ["03"])
    assert patient.says(" 34 ").path == "/r/03"


WRONG_CONTACTS = [
    ({"name": ""}, "name"),
    ({"name": "   "}, "name"),
    ({"name": LONG}, "name"),
    ({"name": "Zo\u202eé"}, "name"),
    ({"name": "a=b"}, "name"),
    ({"name": "Zo\ufffdé"}, "name"),
    ({"channel": "02", "phone": ""}, "phone"),
    ({"channel": "03", "phone": "12"}, "phone"),
    ({"channel": "02", "phone": "appelez-moi"}, "phone"),
    ({"channel": "04", "email": ""}, "email"),
    ({"channel": "04", "email": "nom@exemple"}, "email"),
    ({"channel": "04", "email": "nom exemple@exemple.fr"}, "email"),
    ({"channel": "04", "email": "n@" + "e" * 118}, "email"),
]


@pytest.mark.parametrize(("wrong", "field"), WRONG_CONTACTS)
def test_a_contact_that_can_not_be_read_is_shown_again_as_typed(
    patient: Patient, wrong: dict[str, str], field: str
) -> None:
    patient.walks_to(REACH)
    typed = {"name": "Zoé", "channel": "01", "phone": "06 39 98", "email": "zoe@"} | wrong
    page = patient.gives(**typed)
    assert set(page.errors) == {field}
    links_of_the_summary_lead_to_their_fields(patient)
    assert {name: patient.typed(name) for name in ("name", "phone", "email")} == {
        name: typed[name][: LONGEST[name] + 1] for name in ("name", "phone", "email")
    }
    assert patient.chosen("channel") == [typed["channel"]]
    assert patient.gives("Zoé", "04", email="zoe@exemple.fr").path == "/r/07"


@pytest.mark.parametrize("name", ["Jean-Noël d'Aÿ", "Nguyễn", "محمد", "王", "O’Neill Jr.", "é" * 60])
def test_names_of_the_world_are_taken_as_they_are(patient: Patient, name: str) -> None:
    patient.walks_to(REACH)
    patient.gives(name)
    patient.continues()
    assert name in patient.page.text


@pytest.mark.parametrize("phone", ["0639980012", "+33 6 39 98 00 12", "06.39.98.00.12", "+44 7700 900123"])
def test_telephone_numbers_are_read_however_they_are_written(patient: Patient, phone: str) -> None:
    patient.walks_to(REACH)
    assert patient.gives("Zoé", "02", phone=phone).path == "/r/07"


def test_words_retyped_wrong_keep_the_words_and_what_was_typed(patient: Patient) -> None:
    patient.walks_to(CHECK)
    noted = patient.notes_the_words()
    page = patient.continues({"word1": "abracadabra", "word2": noted[0]})
    assert page.path == f"/r/{CHECK:02d}"
    assert "word1" in page.errors
    assert patient.typed("word1") == "abracadabra"
    assert patient.notes_the_words() == noted
    assert patient.sends().path == "/e"


def test_words_may_be_retyped_in_capitals_and_without_accents(patient: Patient) -> None:
    patient.walks_to(CHECK)
    plain = {
        ord("é"): "e",
        ord("è"): "e",
        ord("ê"): "e",
        ord("î"): "i",
        ord("â"): "a",
        ord("ï"): "i",
        ord("ç"): "c",
    }
    patient.notes_the_words()
    labels = ["".join(label.itertext()) for label in patient.page.main.iter("label") if label.get("for")]
    asked = [patient.noted[int(label.split()[-1]) - 1] for label in labels if "mot numéro" in label]
    typed = [f"  {word.translate(plain).upper()} " for word in asked]
    assert patient.continues({"word1": typed[0], "word2": typed[1]}).path == "/e"


@pytest.mark.parametrize("number", range(2, CHECK + 1))
def test_going_back_shows_what_was_answered(patient: Patient, number: int) -> None:
    patient.walks_to(CHECK)
    patient.opens(f"/r/{number:02d}")
    page = patient.browser.follow("Revenir")
    assert page.path == f"/r/{number - 1:02d}"
    names = {1: "act", 2: "whom", 3: "decision", 4: "q1", 5: "slot", 6: "channel"}
    if number - 1 in names:
        assert patient.chosen(names[number - 1])


@pytest.mark.parametrize("number", range(1, CHECK))
def test_enter_goes_on_with_what_is_filled_in_whatever_other_buttons_there_are(
    patient: Patient, number: int
) -> None:
    patient.walks_to(CHECK)
    page = patient.opens(f"/r/{number:02d}")
    form = page.tree.find(".//form[@id='f']")
    assert form is not None
    buttons = [b for b in page.tree.iter("button") if b in list(form.iter("button")) or b.get("form") == "f"]
    assert (buttons[0].get("name"), buttons[0].get("value")) == ("go", "01")
