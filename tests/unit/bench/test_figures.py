"""Figures: a bar is reached or missed, and the table and the JSON say so."""

import pytest

from bench.figures import Figure, Section, as_document, skipped, table


@pytest.mark.parametrize(
    ("figure", "passed"),
    [
        (Figure("x", 0.41, at_least=0.40), True),
        (Figure("x", 0.39, at_least=0.40), False),
        (Figure("x", 1.10, at_most=1.10), True),
        (Figure("x", 1.11, at_most=1.10), False),
        (Figure("x", 5.0), None),
        (Figure("x", None, at_least=0.40), None),
    ],
)
def test_a_figure_knows_whether_it_reaches_its_bar(figure: Figure, passed: bool | None) -> None:
    assert figure.passed is passed


def test_the_table_shows_figure_bar_peer_and_verdict() -> None:
    section = Section(
        "speed",
        (
            Figure("page", 0.412, "of hello", at_least=0.4, peer="0.109 best", note="five runs"),
            Figure("weight", 91.0, "KB", at_most=90),
        ),
    )
    _head, title, page, weight = table([section]).splitlines()
    assert title == "SPEED"
    assert " ".join(page.split()) == "page 0.412 of hello >= 0.400 0.109 best ok five runs"
    assert " ".join(weight.split()) == "weight 91 KB <= 90 MISSED"


def test_columns_are_aligned() -> None:
    lines = table(
        [Section("s", (Figure("a", 1.0, note="one"), Figure("much longer", 22.0, note="two")))]
    ).splitlines()
    assert lines[2].index("one") == lines[3].index("two")


@pytest.mark.parametrize(
    ("value", "written"),
    [(0.4123, "0.412"), (1.0349, "1.03"), (96.44, "96.4"), (12345.6, "12,346"), (6144.0, "6,144")],
)
def test_a_number_is_written_with_the_figures_it_deserves(value: float, written: str) -> None:
    assert table([Section("s", (Figure("x", value),))]).splitlines()[-1].split() == ["x", written]


def test_what_was_skipped_says_why() -> None:
    section = skipped("browser", "chromium is not installed")
    assert "chromium is not installed" in table([section])
    assert as_document([section]) == {"browser": [{"name": "not measured", "note": "chromium is not installed"}]}


def test_the_document_is_plain_and_small() -> None:
    section = Section("s", (Figure("page", 0.41234567, "of hello", at_least=0.4),))
    found = as_document([section])
    assert found == {"s": [{"name": "page", "value": 0.41235, "unit": "of hello", "at_least": 0.4, "passed": True}]}
