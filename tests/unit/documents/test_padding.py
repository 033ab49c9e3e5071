"""A document's length is one of a few, whatever it says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.documents.padding import SIZE_CLASSES, TooLong, padded_pdf, size_class

END = b"startxref\n9\n%%EOF\n"


@given(st.integers(min_value=0, max_value=SIZE_CLASSES[-1] - len(END) - 2))
def test_every_length_becomes_a_class(length: int) -> None:
    padded = padded_pdf(b"x" * length + END)
    assert len(padded) in SIZE_CLASSES
    assert padded.startswith(b"x" * length)
    assert padded.endswith(END)


@pytest.mark.parametrize("size", SIZE_CLASSES)
def test_the_least_class_that_holds_it(size: int) -> None:
    assert len(padded_pdf(b"x" * (size - len(END) - 2) + END)) == size
    assert size_class(size) == size
    assert size_class(size - 1) == size


def test_a_document_longer_than_every_class_is_refused() -> None:
    with pytest.raises(TooLong):
        padded_pdf(b"x" * SIZE_CLASSES[-1] + END)


def test_what_is_no_pdf_is_refused() -> None:
    with pytest.raises(ValueError, match="not a PDF"):
        padded_pdf(b"hello")
