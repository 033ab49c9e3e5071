"""Fifty words typed on a journey, right and wrong, are in no file: before the worker takes it in, and after."""

import base64
import logging
import secrets
import sqlite3
import string
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.front.models import Submission
from app.log import AllowListFormatter
from app.worker.intake import take_in
from tests.factories.house import House
from tests.factories.outages import stopped
from tests.factories.patient import CHECK, FEES, REACH, Patient, parcel_of
from tests.factories.search import files_with

MARKERS = 50


def a_marker() -> str:
    """Return a word that is nowhere else."""
    return "".join(secrets.choice(string.ascii_lowercase) for _ in range(20))


@pytest.fixture
def watched(house: House, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    """A house whose temporary files and whole log, at its most talkative, lie in its folder too."""
    place = house.root / "tmp"
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    handler = logging.FileHandler(house.root / "log.txt")
    handler.setFormatter(AllowListFormatter())
    root = logging.getLogger()
    root.addHandler(handler)
    before = root.level
    root.setLevel(logging.DEBUG)
    yield house
    root.setLevel(before)
    root.removeHandler(handler)
    handler.close()


def types_them_all(house: House, patient: Patient, markers: list[str]) -> dict[str, str]:
    """Type each word somewhere on a journey up to its last page; return what stays in its answers."""
    left = iter(markers)
    patient.opens("/r/01")
    patient.browser.post("/r/01", patient.page.filled({})[1] | {"act": next(left), next(left): next(left)})
    patient.asks_for("0101")
    for _ in range(5):
        patient.says(next(left))
    patient.says()
    patient.browser.post("/r/03", patient.page.filled({})[1] | {"decision": next(left)})
    patient.decides()
    patient.answers()
    patient.browser.post(
        "/r/05", patient.page.filled({})[1] | {"slot": next(left), "from": next(left), "next": next(left)}
    )
    patient.takes()
    for _ in range(8):
        patient.gives(f"{next(left)}=", "04", email=next(left), phone=next(left))
    kept = {"name": next(left), "email": f"{next(left)}@{next(left)}.fr"}
    with stopped(house, "front"):
        patient.browser.post(f"/r/{REACH:02d}", {"name": next(left)}, status=503)
    patient.opens(f"/r/{REACH:02d}")
    patient.gives(channel="04", **kept)
    assert patient.page.path == f"/r/{FEES:02d}"
    patient.continues()
    for word in left:
        patient.continues({"word1": word, "word2": word})
    assert patient.page.path == f"/r/{CHECK:02d}"
    return kept


def test_no_typed_word_is_found_in_any_file(watched: House) -> None:
    house, patient = watched, Patient(watched.patient_app())
    markers = [a_marker() for _ in range(MARKERS)]
    kept = types_them_all(house, patient, markers)
    assert files_with(markers, house.root) == []
    parcel = parcel_of(house, patient.token)
    patient.sends()
    for words in (markers[0], " ".join(markers[:7])):
        patient.comes_back_with(words)
    with house.db.reading("front") as session:
        row = session.get_one(Submission, parcel.submission)
    contact = parcel.opened(row.sealed_contact, "identity.contact", "contact")
    assert (contact["call_name"], contact["email"]) == (kept["name"], kept["email"]), "nothing was typed at all"
    assert files_with(markers, house.root) == []
    assert take_in(house.db, house.vault, house.clock) == 1
    assert files_with(markers, house.root) == []
    house.db.dispose()
    assert files_with(markers, house.root) == []


def test_the_search_finds_a_word_planted_in_a_database_a_log_or_base64(house: House, tmp_path: Path) -> None:
    word = a_marker()
    connection = sqlite3.connect(house.root / "front.sqlite", isolation_level=None)
    connection.execute("CREATE TABLE planted (text)")
    connection.execute("INSERT INTO planted VALUES (?)", (f"a longer text with {word} in it",))
    assert files_with([word], house.root) == [f"front.sqlite-wal: {word}"]
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert files_with([word], house.root) == [f"front.sqlite: {word}"]
    connection.close()
    for shift in range(3):
        hidden = tmp_path / "deep" / f"{shift}"
        hidden.parent.mkdir(exist_ok=True)
        hidden.write_bytes(base64.b64encode(b"." * shift + word.encode() + b".." * shift))
    assert len(files_with([word], tmp_path / "deep")) == 3
