"""Every page is plain: its reading level is computed on the page as drawn, in both languages."""

import pytest

from bench.reading import Level, PageLevel, drawn, levels


@pytest.mark.parametrize("language", ["fr", "en"])
def test_every_page_is_plain(language: str) -> None:
    pages = levels(drawn(language), language)
    assert len(pages) > 300
    assert any(page.minor for page in pages)
    assert [page.fault for page in pages if page.fault] == []


def test_a_page_too_hard_is_named() -> None:
    hard, fair, long = Level(100, 10, 190), Level(100, 10, 180), Level(100, 6, 140)
    assert PageLevel("/a", False, hard).fault == "/a: 57.0, 60 at least"
    assert PageLevel("/a", False, fair).fault is None
    assert PageLevel("/a", True, fair).fault == "/a: 64.4, 70 at least"
    assert PageLevel("/a", True, long).fault == "/a: 16.7 words a sentence, 15 at most"
