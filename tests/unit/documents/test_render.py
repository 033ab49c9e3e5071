"""What a document's outside says: the same for all, and nothing."""

from functools import cache

import pytest

from app.documents.blank_form import blank_form
from app.documents.padding import SIZE_CLASSES
from app.documents.render import OutsideRequest, _pdf
from app.documents.slip import appointment_slip
from tests.unit.documents.invented_profile import invented_profile
from tests.unit.documents.invented_slip import a_slip
from tests.unit.documents.reading import embedded_fonts, opened, structure_roles

ADDRESSES = ["http://127.0.0.1:9/x.png", "file:///etc/hostname", "data:image/png;base64,AA=="]
KINDS = ("form", "slip")


@cache
def printed(kind: str, language: str) -> bytes:
    """Return a document of a kind, made once for all tests."""
    if kind == "slip":
        return appointment_slip(a_slip(language))
    return blank_form(invented_profile(), language, "Clinique des Tilleuls")


@pytest.fixture(params=KINDS)
def paper(request: pytest.FixtureRequest) -> bytes:
    """Each kind of document, in French."""
    return printed(request.param, "fr")


def test_it_is_tagged_and_claims_pdf_ua_1(paper: bytes) -> None:
    with opened(paper) as pdf:
        assert bool(pdf.Root.MarkInfo.Marked)
        assert pdf.Root.StructTreeRoot.K is not None
        assert bool(pdf.Root.ViewerPreferences.DisplayDocTitle)
        with pdf.open_metadata() as metadata:
            assert metadata["pdfuaid:part"] == "1"
    assert {"/H1", "/P"} <= structure_roles(paper)


@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.parametrize("kind", KINDS)
def test_it_says_its_language(kind: str, language: str) -> None:
    with opened(printed(kind, language)) as pdf:
        assert str(pdf.Root.Lang) == language


def test_its_metadata_is_one_neutral_word(paper: bytes) -> None:
    with opened(paper) as pdf:
        assert {str(key): str(value) for key, value in pdf.docinfo.items()} == {"/Title": "Document"}
        with pdf.open_metadata() as metadata:
            assert sorted(metadata.values()) == ["1", "Document"]
        assert "/Names" not in pdf.Root
        assert "/ID" not in pdf.trailer


def test_its_length_is_a_class_and_it_needs_no_repair(paper: bytes) -> None:
    assert len(paper) in SIZE_CLASSES
    with opened(paper) as pdf:
        assert pdf.check_pdf_syntax() == []


def test_every_font_is_dejavu_and_inside_the_file(paper: bytes) -> None:
    fonts = embedded_fonts(paper)
    assert fonts
    assert all(fonts.values())
    assert [name for name in fonts if "DejaVu" not in name or "Serif" in name] == []


@pytest.mark.parametrize("address", ADDRESSES)
def test_nothing_is_fetched(address: str) -> None:
    with pytest.raises(OutsideRequest):
        _pdf(f'<html lang="fr"><title>x</title><p><img alt="" src="{address}"></p></html>')
