"""The papers a patient may take away: drawn one at a time, and once for what they say."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from app.patient.drawer import Drawer, TooManyPapers
from tests.factories.patient import QUESTIONS, Patient

BUSY = "Beaucoup de monde en ce moment"


@contextmanager
def somebody_draws(drawer: Drawer, key: str = "theirs") -> Iterator[None]:
    """Let another thread be in the middle of drawing a paper."""
    begun, over = threading.Event(), threading.Event()

    def draw() -> bytes:
        begun.set()
        over.wait(20)
        return b"theirs"

    other = threading.Thread(target=lambda: drawer.paper(key, draw))
    other.start()
    assert begun.wait(20)
    try:
        yield
    finally:
        over.set()
        other.join()


def never() -> bytes:
    raise AssertionError("drawn again")


def test_a_paper_is_drawn_once_for_what_it_says() -> None:
    drawer = Drawer()
    assert drawer.paper(("a", 1), lambda: b"one") == b"one"
    assert drawer.paper(("a", 1), never) == b"one"
    assert drawer.paper(("a", 2), lambda: b"two") == b"two"


def test_one_paper_is_drawn_at_a_time_and_the_wait_is_short() -> None:
    drawer = Drawer(wait_seconds=0.05)
    drawer.paper("kept", lambda: b"kept")
    with somebody_draws(drawer):
        with pytest.raises(TooManyPapers):
            drawer.paper("mine", never)
        assert drawer.paper("kept", never) == b"kept"
    assert drawer.paper("mine", lambda: b"mine") == b"mine"
    assert drawer.paper("theirs", never) == b"theirs"


def test_a_paper_that_can_not_be_drawn_leaves_the_turn_free() -> None:
    drawer = Drawer(wait_seconds=0)
    with pytest.raises(AssertionError):
        drawer.paper("a", never)
    assert drawer.paper("a", lambda: b"a") == b"a"


def test_few_papers_are_kept() -> None:
    drawer = Drawer(kept=3)
    for number in range(4):
        drawer.paper(number, lambda: b"before")
    assert [drawer.paper(number, lambda: b"again") for number in (3, 2, 1, 0)] == [b"before"] * 3 + [b"again"]


def test_both_papers_wait_for_the_same_turn_and_then_ask_to_come_back(patient: Patient) -> None:
    drawer = patient.app.extensions["paravent.drawer"] = Drawer(wait_seconds=0.05)
    patient.walks_to(QUESTIONS)
    with somebody_draws(drawer):
        assert patient.browser.get("/papier", status=429).heading == BUSY
    form = patient.browser.client.get("/papier")
    assert form.data.startswith(b"%PDF")
    patient = Patient(patient.app)
    patient.books()
    with somebody_draws(drawer, "others"):
        assert patient.browser.get("/e/papier", status=429).heading == BUSY
    slip = patient.browser.client.get("/e/papier")
    assert slip.data.startswith(b"%PDF")


def test_a_blank_form_is_kept_and_a_slip_is_not(patient: Patient) -> None:
    drawer = patient.app.extensions["paravent.drawer"] = Drawer(wait_seconds=0.05)
    patient.walks_to(QUESTIONS)
    form = patient.browser.client.get("/papier")
    with somebody_draws(drawer):
        assert patient.browser.client.get("/papier").data == form.data
    patient = Patient(patient.app)
    patient.books()
    assert patient.browser.client.get("/e/papier").data.startswith(b"%PDF")
    assert b"".join(drawer._papers.values()) == form.data + b"theirs"


def test_the_slip_of_one_is_not_given_to_another(patient: Patient) -> None:
    patient.books()
    one = patient.browser.client.get("/e/papier").data
    other = Patient(patient.app)
    other.books()
    assert other.browser.client.get("/e/papier").data != one
