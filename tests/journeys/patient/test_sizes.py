"""One size for every answer, whatever is in it: measured on journeys through the fullest clinic there can be."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask

from app.config import ROOT
from app.discretion.sizes import PAGE_BYTES, PLAIN_BYTES
from app.front.published_directory import publish_directory
from app.profiles.loader import load_all
from app.web.headers import HEAD_BYTES
from tests.factories.answered import write_in_space
from tests.factories.house import House, build_house
from tests.factories.patient import ASK, CHECK, INSTANT, SLOT, TO_CONFIRM, WRITE, Parcel, Patient, parcel_of
from tests.factories.recorder import Recorder
from tests.factories.wordy import MESSAGE, NAME, long_text, wordy_directory

ACTS = [
    one.profile.code + act.code
    for one in load_all(ROOT / "specialties").values()
    for act in one.profile.acts
    if act.published
]
LOOKS = [("lf", "sn"), ("le", "sn"), ("lf", "sm"), ("le", "sm")]
PUBLIC = (
    "/",
    "/confiance",
    "/delais",
    "/urgence",
    "/aide",
    "/navigateur",
    "/retour",
    "/mots",
    "/e",
    "/bonjour",
    "/robots.txt",
)
LEAST_ROOM = 100
"""Bytes that the fullest page must leave, so that a changed sentence is no emergency."""


@pytest.fixture(scope="module")
def wordy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[House, Flask, Recorder]]:
    """A house whose clinic writes too much, with everything its patient zone answers."""
    built = build_house(tmp_path_factory.mktemp("wordy"))
    with built.db.writing("front") as session:
        publish_directory(session, wordy_directory(), built.clock())
    app = built.patient_app()
    yield built, app, Recorder(app)
    built.db.dispose()


def arrives(app: Flask, language: str, screen: str, *, gzip: bool = True) -> Patient:
    patient = Patient(app, gzip=gzip)
    for wish in (language, screen):
        patient.browser.post("/reglage", {"b": "ho", "v": wish})
    return patient


def journey(patient: Patient, act: str, age: str) -> None:
    """Go through every page of a journey, with a fault and the longest answers at each step that takes text."""
    patient.opens("/r/01")
    patient.continues()
    patient.asks_for(act)
    patient.continues()
    patient.says(age)
    if patient.page.path == "/r/03" and not patient.page.main.findall(".//form"):
        return
    patient.continues() if patient.offered("decision") else None
    patient.decides()
    patient.continues()
    patient.answers()
    if "slot" in {field.get("name") for field in patient.page.main.iter("input") if field.get("type") == "radio"}:
        patient.continues()
    patient.takes(WRITE if WRITE in patient.offered("slot") else None)
    patient.gives("é" * 60, "04", email="n" * 118 + "@e", phone="9" * 24)
    patient.gives("é" * 60, "04", email="n" * 60 + "@" + "e" * 50 + ".fr")
    patient.continues()
    patient.opens("/mots")
    patient.continues()
    patient.opens("/r/08")
    patient.continues({"word1": "é" * 40, "word2": "é" * 40})
    assert patient.sends().path == "/e"


@pytest.mark.parametrize("act", ACTS)
def test_every_page_of_every_act_fits(wordy: tuple[House, Flask, Recorder], act: str) -> None:
    _house, app, _recorder = wordy
    for age in ("34", "16"):
        journey(arrives(app, "lf", "sn"), act, age)


@pytest.mark.parametrize("act", [INSTANT, TO_CONFIRM, ASK, "0201", "0302"])
@pytest.mark.parametrize(("language", "screen"), LOOKS[1:])
def test_every_page_fits_in_each_language_and_screen(
    wordy: tuple[House, Flask, Recorder], act: str, language: str, screen: str
) -> None:
    _house, app, _recorder = wordy
    for age in ("34", "16"):
        journey(arrives(app, language, screen), act, age)


@pytest.mark.parametrize(("language", "screen"), LOOKS)
def test_every_page_fits_a_client_without_gzip(
    wordy: tuple[House, Flask, Recorder], language: str, screen: str
) -> None:
    _house, app, _recorder = wordy
    for act in (INSTANT, "0201", "0306"):
        journey(arrives(app, language, screen, gzip=False), act, "34")


def test_a_space_full_of_words_fits(wordy: tuple[House, Flask, Recorder]) -> None:
    house, app, _recorder = wordy
    for language, screen in LOOKS:
        patient = arrives(app, language, screen)
        patient.walks_to(CHECK, TO_CONFIRM)
        parcel = parcel_of(house, patient.token)
        patient.sends()
        site = wordy_directory().sites[0].model_dump(mode="json", exclude={"id"})
        when = house.clock() + timedelta(days=3)
        offered = [
            {"code": f"{n:016x}", "starts_at": (when + timedelta(hours=n)).isoformat(), "minutes": 50, "site": site}
            | {"practitioner": long_text(NAME, 900 + n), "room": "1", "expires_at": when.isoformat(), "slot": {}}
            for n in range(6)
        ]
        write_in_space(house, parcel, state="proposed", proposals=offered, message=long_text(MESSAGE, 999))
        assert patient.opens("/e").heading
        assert long_text(MESSAGE, 999) in patient.page.text
        _erases_the_longest(house, patient, parcel)


def _erases_the_longest(house: House, patient: Patient, parcel: Parcel) -> None:
    """Open every page about erasing, of a visit held: its texts are the longest."""
    write_in_space(house, parcel, state="seen", proposals=[])
    for path in ("/e/donnees", "/e/effacer"):
        patient.opens(path)
    assert patient.presses("erase").main.findall(".//form")


def test_a_clinic_of_many_people_is_chosen_from_without_their_names(tmp_path: Path) -> None:
    house = build_house(tmp_path)
    with house.db.writing("front") as session:
        publish_directory(session, wordy_directory(60), house.clock())
    patient = Patient(house.patient_app())
    patient.walks_to(SLOT)
    names = patient.page.main.find(".//select[@id='practitioner']")
    assert names is not None
    assert [option.get("value") for option in names.iter("option")] == ["00"]
    assert patient.takes().path == "/r/06"
    house.db.dispose()


def test_public_pages_and_errors_are_of_the_same_size(wordy: tuple[House, Flask, Recorder]) -> None:
    _house, app, recorder = wordy
    for gzip in (True, False):
        patient = arrives(app, "lf", "sn", gzip=gzip)
        recorder.answers.clear()
        patient.browser.get("/nulle-part", status=404)
        for path in PUBLIC[:-1]:
            patient.opens(path)
        patient.browser.post("/", status=405)
        patient.browser.post("/retour", b"a=%ff", status=400)
        patient.browser.post("/retour", b"a" * 100_000, status=413)
        patient.browser.client.get("/robots.txt", headers={"Accept-Encoding": "gzip"} if gzip else {})
        patient.browser.post("/x")
        pages = [answer for answer in recorder.answers if answer.status != 303]
        assert {answer.status for answer in pages} == {200, 400, 404, 405, 413}
        assert {(len(answer.body), answer.head_bytes) for answer in pages} == {
            (PAGE_BYTES if gzip else PLAIN_BYTES, HEAD_BYTES)
        }


def test_all_that_was_answered_has_one_size_and_the_fullest_page_leaves_room(
    wordy: tuple[House, Flask, Recorder], capsys: pytest.CaptureFixture[str]
) -> None:
    _house, app, recorder = wordy
    journey(arrives(app, "lf", "sn"), INSTANT, "34")
    pages = [answer for answer in recorder.answers if answer.status != 303]
    packed = [answer for answer in pages if ("Content-Encoding", "gzip") in answer.headers]
    assert {len(answer.body) for answer in packed} == {PAGE_BYTES}
    assert {len(answer.body) for answer in pages if answer not in packed} <= {PLAIN_BYTES}
    assert {answer.head_bytes for answer in pages} == {HEAD_BYTES}
    fullest = min(packed, key=lambda answer: answer.room_left)
    with capsys.disabled():
        print(f"\nfullest page: {fullest.path} leaves {fullest.room_left} of {PAGE_BYTES} bytes")  # noqa: T201  # a measure
    assert fullest.room_left >= LEAST_ROOM


def test_every_redirection_is_empty_and_as_long_as_any_other(wordy: tuple[House, Flask, Recorder]) -> None:
    _house, app, recorder = wordy
    patient = arrives(app, "le", "sm")
    journey(patient, INSTANT, "34")
    patient.comes_back_with("un deux trois")
    patient.opens("/e")
    patient.browser.post("/x")
    moved = [answer for answer in recorder.answers if answer.status == 303]
    assert {answer.body for answer in moved} == {b""}
    assert len({answer.head_bytes for answer in moved}) == 1
    steps = [answer for answer in recorder.answers if answer.method == "POST" and answer.path.startswith("/r/")]
    assert {answer.status for answer in steps} == {303}, "a POST of a step, right or wrong, is answered by a page"
    assert any(name == "Clear-Site-Data" for answer in moved for name, _value in answer.headers)
