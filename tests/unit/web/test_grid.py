from collections.abc import Iterable
from typing import TYPE_CHECKING

import pytest

from app.web.grid import WORDS_SLOT, Grid

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment


class Time:
    """A clock that moves when somebody works or sleeps."""

    def __init__(self) -> None:
        self.now = 100.0
        self.slept = 0.0

    def read(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept += seconds
        self.now += seconds


def answer(work: float, grid_ms: int = 40, *, words: bool = False, fails: bool = False) -> tuple[float, Grid, str]:
    """Return when a response that took `work` seconds was released after its arrival."""
    time, released = Time(), []

    def app(environ: "WSGIEnvironment", start: "StartResponse") -> Iterable[bytes]:
        environ[WORDS_SLOT] = words
        start("200 OK", [])
        time.now += work / 2
        if fails:
            raise RuntimeError
        yield b"a"
        time.now += work / 2

    def start(status: str, headers: list[tuple[str, str]], _error: object = None) -> object:
        released.append((time.now, status))
        return lambda _chunk: None

    grid = Grid(app, grid_ms, 600, lambda _environ: ("500 X", [], b"last"), now=time.read, sleep=time.sleep)
    grid({}, start)  # type: ignore[arg-type]  # the last page stands for a real one
    return released[0][0] - 100, grid, released[0][1]


@pytest.mark.parametrize(
    ("work", "released", "overruns"),
    [(0.0, 0.04, 0), (0.001, 0.04, 0), (0.039, 0.04, 0), (0.041, 0.08, 1), (0.1, 0.12, 1)],
)
def test_a_response_leaves_at_the_next_multiple(work: float, released: float, overruns: int) -> None:
    moment, grid, _ = answer(work)
    assert moment == pytest.approx(released)
    assert grid.overruns == overruns


@pytest.mark.parametrize("work", [0.01, 0.3, 0.59])
def test_words_have_one_larger_slot(work: float) -> None:
    assert answer(work, words=True)[0] == pytest.approx(0.6)


def test_no_grid_releases_at_once() -> None:
    assert answer(0.013, grid_ms=0)[0] == pytest.approx(0.013)


def test_what_the_application_lets_through_becomes_the_last_page_on_time() -> None:
    moment, _, status = answer(0.05, fails=True)
    assert moment == pytest.approx(0.04)
    assert status == "500 X"
