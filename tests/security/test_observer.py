"""Who watches the network, and reads addresses, titles and headers, can't tell one specialty from another."""

import gzip
import re
from collections.abc import Iterator

import pytest
from flask import Flask

from app.discretion.gate import Betrayal, leaving
from app.discretion.lexicon import shipped
from app.discretion.sizes import PAGE_BYTES
from app.discretion.surfaces import Surface
from tests.factories.house import House
from tests.factories.patient import CHECK, SLOT, Patient
from tests.factories.recorder import Answer, Recorder

INSTANT = ("0101", "0102", "0103", "0201", "0202", "0204", "0206", "0207", "0301", "0304")
CONFIRMED = ("0104", "0203", "0205", "0302", "0303", "0305")
ASKED = ("0105", "0306")
CALLED = ("0101", "0105", "0306")
REFUSED = ("0301", "0302", "0303", "0304")
_TITLE = re.compile(r"<title>(.*?)</title>")


@pytest.fixture
def app(house: House) -> Flask:
    return house.patient_app()


@pytest.fixture
def wire(app: Flask) -> Recorder:
    return Recorder(app)


def travelled(wire: Recorder) -> Iterator[tuple[str, str, int, int, int, int]]:
    """Give what is seen of each exchange: all but the words retyped, whose lengths are the words'."""
    for one in wire.answers:
        typed = one.path == f"/r/{CHECK:02d}" and one.method == "POST"
        yield one.method, one.path, 0 if typed else one.sent, one.status, len(one.body), one.header_bytes
    wire.answers.clear()


def outside(answer: Answer) -> str:
    """Return what leaves the page: address, headers with the cookie, title."""
    headers = "\n".join(f"{name}: {value}" for name, value in answer.headers)
    body = gzip.decompress(answer.body).decode() if answer.body else ""
    return "\n".join([answer.path, headers, *_TITLE.findall(body)])


@pytest.mark.parametrize("acts", [INSTANT, CONFIRMED, ASKED])
def test_journeys_of_one_way_of_booking_look_alike_whatever_they_are_for(
    app: Flask, wire: Recorder, acts: tuple[str, ...]
) -> None:
    seen = set()
    for act in acts:
        Patient(app).books(act)
        seen.add(tuple(travelled(wire)))
    assert len(seen) == 1


def test_ways_of_booking_look_alike_too(app: Flask, wire: Recorder) -> None:
    seen = set()
    for act in (INSTANT[0], CONFIRMED[0]):
        Patient(app).books(act)
        seen.add(tuple(travelled(wire)))
    assert len(seen) == 1


@pytest.mark.parametrize("acts", [CALLED, REFUSED])
def test_paths_of_minors_look_alike_whatever_they_are_for(
    app: Flask, wire: Recorder, acts: tuple[str, ...]
) -> None:
    seen = set()
    for act in acts:
        patient = Patient(app)
        patient.asks_for(act)
        patient.says("16")
        if acts is CALLED:
            patient.decides()
            patient.answers()
            assert patient.page.path == f"/r/{SLOT:02d}"
        seen.add(tuple(travelled(wire)))
    assert len(seen) == 1


def test_language_and_screen_change_no_length(app: Flask, wire: Recorder) -> None:
    seen = set()
    for wish in ("lf", "le", "sm"):
        patient = Patient(app)
        patient.browser.post("/reglage", {"b": "01", "v": wish})
        wire.answers.clear()
        patient.books("0201")
        seen.add(tuple(travelled(wire)))
    assert len(seen) == 1


def test_nothing_that_leaves_a_page_holds_a_word_of_the_lexicon(app: Flask, wire: Recorder) -> None:
    for act in (*INSTANT, *CONFIRMED, *ASKED):
        patient = Patient(app)
        patient.books(act)
        patient.presses("out")
        minor = Patient(app)
        minor.asks_for(act)
        minor.says("16")
    assert len(wire.answers) > len(INSTANT) * 16
    assert [hit for answer in wire.answers for hit in shipped().hits(outside(answer))] == []


def test_the_pages_themselves_do_hold_such_words(app: Flask, wire: Recorder) -> None:
    """The control of the test above: it would see a word if one left."""
    Patient(app).books("0101")
    bodies = [gzip.decompress(one.body).decode() for one in wire.answers if len(one.body) == PAGE_BYTES]
    assert any(shipped().hits(body) for body in bodies)


@pytest.mark.parametrize(
    "title",
    [
        "Étape 1 sur 8 – Psychiatrie",
        "Contraception",
        "Injections de botox",
        "Mon e\u00adsp\u00adace P\u00adsychiatrie",
    ],
)
def test_a_title_that_betrays_is_refused_by_the_gate(title: str) -> None:
    with pytest.raises(Betrayal) as refusal:
        leaving(Surface.TITLE, title)
    assert "sychiatr" not in str(refusal.value)
    assert leaving(Surface.TITLE, "Étape 1 sur 8 – Mon espace")


def test_a_house_whose_name_betrays_it_does_not_open(house: House) -> None:
    with pytest.raises(Betrayal):
        house.patient_app(brand="Centre de psychiatrie")
