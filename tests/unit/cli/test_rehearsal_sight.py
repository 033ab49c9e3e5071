"""What a rehearsal looks at: all that a page would show outside, every state of a space, the log, every word."""

import logging
import shutil
from pathlib import Path

import pytest
from flask import Flask

from app.booking.space import TooLate
from app.cli import rehearsal, rehearsal_space
from app.cli.rehearsal import Rehearsed, rehearse_once, stems_of
from app.cli.rehearsal_judge import Judge, Where
from app.cli.rehearsal_page import read_page
from app.cli.rehearsal_surfaces import seen_of
from app.cli.rehearsal_visitor import Exchange, Listener, Visitor, size_fault
from app.config import ROOT
from app.discretion.lexicon import shipped
from app.discretion.surfaces import GLUED, Surface
from app.patient import space
from app.profiles.models import PublishableProfile
from tests.factories.house import clinic_directory
from tests.unit.cli.test_rehearsal import found, orchard, settings

__all__ = ["orchard"]

KEY = "psy-" + "A" * 20
"""As a form's key could be by chance."""


def answered(html: str, path: str = "/aide") -> Exchange:
    return Exchange("GET", path, 200, 0, 0, (), None, b"", html, read_page(html))


def told(html: str) -> set[Surface]:
    """Return the surfaces of a page by which a word of the lexicon would leave."""
    seen = seen_of(answered(html))
    return {surface for surface, text in seen if shipped().first(text, glued=surface in GLUED) is not None}


@pytest.mark.parametrize(
    ("html", "surface"),
    [
        ('<a href="/rdvgyneco">x</a>', Surface.ADDRESS),
        ('<a href="#gynécologie">x</a>', Surface.ADDRESS),
        ('<link rel="canonical" href="https://a.example.fr/ivg">', Surface.ADDRESS),
        ('<img src="/frottis.png" alt="">', Surface.ADDRESS),
        ('<form action="/reglage?b=ivg"></form>', Surface.ADDRESS),
        ('<form action="/r/01"><button formaction="/r/ivg">x</button></form>', Surface.ADDRESS),
        ('<a href="/e/papier" download="frottis.pdf">x</a>', Surface.PDF_NAME),
        ('<h2 id="psychiatrie">x</h2>', Surface.FIELD_NAME),
        ('<label for="psychiatrie">x</label>', Surface.FIELD_NAME),
        ('<form action="/r/01"><button name="go" value="psychiatrie">x</button></form>', Surface.FIELD_NAME),
        ('<form action="/reglage"><input type="hidden" name="b" value="psychiatrie"></form>', Surface.FIELD_NAME),
        ('<form action="/x"><input name="psychiatrie"></form>', Surface.FIELD_NAME),
        ('<form action="/r/01"><input type="radio" name="a" value="botox"></form>', Surface.FIELD_NAME),
        ('<form action="/r/01"><select name="botox"></select></form>', Surface.FIELD_NAME),
        ('<form action="/r/01"><select name="a"><option value="botox">x</select></form>', Surface.FIELD_NAME),
        ('<form action="/r/01"><input type="hidden" name="k" value="psychiatrie"></form>', Surface.FIELD_NAME),
        ('<input name="botox">', Surface.FIELD_NAME),
        ('<textarea name="botox"></textarea>', Surface.FIELD_NAME),
    ],
)
def test_whatever_a_page_would_show_outside_is_seen(html: str, surface: Surface) -> None:
    assert told(html) == {surface}


def test_what_the_reader_wrote_and_the_random_key_of_a_form_are_not_taken_for_the_pages_own() -> None:
    fields = f'<input name="a" value="psychiatrie"><input type="hidden" name="k" value="{KEY}">'
    assert told(f'<form action="/r/01">{fields}</form>') == set()


def test_an_empty_list_of_choices_is_a_field_with_no_answer() -> None:
    form = read_page('<form action="/r/01"><select name="a"></select></form>').forms[0]
    assert form.choices == {"a": []}
    assert form.filled({"a": "x"}) == {}


def test_a_page_of_another_size_is_told() -> None:
    assert size_fault(answered("")) == "not a page of the one size"
    assert size_fault(answered("", "/robots.txt")) is None


def test_a_value_that_the_log_withheld_is_a_fault() -> None:
    judge, visitor = Judge(shipped(), Listener()), Visitor(Flask(__name__), tls=True)
    for message, faults in (("a plain line", 0), ("a psychiatrist", 1)):
        judge.listener.emit(logging.makeLogRecord({"name": "paravent.x", "msg": message}))
        judge.hears(visitor, Where("x"))
        assert len(judge.faults) == faults, judge.faults


def test_a_clinics_own_lexicon_adds_words_and_takes_none_away(tmp_path: Path) -> None:
    own = settings(tmp_path, specialties=tmp_path)
    (tmp_path / "lexicon.txt").write_text("verger\n", encoding="utf-8")
    assert [bool(stems_of(own).hits(text)) for text in ("le verger", "gynécologie", "le quai")] == [
        True,
        True,
        False,
    ]


def test_another_lexicon_is_another_rehearsal(
    tmp_path: Path, orchard: PublishableProfile, monkeypatch: pytest.MonkeyPatch
) -> None:
    played: list[object] = []

    def play(*given: object) -> Rehearsed:
        played.append(given)
        return Rehearsed(())

    monkeypatch.setattr(rehearsal, "rehearse", play)
    own = settings(tmp_path, specialties=tmp_path)
    words = Path(shutil.copy(ROOT / "specialties" / "lexicon.txt", tmp_path))
    for _time in range(2):
        rehearse_once(own, [orchard], None)
    words.write_text("verger\n", encoding="utf-8")
    rehearse_once(own, [orchard], None)
    assert len(played) == 2


def test_a_space_is_seen_in_every_state_it_comes_to(
    tmp_path: Path, orchard: PublishableProfile, monkeypatch: pytest.MonkeyPatch
) -> None:
    headings: set[str] = set()
    hears = Judge.hears

    def notes(judge: Judge, visitor: Visitor, where: Where) -> None:
        headings.update(heading for one in visitor.exchanges for heading in one.page.headings)
        hears(judge, visitor, where)

    monkeypatch.setattr(Judge, "hears", notes)
    assert found(tmp_path, [orchard], clinic_directory()).faults == ()
    assert {
        "Votre rendez-vous est pris",
        "La clinique vous propose un moment",
        "Vous avez demandé un autre moment",
        "C’est annulé",
        "La clinique ne peut pas répondre à cette demande",
        "La clinique vous a répondu",
        "Ce rendez-vous est passé",
        "Cet espace n’existe plus",
    } <= headings


def test_what_a_space_would_not_do_is_told(
    tmp_path: Path, orchard: PublishableProfile, monkeypatch: pytest.MonkeyPatch
) -> None:
    def too_late(*_given: object) -> None:
        raise TooLate

    monkeypatch.setitem(vars(space)["_ACTS"], "cancel", too_late)
    faults = found(tmp_path, [orchard]).faults
    assert faults
    assert all("what the button cancel asks for is not done" in fault for fault in faults), faults


def test_a_message_of_the_clinic_that_no_page_has_room_for_is_told(
    tmp_path: Path, orchard: PublishableProfile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rehearsal_space, "MESSAGE_LENGTH", 6000)
    assert any("page /e" in fault and "do not fit in 6144" in fault for fault in found(tmp_path, [orchard]).faults)
