"""How tests read a PDF: with other programs than the one that wrote it (pikepdf on qpdf, and poppler)."""

import io
import subprocess
from collections.abc import Iterator
from typing import Any

import pikepdf


def opened(pdf: bytes) -> pikepdf.Pdf:
    """Open a PDF, refusing to repair it."""
    return pikepdf.open(io.BytesIO(pdf), attempt_recovery=False)


def text_of(pdf: bytes, *, first: int = 1, last: int = 99) -> str:
    """Return the text of some pages as poppler reads it, with its line breaks undone."""
    command = ["pdftotext", "-f", str(first), "-l", str(last), "-enc", "UTF-8", "-", "-"]
    found = subprocess.run(command, input=pdf, capture_output=True, check=True).stdout  # noqa: S603  # fixed command
    return " ".join(found.decode().split())


def embedded_fonts(pdf: bytes) -> dict[str, bool]:
    """Return the name of every font of a document, and whether its glyphs are inside the file."""
    with opened(pdf) as document:
        found = _of_type(document, "/FontDescriptor")
        return {str(font["/FontName"]): isinstance(font.get("/FontFile2"), pikepdf.Stream) for font in found}


def structure_roles(pdf: bytes) -> set[str]:
    """Return the roles (`/H1`, `/P`, `/TH`…) that the tags of a document use."""
    with opened(pdf) as document:
        return {str(element["/S"]) for element in _of_type(document, "/StructElem")}


def _of_type(document: pikepdf.Pdf, wanted: str) -> Iterator[Any]:
    for thing in document.objects:
        if isinstance(thing, pikepdf.Dictionary) and str(thing.get("/Type")) == wanted:
            yield thing
