"""Whatever is typed that can't be an answer: plain words, one size, nothing saved is lost, nothing of it is logged.

Every page that comes back is linted, its size included, by the browser of the tests.
"""

import io
import logging
from urllib.parse import quote

import pytest

from tests.factories.house import House
from tests.factories.patient import CHECK, QUESTIONS, REACH, SLOT, Patient, draft_of
from tests.factories.search import forms_of
from tests.journeys.patient.agenda_of import cells_taken

MARK = "Xylophoneprenom"
TOO_LONG = (MARK * 700)[:10_000]
PLACES = (
    [(2, "age"), (QUESTIONS, "q1"), (SLOT, "practitioner"), (SLOT, "day"), (SLOT, "slot")]
    + [(REACH, name) for name in ("name", "phone", "email", "channel")]
    + [(CHECK, name) for name in ("word1", "k", "go")]
)
UNREADABLE = {
    "overlong": b"%c0%af",
    "overlong zero": b"%c0%80",
    "overlong in four": b"%f0%80%80%af",
    "beyond Unicode": b"%f4%90%80%80",
    "UTF-16": b"%ff%feZ%00o%00",
    "UTF-16, big end first": b"%fe%ff%00Z%00o",
    "UTF-16 without a mark": b"Z%00o%00",
    "high surrogate": b"%ed%a0%80",
    "low surrogate": b"%ed%bf%bf",
    "pair of surrogates": b"%ed%a0%bd%ed%b8%80",
    "zero": b"%00",
    "cut short": b"%e2%82",
}
UNSEEN = {
    "zero width space": "\u200b",
    "joiner": "\u200d",
    "non joiner": "\u200c",
    "word joiner": "\u2060",
    "byte order": "\ufeff",
    "override": "\u202e",
    "isolate": "\u2067",
    "mark": "\u200f",
    "arabic mark": "\u061c",
    "soft hyphen": "\u00ad",
}


@pytest.fixture
def patient(house: House) -> Patient:
    """Somebody whose answers are all given, before the last page."""
    patient = Patient(house.patient_app())
    patient.walks_to(CHECK)
    return patient


def logged(lines: io.StringIO) -> list[bytes]:
    """Return the forms in which what was typed stands in the log."""
    return [form for form in forms_of(MARK) if form.decode("latin-1") in lines.getvalue()]


def kept(house: House, patient: Patient) -> tuple[int, dict[str, object]]:
    draft = draft_of(house, patient.token)
    return draft.version, dict(draft.journey.answers)


def test_ten_thousand_characters_in_any_field_are_too_long_in_plain_words(
    house: House, patient: Patient, lines: io.StringIO
) -> None:
    before = kept(house, patient)
    for number, field in PLACES:
        _path, data = patient.opens(f"/r/{number:02d}").filled({})
        page = patient.browser.post(f"/r/{number:02d}", data | {field: TOO_LONG}, status=413)
        assert page.heading == "Votre envoi est trop long", field
    assert kept(house, patient) == before
    assert logged(lines) == []
    patient.opens(f"/r/{CHECK:02d}")
    assert patient.sends().path == "/e"


@pytest.mark.parametrize("path", ["/retour", "/r/02", "/reglage", "/x"])
def test_ten_thousand_characters_before_any_journey_are_no_fault_of_ours(
    house: House, lines: io.StringIO, path: str
) -> None:
    patient = Patient(house.patient_app())
    patient.opens("/r/01")
    response = patient.browser.client.post(path, data={"words": TOO_LONG, "v": TOO_LONG, "b": TOO_LONG})
    assert response.status_code < 500
    assert logged(lines) == []


def test_bytes_that_are_no_text_are_refused_in_plain_words(
    house: House, patient: Patient, lines: io.StringIO
) -> None:
    before = kept(house, patient)
    key = patient.opens(f"/r/{REACH:02d}").filled({})[1]["k"].encode()
    for kind, unreadable in UNREADABLE.items():
        body = b"name=" + MARK.encode() + unreadable + b"&channel=01&go=01&k=" + key
        page = patient.browser.post(f"/r/{REACH:02d}", body, status=400)
        assert page.heading == "Nous n’avons pas compris cet envoi", kind
    assert kept(house, patient) == before
    assert logged(lines) == []
    assert patient.opens(f"/r/{REACH:02d}").heading == "Comment vous joindre"
    assert patient.gives("Zoé").path == f"/r/{CHECK:02d}"


def test_signs_that_hide_or_turn_a_name_are_said_beside_it_and_book_nothing_twice(
    house: House, patient: Patient, lines: io.StringIO
) -> None:
    before, held = kept(house, patient)[1], cells_taken(house)
    for kind, sign in UNSEEN.items():
        patient.opens(f"/r/{REACH:02d}")
        page = patient.gives(f"{MARK}{sign}é")
        assert page.path == f"/r/{REACH:02d}", kind
        assert "un signe que nous ne pouvons pas lire" in page.errors["name"], kind
        assert patient.typed("name") == f"{MARK}{sign}é", "what was typed is lost"
        assert (kept(house, patient)[1], cells_taken(house)) == (before, held), kind
    patient.gives(MARK)
    assert patient.sends().path == "/e"
    assert cells_taken(house) == cells_taken(house, kind="appointment") == held
    assert logged(lines) == []


def test_an_address_that_is_no_text_is_answered_as_any_other(house: House, lines: io.StringIO) -> None:
    patient = Patient(house.patient_app())
    for asked in ("%00", "%c0%af", "%ff%fe", quote("\u202e"), "%ed%a0%80", "a" * 8000):
        for address in (f"/?{MARK}={asked}", f"/r/01?{MARK}={asked}", f"/e?{MARK}={asked}", f"/{MARK}{asked}"):
            response = patient.browser.client.get(address, headers={"Accept-Encoding": "gzip"})
            assert response.status_code in (200, 303, 404)
            patient.browser._arrive(response, 404 if response.status_code == 404 else 200)
    assert logged(lines) == []


def test_what_was_typed_would_be_found_in_the_log(lines: io.StringIO) -> None:
    logging.getLogger("paravent.web").error(MARK)
    assert logged(lines)
