"""The discretion report: one page that needs nothing else, true of this clinic, and a PDF of it."""

import base64
import re
from dataclasses import replace
from pathlib import Path
from xml.etree.ElementTree import Element

import html5lib
import pytest

from app.cli import discretion_report, discretion_shots
from app.cli.discretion_facts import Passage, gather
from app.cli.discretion_report import PROOFS, report_of
from app.cli.rehearsal import Rehearsed
from app.config import ROOT
from app.discretion.lexicon import shipped
from app.documents.render import OutsideRequest, report_pdf
from app.profiles.loader import load_all
from tests.factories.house import clinic_directory
from tests.rules.test_claims import fault_of
from tests.unit.cli.test_rehearsal import NOW, settings
from tests.unit.documents.reading import opened, text_of

PICTURE = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ"
    "AAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
"""A picture of one dot."""


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The report of an invented clinic, its rehearsal and its photographs left out."""
    patch = pytest.MonkeyPatch()
    patch.setattr(discretion_report, "rehearse", lambda *_given: Rehearsed(("a fault that was found",), 7, 1))
    patch.setattr(discretion_shots, "take", lambda _pages: {"home": PICTURE})
    own = settings(tmp_path_factory.mktemp("report"), clinic_name="Clinique du Verger", grid_ms=0)
    html = report_of(replace(own, patient_address="https://a.example.fr"), clinic_directory(), "fr")
    patch.undo()
    return html


def tree_of(html: str) -> Element:
    tree: Element = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(html)
    return tree


def test_it_is_one_page_that_asks_for_nothing(written: str) -> None:
    tree = tree_of(written)
    tags = {element.tag for element in tree.iter()}
    links = [element.get(name) for element in tree.iter() for name in ("href", "src") if element.get(name)]
    assert not tags & {"script", "iframe", "object", "form"}
    assert links, "no link at all"
    assert [link for link in links if not str(link).startswith(("#", "data:"))] == []
    assert "url(" not in written
    assert len(tree.findall(".//section")) == 5
    assert all(picture.get("aria-label") for picture in tree.iter("svg"))


def test_it_is_of_this_clinic(written: str) -> None:
    for said in ("Clinique du Verger", "a.example.fr", "A. Exemple", "Le Quai", "a fault that was found"):
        assert said in written, said
    assert "La grille de temps est éteinte" in written, "the report hides that the grid is off"
    assert "servent sans TLS" not in written


def test_what_leaves_with_it_tells_nothing(written: str) -> None:
    assert re.findall(r"<title>(.*?)</title>", written) == ["Document"]
    assert not shipped().hits(discretion_report.NAME)


@pytest.mark.parametrize("proof", PROOFS.values())
def test_every_sentence_marked_as_proven_names_a_test_that_exists(proof: str) -> None:
    assert fault_of(proof) is None


def test_its_pdf_says_the_same_under_a_neutral_title(written: str) -> None:
    pdf = report_pdf(written)
    assert "Ce que les autres voient" in text_of(pdf)
    with opened(pdf) as document:
        assert dict(document.docinfo) == {"/Title": "Document"}


def test_its_pdf_reads_nothing_beside_itself(tmp_path: Path) -> None:
    picture = tmp_path / "x.png"
    picture.write_bytes(base64.b64decode(PICTURE.partition(",")[2]))
    page = '<html lang="fr"><title>x</title><img src="{}" alt="">'
    assert report_pdf(page.format(PICTURE))
    with pytest.raises(OutsideRequest):
        report_pdf(page.format(picture.as_uri()))


def test_the_facts_come_from_whole_journeys_of_every_specialty(tmp_path: Path) -> None:
    profiles = list(load_all(ROOT / "specialties").values())
    facts = gather(settings(tmp_path), profiles, clinic_directory(), NOW, "fr")
    assert len(facts.passages) == len(profiles)
    assert all(one.exchanges[-1].path == "/e" for one in facts.passages), "a journey stopped on the way"
    assert facts.alike, [one.sizes for one in facts.passages]
    assert ("Étape 8 sur 8 – Mon espace", "/r/08") in facts.history
    assert facts.history[-1] == ("Mon espace", "/e")
    longer = replace(facts.passages[0].exchanges[0], sent=1)
    other = Passage("x", (longer, *facts.passages[0].exchanges[1:]))
    assert not replace(facts, passages=(*facts.passages, other)).alike


def test_without_a_chromium_no_picture_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert discretion_shots.take({"home": "<p>x"}) == {}


@pytest.mark.browser
def test_a_picture_is_a_telephones_first_screen() -> None:
    taken = discretion_shots.take({"home": "<!doctype html><p>x"})
    if not taken:
        pytest.skip("no chromium program on this machine")
    assert taken["home"].startswith("data:image/png;base64,")
