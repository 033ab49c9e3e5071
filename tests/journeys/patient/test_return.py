"""Coming back with the words: to the space, or to a journey not sent; on this device or on another."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import pytest
from flask import Flask

from app.booking.entrance import GUESSES_PER_PREFIX
from app.web.grid import WORDS_SLOT
from tests.factories.house import House
from tests.factories.patient import CHECK, REACH, Patient, draft_of
from tests.factories.recorder import Recorder
from tests.journeys.patient.agenda_of import cells_taken, hold_of
from tests.journeys.patient.conftest import Arrives

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

WRONG = "Ces mots n’ouvrent rien. Vérifiez leur orthographe et leur ordre."


def test_the_words_open_the_space_on_another_device(patient: Patient, another: Arrives) -> None:
    patient.books()
    page = another().comes_back_with(" ".join(patient.noted))
    assert (page.path, page.heading) == ("/e", "Votre rendez-vous est pris")
    assert "blue door" in page.text


def test_the_words_may_be_typed_in_capitals_without_accents_and_with_any_space(
    patient: Patient, another: Arrives
) -> None:
    patient.books()
    plain = str.maketrans("éèêëàâîïôûüç", "eeeeaaiiouuc")
    typed = "\t ".join(word.translate(plain).upper() for word in patient.noted)
    assert another().comes_back_with(f"  {typed}. ").heading == "Votre rendez-vous est pris"


def test_words_in_another_order_open_nothing_and_are_not_shown_again(patient: Patient, another: Arrives) -> None:
    patient.books()
    wrong = " ".join(reversed(patient.noted))
    page = another().comes_back_with(wrong)
    assert page.path == "/e"
    assert page.errors == {"words": WRONG}
    assert patient.noted[0] not in page.html


def test_who_mistyped_may_try_again_at_once(patient: Patient, another: Arrives) -> None:
    patient.books()
    other = another()
    other.comes_back_with("un deux trois")
    assert other.continues({"words": " ".join(patient.noted)}).heading == "Votre rendez-vous est pris"


@pytest.mark.parametrize("typed", ["un deux trois", "", "x" * 1900, "☃", "7" * 200, "é" * 900])
def test_right_wrong_and_malformed_words_travel_alike(house: House, typed: str) -> None:
    app = house.patient_app()
    patient, other = Patient(app), Patient(app)
    patient.books()
    recorder = Recorder(app)
    for words in (" ".join(patient.noted), typed):
        other.browser.close()
        other.comes_back_with(words)
    right, wrong = (a for a in recorder.answers if (a.method, a.path) == ("POST", "/retour"))
    assert (right.status, wrong.status) == (303, 303)
    assert (right.header_bytes, right.body) == (wrong.header_bytes, wrong.body)
    assert (
        [v for n, v in right.headers if n == "Location"]
        == [v for n, v in wrong.headers if n == "Location"]
        == ["/e"]
    )
    after = [a for a in recorder.answers if (a.method, a.path) == ("GET", "/e")]
    assert [(a.status, len(a.body), a.header_bytes) for a in after][0] == (
        after[1].status,
        len(after[1].body),
        after[1].header_bytes,
    )


def test_twenty_wrong_tries_close_one_network_and_no_other(app: Flask, patient: Patient, another: Arrives) -> None:
    patient.books()
    guesser, neighbour, stranger = another(), another(), another()
    for somebody, address in ((guesser, "192.0.2.1"), (neighbour, "192.0.2.99"), (stranger, "198.51.100.1")):
        somebody.browser.client.environ_base["REMOTE_ADDR"] = address
    for _ in range(20):
        assert guesser.comes_back_with("un deux trois").errors == {"words": WRONG}
    assert (
        guesser.comes_back_with(" ".join(patient.noted))
        .errors["words"]
        .startswith("Trop d’essais depuis ce réseau")
    )
    assert neighbour.comes_back_with(" ".join(patient.noted)).errors["words"].startswith("Trop d’essais")
    assert stranger.comes_back_with(" ".join(patient.noted)).heading == "Votre rendez-vous est pris"


def test_a_journey_is_taken_up_where_it_stood_on_another_device(
    house: House, patient: Patient, another: Arrives
) -> None:
    patient.walks_to(REACH)
    patient.browser.follow("Reprendre plus tard avec des mots")
    assert patient.page.path == "/mots"
    patient.continues()
    noted = patient.notes_the_words()
    other = another()
    page = other.comes_back_with(" ".join(noted))
    assert (page.path, page.heading) == (f"/r/{REACH:02d}", "Comment vous joindre")
    assert hold_of(house, other) is not None
    other.gives("Camille")
    other.continues()
    assert other.notes_the_words() == noted
    assert other.sends().heading == "Votre rendez-vous est pris"


def test_words_that_are_wrong_do_not_lead_into_the_journey_under_way(patient: Patient) -> None:
    patient.walks_to(REACH)
    page = patient.comes_back_with("un deux trois")
    assert (page.path, page.errors) == ("/e", {"words": WRONG})
    assert patient.opens(f"/r/{REACH:02d}").heading == "Comment vous joindre"


def test_words_kept_are_shown_again_on_request(patient: Patient) -> None:
    patient.walks_to(2)
    patient.opens("/mots")
    patient.continues()
    noted = patient.notes_the_words()
    patient.walks_to(CHECK)
    assert patient.notes_the_words() == noted
    patient.browser.follow("Revoir mes mots")
    assert patient.notes_the_words() == noted


def test_before_the_first_answer_there_are_no_words_to_keep(patient: Patient) -> None:
    patient.opens("/r/01")
    assert patient.opens("/mots").path == "/r/01"


def test_leaving_in_a_hurry_forgets_what_had_no_words(house: House, patient: Patient) -> None:
    patient.walks_to(REACH)
    good = patient.browser.cookie or ""
    patient.browser.post("/x")
    assert patient.page.heading == "Bonjour"
    patient.browser.client.set_cookie("p", good)
    assert patient.opens(f"/r/{REACH:02d}").heading == "Il n’y a pas de réponses gardées ici"
    assert cells_taken(house) == 0


def test_leaving_in_a_hurry_keeps_what_had_words(patient: Patient, another: Arrives) -> None:
    patient.walks_to(REACH)
    patient.opens("/mots")
    patient.continues()
    noted = patient.notes_the_words()
    patient.browser.post("/x")
    assert patient.browser.cookie is None or "." * 43 in patient.browser.cookie
    assert another().comes_back_with(" ".join(noted)).path == f"/r/{REACH:02d}"


def test_a_draft_without_words_lives_an_hour_and_one_with_words_a_week(house: House, patient: Patient) -> None:
    patient.walks_to(3)
    assert (draft_of(house, patient.token).expires_at - house.clock()).total_seconds() == 3600
    patient.opens("/mots")
    patient.continues()
    assert (draft_of(house, patient.token).expires_at - house.clock()).days == 7


def test_a_second_journey_kept_with_words_opens_rather_than_the_first_one_sent(
    patient: Patient, another: Arrives
) -> None:
    patient.books()
    patient.walks_to(3, "0201")
    patient.opens("/mots")
    patient.continues()
    noted = patient.notes_the_words()
    assert another().comes_back_with(" ".join(noted)).path == "/r/03"


def test_an_old_form_of_the_words_page_is_said_to_be_old(patient: Patient, another: Arrives) -> None:
    patient.books()
    other = another()
    other.opens("/retour")
    page = other.browser.post("/retour", {"k": "x", "words": " ".join(patient.noted)})
    assert page.path == "/e"
    assert page.errors == {"words": "Cette page n’était plus à jour. Écrivez vos mots à nouveau."}


def test_who_is_not_let_try_takes_no_word_slot(house: House) -> None:
    app = house.patient_app()
    inner, slots = app.wsgi_app, []

    def noting(environ: "WSGIEnvironment", start_response: "StartResponse") -> "Iterable[bytes]":
        answer = inner(environ, start_response)
        if environ["REQUEST_METHOD"] == "POST":
            slots.append(environ.get(WORDS_SLOT, 0))
        return answer

    app.wsgi_app = noting  # type: ignore[method-assign]  # as any middleware
    somebody = Patient(app)
    somebody.opens("/retour")
    somebody.browser.post("/retour", {"k": "x", "words": "un deux trois"})
    assert slots == [0], "a form that is not ours"
    for _ in range(GUESSES_PER_PREFIX):
        somebody.comes_back_with("un deux trois")
    assert slots[1:] == [1] * GUESSES_PER_PREFIX, "words looked at"
    assert somebody.comes_back_with("un deux trois").errors["words"].startswith("Trop d’essais")
    assert slots[-1] == 0, "a network that is refused"
