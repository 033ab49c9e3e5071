"""Lengths that tell nothing: a document is exactly as long as one of a few classes."""

KIB = 1024
SIZE_CLASSES = (16 * KIB, 32 * KIB, 64 * KIB, 128 * KIB, 256 * KIB)
"""Bytes a document may be long."""

_LAST_WORDS = b"startxref"


class TooLong(Exception):
    """A document is longer than the greatest class."""


def padded_pdf(pdf: bytes, least: int = SIZE_CLASSES[0]) -> bytes:
    """Lengthen a PDF to the least class that holds it, but not below `least` bytes. Raises TooLong.

    The bytes are one comment line (ISO 32000-1, 7.2.3) just before `startxref`: it moves no object, no reader
    shows it, and the end of the file is still found where readers look for it.
    """
    missing = size_class(max(len(pdf) + len(b"%\n"), least)) - len(pdf)
    body, found, end = pdf.rpartition(_LAST_WORDS)
    if not found:
        raise ValueError("not a PDF")
    return body + b"%" + b"0" * (missing - 2) + b"\n" + found + end


def size_class(length: int) -> int:
    """Return the least class of at least `length` bytes. Raises TooLong."""
    for size in SIZE_CLASSES:
        if length <= size:
            return size
    raise TooLong
