"""A page too slow for its slot takes the next, is counted and keeps its size; a page too large is the 500 page."""

import io
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.typing import ResponseReturnValue

from app.discretion.sizes import PAGE_BYTES, PLAIN_BYTES
from app.log import AllowListFormatter
from app.web.headers import HEAD_BYTES
from app.web.metrics import Exporter, summed
from app.web.pages import render
from tests.browser import Browser
from tests.page_lint import head_bytes, unpacked
from tests.unit.web.conftest import MakeApp

GRID_MS = 160
BAD_SIGNS = "".join(chr(0x4E00 + n * 7919 % 20000) for n in range(6000))
"""What compresses badly."""


class Time:
    """A clock that moves when a page is drawn slowly, or when somebody sleeps."""

    def __init__(self, app: Flask) -> None:
        self.now = self.drawing = 0.0
        grid = app.extensions["paravent.grid"]
        grid._now, grid._sleep = lambda: self.now, self.move
        app.add_url_rule("/slow", view_func=self.slow)

    def move(self, seconds: float) -> None:
        self.now += seconds

    def slow(self) -> ResponseReturnValue:
        self.move(self.drawing)
        return render("patient/public/bonjour.html", today="")


@pytest.fixture
def heard() -> Iterator[io.StringIO]:
    """What our log would hold."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(AllowListFormatter())
    logging.getLogger("paravent.web").addHandler(handler)
    yield stream
    logging.getLogger("paravent.web").removeHandler(handler)


@pytest.mark.parametrize(("drawing", "slots"), [(0.0, 1), (0.15, 1), (0.17, 2), (0.5, 4)])
def test_a_slow_page_leaves_at_the_next_multiple_counted_and_of_one_size(
    make_app: MakeApp, tmp_path: Path, drawing: float, slots: int
) -> None:
    app = make_app(grid_ms=GRID_MS)
    time = Time(app)
    time.drawing = drawing
    exporter = Exporter(tmp_path, "patient", app.extensions["paravent.counters"])
    response = app.test_client().get("/slow", headers={"Accept-Encoding": "gzip"})
    assert time.now == pytest.approx(slots * GRID_MS / 1000)
    assert (len(response.data), head_bytes(response)) == (PAGE_BYTES, HEAD_BYTES)
    exporter.start()
    told = summed(tmp_path)
    assert told["paravent_grid_slots_total"] == slots
    assert told["paravent_grid_overruns_total"] == (slots > 1)


def plain(browser: Browser, words: str, status: int) -> str:
    return browser.post("/said", {"word": words}, status).html


def test_a_page_one_byte_over_its_size_is_the_500_page(app: Flask, heard: io.StringIO) -> None:
    browser = Browser(app, gzip=False)
    room = PLAIN_BYTES - len(plain(browser, "z", 200).rstrip().encode()) + len("z")
    assert len(plain(browser, "z" * room, 200).rstrip().encode()) == PLAIN_BYTES
    assert heard.getvalue() == ""
    assert "de notre côté" in plain(browser, "z" * (room + 1), 500)
    assert "OverBudget" in heard.getvalue()
    assert "zz" not in heard.getvalue()


def test_a_compressed_page_just_over_its_size_is_the_500_page(app: Flask, heard: io.StringIO) -> None:
    client, low, high = app.test_client(), 0, len(BAD_SIGNS)
    while high - low > 1:
        middle = (low + high) // 2
        answer = client.post("/said", data={"word": BAD_SIGNS[:middle]}, headers={"Accept-Encoding": "gzip"})
        assert (len(answer.data), head_bytes(answer)) == (PAGE_BYTES, HEAD_BYTES)
        low, high = (middle, high) if answer.status_code == 200 else (low, middle)
    assert 0 < low < high < len(BAD_SIGNS)
    assert "OverBudget" in heard.getvalue()
    assert not set(BAD_SIGNS) & set(heard.getvalue())


@pytest.mark.parametrize(
    ("offered", "packed"),
    [
        ("gzip", True),
        ("br, GZip;q=0.1", True),
        ("identity;q=0, *;q=0", False),
        ("gzip;q=0, identity;q=0", False),
        ("gzip;q=0, *", False),
        ("*", False),
        ("br, zstd", False),
        ("", False),
        ("gzip;q=high", False),
        (",;=q,gzipp", False),
        ("gzip" * 2000, False),
    ],
)
def test_whatever_a_client_says_of_gzip_a_page_has_one_of_two_sizes(app: Flask, offered: str, packed: bool) -> None:
    response = app.test_client().get("/urgence", headers={"Accept-Encoding": offered})
    assert response.status_code == 200
    assert (len(response.data), head_bytes(response)) == (PAGE_BYTES if packed else PLAIN_BYTES, HEAD_BYTES)
    assert ("Content-Encoding" in response.headers) == packed
    assert "Urgence" in unpacked(response)
