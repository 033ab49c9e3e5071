"""A PDF as it may leave: one name, one title, and nothing said of what made it, when, for whom or for what."""

import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from app.discretion.gate import Malformed, leaving
from app.discretion.lexicon import Lexicon
from app.discretion.surfaces import Surface

FILE_NAME, TITLE = "document.pdf", "Document"
"""The only name a PDF leaves under, and the only title it has."""

MIB = 1024 * 1024
_BEGINS = re.compile(rb"(?<!\d)(\d{1,9}) 0 obj\s*")
_CONTENT = re.compile(rb">>\s*stream\r?\n")
_INFO = re.compile(rb"/Info (\d+) 0 R")
_FIRST = re.compile(rb"/First (\d+)")
_PAIR = re.compile(rb"(\d+) (\d+)")

_ONLY_TITLE = re.compile(rf"<<\s*/Title \({TITLE}\)\s*>>")
_TAG = re.compile(r"<[^>]*>")
_ATTRIBUTE = re.compile(r"([\w:]+)=")
_ATTRIBUTES = re.compile(r"begin|end|id|rdf:about|xml:lang|xmlns:\w+|pdfuaid:part")


@dataclass(frozen=True, slots=True)
class ClearedPdf:
    """A PDF that passed the gate, with its name. Only this module makes one."""

    name: str
    body: bytes


def clear_pdf(name: str, body: bytes, lexicon: Lexicon | None = None) -> ClearedPdf:
    """Return a PDF as it may be given. Raises Betrayal or Malformed. Its pages are not looked at."""
    leaving(Surface.PDF_NAME, name, lexicon)
    if name != FILE_NAME:
        raise Malformed(Surface.PDF_NAME, "is not the one name of every file")
    info, packets = _info(body), _packets(body)
    for text in (*info, *packets):
        leaving(Surface.PDF_METADATA, text, lexicon)
    if body.count(b"startxref") != 1 or len(info) != 1 or not _ONLY_TITLE.fullmatch(info[0]):
        raise Malformed(Surface.PDF_METADATA, "says more than the one title, or can't be read")
    if len(packets) > 1 or not all(map(_says_the_title_alone, packets)):
        raise Malformed(Surface.PDF_METADATA, "says more in its packet than the one title")
    return ClearedPdf(name, body)


def pdf_metadata(body: bytes) -> list[str]:
    """Return what a PDF says of itself before it is opened: its properties, and its XMP packet."""
    return _info(body) + _packets(body)


def _info(body: bytes) -> list[str]:
    numbers = {int(number) for number in _INFO.findall(body)}
    return [_text(one) for number, one in _objects(body) if number in numbers]


def _packets(body: bytes) -> list[str]:
    return [_text(content) for head, content in _streams(body) if b"/Metadata" in head]


def _says_the_title_alone(packet: str) -> bool:
    attributes = [name for tag in _TAG.findall(packet) for name in _ATTRIBUTE.findall(tag)]
    return _TAG.sub("", packet).strip() == TITLE and all(map(_ATTRIBUTES.fullmatch, attributes))


def _objects(body: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield every object with its number: those that stand in the file, and those packed in object streams."""
    yield from _standing(body)
    for head, content in _streams(body):
        first = _FIRST.search(head)
        if b"/ObjStm" in head and first:
            yield from _packed(content, int(first[1]))


def _standing(body: bytes) -> Iterator[tuple[int, bytes]]:
    *objects, _trailer = body.split(b"endobj")
    for one in objects:
        if begins := _BEGINS.search(one):
            yield int(begins[1]), one[begins.end() :]


def _packed(content: bytes, first: int) -> Iterator[tuple[int, bytes]]:
    places = [(int(number), first + int(at)) for number, at in _PAIR.findall(content[:first])]
    ends = [*(at for _, at in places[1:]), len(content)]
    for (number, at), end in zip(places, ends, strict=True):
        yield number, content[at:end]


def _streams(body: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield the dictionary and the content of each stream that could hold metadata and can be read."""
    for _number, one in _standing(body):
        content = _CONTENT.search(one)
        head = one[: content.start()] if content else b""
        if content and (b"/ObjStm" in head or b"/Metadata" in head):
            raw = one[content.end() :].rpartition(b"endstream")[0]
            yield head, _inflated(raw) if b"/FlateDecode" in head else raw


def _inflated(content: bytes) -> bytes:
    """Return what a stream holds, up to a length no metadata of ours has; nothing when it can't be read."""
    try:
        return zlib.decompressobj().decompress(content, MIB)
    except zlib.error:
        return b""


def _text(content: bytes) -> str:
    return content.decode("utf-8", "replace").strip()
