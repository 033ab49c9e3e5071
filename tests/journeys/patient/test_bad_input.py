"""Whatever comes in, a page in plain words goes out: the right status, the one size, and nothing saved is lost."""

from urllib.parse import urlencode

import pytest
from flask import Flask

from app.web.cookie import parse
from tests.factories.house import House
from tests.factories.patient import CHECK, REACH, SLOT, Patient, draft_of
from tests.journeys.patient.agenda_of import cells_taken
from tests.journeys.patient.conftest import Arrives

FORMS = ["/r/01", "/r/02", "/r/05", "/r/08", "/mots", "/retour", "/e"]


def answers_of(house: House, patient: Patient) -> dict[str, object]:
    return dict(draft_of(house, patient.token).journey.answers)


def test_a_draft_that_ran_out_says_so_and_a_new_one_may_begin(house: House, patient: Patient) -> None:
    patient.walks_to(REACH)
    house.clock.forward(minutes=61)
    page = patient.gives()
    assert (page.path, page.heading) == (f"/r/{REACH:02d}", "Il n’y a pas de réponses gardées ici")
    assert patient.browser.redirects == [f"/r/{REACH:02d}"], "a POST that was answered by a page"
    patient.browser.follow("Recommencer")
    assert patient.continues({"act": "0101"}).path == "/r/02"


def test_every_answer_pushes_the_end_of_the_draft_back(house: House, patient: Patient) -> None:
    patient.walks_to(SLOT)
    for _ in range(3):
        house.clock.forward(minutes=50)
        patient.opens(f"/r/{SLOT - 1:02d}")
        assert patient.answers().path == f"/r/{SLOT:02d}"


def test_a_form_of_another_journey_is_refused_and_changes_nothing(
    house: House, patient: Patient, another: Arrives
) -> None:
    patient.walks_to(2)
    stranger = another()
    stranger.walks_to(2)
    _path, data = stranger.page.filled({"whom": "02", "age": "51", "standing": "01"})
    before = answers_of(house, patient)
    page = patient.browser.post("/r/02", data, status=400)
    assert page.heading == "Cette page n’est pas la bonne"
    assert answers_of(house, patient) == before
    patient.browser.follow("Reprendre ma demande")
    assert patient.says().path == "/r/03"


@pytest.mark.parametrize("key", ["", "x", "00", "zz" + "A" * 22, "00" + "A" * 22, "é" * 24, "00" + "A" * 1900])
def test_a_made_up_key_is_refused(patient: Patient, key: str) -> None:
    patient.walks_to(2)
    _path, data = patient.page.filled({"whom": "01", "age": "34", "standing": "01"})
    assert patient.browser.post("/r/02", data | {"k": key}, status=400).heading == "Cette page n’est pas la bonne"


def test_a_form_without_a_key_is_refused(patient: Patient) -> None:
    patient.walks_to(2)
    patient.browser.post("/r/02", {"whom": "01", "age": "34", "standing": "01"}, status=400)


def test_the_key_of_one_step_does_not_serve_another(patient: Patient) -> None:
    patient.walks_to(3)
    key = patient.page.filled({})[1]["k"]
    patient.browser.post("/r/02", {"whom": "01", "age": "34", "standing": "01", "k": key}, status=400)


def test_the_same_form_twice_changes_nothing(house: House, patient: Patient) -> None:
    patient.walks_to(2)
    _path, data = patient.page.filled({"whom": "01", "age": "34", "standing": "01"})
    patient.browser.post("/r/02", data)
    before = draft_of(house, patient.token).journey
    for _ in range(3):
        assert patient.browser.post("/r/02", data).path == "/r/03"
    after = draft_of(house, patient.token).journey
    assert (after.answers, after.turns, after.faults) == (before.answers, before.turns, before.faults)


def test_an_old_form_with_other_content_is_shown_again_to_be_confirmed(house: House, patient: Patient) -> None:
    patient.walks_to(2)
    _path, data = patient.page.filled({"whom": "01", "age": "34", "standing": "01"})
    patient.browser.post("/r/02", data)
    page = patient.browser.post("/r/02", data | {"age": "43"})
    assert page.path == "/r/02"
    assert "Cette page avait déjà été envoyée" in page.errors["f"]
    assert patient.typed("age") == "43"
    assert draft_of(house, patient.token).journey.answers["situation"]["age"] == 34
    assert patient.continues().path == "/r/03"
    assert draft_of(house, patient.token).journey.answers["situation"]["age"] == 43


@pytest.mark.parametrize("number", [3, 5, CHECK, 9, 50, 99])
def test_a_step_off_the_path_leads_to_the_open_one(patient: Patient, number: int) -> None:
    patient.walks_to(2)
    assert patient.opens(f"/r/{number:02d}").path == "/r/02"
    assert patient.browser.post(f"/r/{number:02d}", {"go": "01"}).path == "/r/02"


@pytest.mark.parametrize(
    "path", ["/r/1", "/r/001", "/r/aa", "/r/", "/r", "/r/01/", "//r/01", "/R/01", "/e/", "/x/y"]
)
def test_an_unknown_address_is_a_404_in_plain_words(patient: Patient, path: str) -> None:
    page = patient.browser.get(path, status=404)
    assert page.heading == "Cette page n’existe pas"


@pytest.mark.parametrize(
    ("number", "wrong"),
    [
        (1, {"act": "9999"}),
        (1, {"act": "0106"}),
        (2, {"whom": "99"}),
        (2, {"standing": ""}),
        (3, {"decision": "00"}),
        (3, {"decision": "yes"}),
        (4, {"q1": "98"}),
        (4, {"q4": "zz"}),
        (SLOT, {"slot": "f" * 16}),
        (SLOT, {"slot": "write00000000000"}),
        (SLOT, {"day": "31"}),
        (SLOT, {"practitioner": "99"}),
        (REACH, {"channel": "05"}),
        (7, {"seen": "02"}),
    ],
)
def test_a_choice_that_is_not_on_the_list_is_a_fault_of_the_step(
    house: House, patient: Patient, number: int, wrong: dict[str, str]
) -> None:
    patient.walks_to(CHECK)
    before = answers_of(house, patient)
    page = patient.opens(f"/r/{number:02d}")
    _path, data = page.filled({"name": "Zoé"} if number == REACH else {})
    page = patient.browser.post(f"/r/{number:02d}", data | {"go": "01"} | wrong)
    assert page.path == f"/r/{number:02d}"
    assert page.errors
    assert answers_of(house, patient) == before


def test_an_unknown_button_of_the_last_page_sends_nothing(house: House, patient: Patient) -> None:
    patient.walks_to(CHECK)
    for go in ("99", "02", "", "send", "-1"):
        _path, data = patient.page.filled({})
        page = patient.browser.post(f"/r/{CHECK:02d}", data | {"go": go})
        assert page.path == f"/r/{CHECK:02d}"
    assert cells_taken(house, kind="appointment") == 0


def test_a_field_given_twice_is_refused(patient: Patient) -> None:
    patient.walks_to(2)
    key = patient.page.filled({})[1]["k"]
    page = patient.browser.post("/r/02", f"k={key}&whom=01&age=34&age=12&standing=01&go=01".encode(), status=400)
    assert page.heading == "Nous n’avons pas compris cet envoi"


@pytest.mark.parametrize("path", FORMS)
def test_ten_megabytes_are_refused_and_nothing_is_lost(house: House, patient: Patient, path: str) -> None:
    patient.walks_to(REACH)
    before = answers_of(house, patient)
    page = patient.browser.post(path, b"name=" + b"a" * 10_000_000, status=413)
    assert page.heading == "Votre envoi est trop long"
    assert answers_of(house, patient) == before
    patient.opens(f"/r/{REACH:02d}")
    assert patient.gives().path == "/r/07"


@pytest.mark.parametrize(
    "body",
    [
        b"name=%ff%fe",
        b"name=\xff",
        b"name=%00",
        b"name=%1b%5b",
        b"name=%c2%85",
        b"name=%ef%bf%be",
        b"name=%ed%a0%80",
        b"%80=1",
    ],
)
def test_what_is_not_text_is_refused_and_nothing_is_lost(house: House, patient: Patient, body: bytes) -> None:
    patient.walks_to(REACH)
    key = patient.page.filled({})[1]["k"].encode()
    before = draft_of(house, patient.token).version
    page = patient.browser.post(f"/r/{REACH:02d}", body + b"&channel=01&go=01&k=" + key, status=400)
    assert page.heading == "Nous n’avons pas compris cet envoi"
    assert draft_of(house, patient.token).version == before


@pytest.mark.parametrize("hidden", ["\u202e", "\u2066", "\u200f", "\ufeff", "\U000e0041"])
def test_signs_that_turn_or_hide_text_are_said_beside_the_field(patient: Patient, hidden: str) -> None:
    patient.walks_to(REACH)
    page = patient.gives(f"Zo{hidden}é")
    assert "un signe que nous ne pouvons pas lire" in page.errors["name"]
    assert patient.gives("Zoé").path == "/r/07"


@pytest.mark.parametrize("place", range(6, 43, 6))
def test_a_cookie_altered_by_one_bit_opens_nothing_and_harms_nothing(
    house: House, patient: Patient, place: int
) -> None:
    patient.walks_to(REACH)
    good = patient.browser.cookie or ""
    before = answers_of(house, patient)
    changed = good[:place] + chr(ord(good[place]) ^ 1) + good[place + 1 :]
    patient.browser.client.set_cookie("p", changed)
    if parse(changed).token is not None:
        assert patient.opens(f"/r/{REACH:02d}").heading == "Il n’y a pas de réponses gardées ici"
        assert (
            patient.browser.post(f"/r/{REACH:02d}", {"go": "01"}).heading == "Il n’y a pas de réponses gardées ici"
        )
    assert patient.opens("/r/01").heading == "De quoi avez-vous besoin ?"
    patient.browser.client.set_cookie("p", good)
    assert patient.opens(f"/r/{REACH:02d}").heading == "Comment vous joindre"
    assert answers_of(house, patient) == before


@pytest.mark.parametrize(
    "value", ["", "x", "fn00", "é", "fn00" + "=" * 43, "fn00" + "A" * 44, "f" * 3000, '"', "fn00" + "A" * 42 + "B"]
)
def test_a_garbled_cookie_is_no_error(patient: Patient, value: str) -> None:
    patient.browser.client.set_cookie("p", value)
    assert patient.opens("/r/01").path == "/r/01"
    assert patient.continues({"act": "0101"}).path == "/r/02"


@pytest.mark.parametrize("path", FORMS)
def test_a_post_without_any_cookie_leads_to_what_the_browser_needs(app: Flask, path: str) -> None:
    patient = Patient(app)
    page = patient.browser.post(path, {"go": "01", "words": "un deux trois quatre cinq six sept"})
    assert (page.path, page.heading) == ("/navigateur", "Votre navigateur ne nous a pas reconnu")
    assert patient.browser.redirects == ["/navigateur"]


@pytest.mark.parametrize("path", ["/", "/urgence", "/confiance", "/r/01", "/mots", "/retour", "/e"])
def test_a_browser_that_keeps_no_cookie_never_goes_round_in_circles(app: Flask, path: str) -> None:
    patient = Patient(app)
    for _ in range(3):
        patient.browser.close()
        assert len(patient.browser.get(path).path) > 0
        assert len(patient.browser.redirects) <= 1
    patient.browser.close()
    assert patient.browser.get("/r/03").path == "/navigateur"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/"),
        ("POST", "/urgence"),
        ("PUT", "/r/01"),
        ("DELETE", "/e"),
        ("OPTIONS", "/r/01"),
        ("GET", "/x"),
        ("GET", "/reglage"),
        ("PATCH", "/retour"),
    ],
)
def test_a_method_that_is_not_allowed_is_a_405_of_the_same_size(patient: Patient, method: str, path: str) -> None:
    response = patient.browser.client.open(path, method=method, headers={"Accept-Encoding": "gzip"})
    assert response.status_code == 405
    page = patient.browser._arrive(response, 405)
    assert page.heading == "Cette page ne s’ouvre pas ainsi"


def test_another_site_can_not_answer_for_a_patient(house: House, patient: Patient) -> None:
    patient.walks_to(REACH)
    _path, data = patient.page.filled({"name": "Zoé", "channel": "01"})
    before = answers_of(house, patient)
    patient.browser.post(f"/r/{REACH:02d}", data, status=400, Sec_Fetch_Site="cross-site")
    assert answers_of(house, patient) == before


def test_a_browser_that_sends_every_button_goes_on(patient: Patient) -> None:
    """Lynx does: whichever button was pressed, all are in the form."""
    patient.walks_to(SLOT)
    _path, data = patient.page.filled({"slot": patient.offered("slot")[0]})
    sent = urlencode([("go", "01"), *((name, value) for name, value in data.items() if name != "go")])
    page = patient.browser.post(f"/r/{SLOT:02d}", f"{sent}&go=04&go=03&go=01".encode())
    assert page.path == f"/r/{REACH:02d}"
