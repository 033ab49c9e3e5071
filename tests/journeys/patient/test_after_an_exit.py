"""After a quick exit: Back shows nothing, a busy silo makes nobody wait, and what was left is forgotten."""

import queue
import threading
import time
from collections.abc import Callable

import pytest

from app.booking.errors import DraftGone
from app.db import SiloUnavailable
from app.patient.after_exit import Forgetter
from app.web.cookie import parse
from tests.factories.house import House
from tests.factories.outages import locked
from tests.factories.patient import REACH, Patient, draft_of
from tests.rules.test_routes import RECORD

_LONGEST = 20.0
STILL_SHOWN = {"/", "/bonjour", "/urgence", "/robots.txt"}
GETS = [
    line.split()[-1].replace("<int(fixed_digits=2):number>", "05")
    for line in RECORD.read_text().splitlines()
    if line.startswith("patient GET")
]


@pytest.mark.parametrize("path", sorted(set(GETS) - STILL_SHOWN) + ["/nulle-part"])
def test_back_after_an_exit_shows_the_neutral_page_whatever_is_asked(patient: Patient, path: str) -> None:
    patient.walks_to(REACH)
    patient.browser.post("/x")
    assert patient.opens(path).path == "/bonjour"
    assert parse(patient.browser.cookie).device == "left"


@pytest.mark.parametrize("path", ["/", "/urgence"])
def test_help_and_a_new_beginning_are_there_after_an_exit(patient: Patient, path: str) -> None:
    patient.browser.post("/x")
    assert patient.opens(path).path == path


def test_one_begins_again_from_the_first_page(patient: Patient) -> None:
    patient.browser.post("/x")
    patient.opens("/")
    assert [patient.opens(path).path for path in ("/confiance", "/retour", "/r/01")] == [
        "/confiance",
        "/retour",
        "/r/01",
    ]


def test_words_typed_after_an_exit_are_taken(patient: Patient) -> None:
    patient.books()
    patient.browser.post("/x")
    page = patient.browser.post("/retour", {"words": "un deux", "k": "0" * 24})
    assert (page.path, page.heading) == ("/e", "Revenir avec mes mots")
    words = " ".join(patient.noted)
    assert patient.browser.submit({"words": words}).heading == "Votre rendez-vous est pris"


def is_forgotten(house: House, token: bytes) -> bool:
    try:
        draft_of(house, token)
    except DraftGone:
        return True
    return False


def in_the_end(happened: Callable[[], bool]) -> bool:
    """Say whether something happens at all."""
    until = time.monotonic() + _LONGEST
    while not happened() and time.monotonic() < until:
        time.sleep(0.02)
    return happened()


def test_an_exit_while_the_silo_is_busy_is_answered_and_forgets_later(house: House, patient: Patient) -> None:
    patient.walks_to(REACH)
    token = patient.token
    with locked(house, "front"):
        assert patient.browser.post("/x").path == "/bonjour"
        assert parse(patient.browser.cookie).token is None
        assert not is_forgotten(house, token)
    assert in_the_end(lambda: is_forgotten(house, token))


def test_who_leaves_waits_for_a_silo_that_answers_and_not_for_one_that_does_not() -> None:
    free, done = threading.Event(), list[bytes]()

    def forget(token: bytes) -> None:
        free.wait(_LONGEST)
        done.append(token)

    forgetter = Forgetter(forget, patience=0.01)
    forgetter(b"1")
    assert done == []
    free.set()
    assert in_the_end(lambda: done == [b"1"])
    Forgetter(forget, patience=_LONGEST)(b"2")
    assert done == [b"1", b"2"]


@pytest.mark.parametrize(("refusals", "tried"), [(0, 1), (2, 3), (9, 4)])
def test_a_silo_that_does_not_answer_is_asked_again_for_a_while(refusals: int, tried: int) -> None:
    tries = list[bytes]()

    def forget(token: bytes) -> None:
        tries.append(token)
        if len(tries) <= refusals:
            raise SiloUnavailable("front")

    Forgetter(forget, patience=_LONGEST, pauses=(0, 0, 0))(b"1")
    assert len(tries) == tried


def test_a_fault_stops_no_later_exit(caplog: pytest.LogCaptureFixture) -> None:
    tries = list[bytes]()

    def forget(token: bytes) -> None:
        tries.append(token)
        if token == b"1":
            raise ValueError("a typed value")

    forgetter = Forgetter(forget, patience=_LONGEST)
    forgetter(b"1")
    forgetter(b"2")
    assert tries == [b"1", b"2"]
    (line,) = caplog.records
    assert (vars(line)["kind"], line.exc_info) == ("ValueError", None)


def test_exits_that_wait_are_bounded() -> None:
    begun, free = threading.Event(), threading.Event()

    def forget(_token: bytes) -> None:
        begun.set()
        free.wait(_LONGEST)

    forgetter = Forgetter(forget, patience=0, kept=2)
    forgetter(b"1")
    begun.wait(_LONGEST)
    forgetter(b"2")
    forgetter(b"3")
    with pytest.raises(queue.Full):
        forgetter(b"4")
    free.set()
