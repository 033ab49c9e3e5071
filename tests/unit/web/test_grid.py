from collections.abc import Iterable
from io import BytesIO
from typing import TYPE_CHECKING

import pytest

from app.web.body import await_body
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

    grid = Grid(
        app,
        grid_ms,
        600,
        lambda _environ: ("500 Internal Server Error", [], b"last"),
        now=time.read,
        sleep=time.sleep,
    )
    grid({}, start)  # type: ignore[arg-type]  # the last page stands for a real one
    return released[0][0] - 100, grid, released[0][1]


@pytest.mark.parametrize(
    ("work", "released", "overruns"),
    [(0.0, 0.04, 0), (0.001, 0.04, 0), (0.039, 0.04, 0), (0.041, 0.08, 1), (0.1, 0.12, 1)],
)
def test_a_response_leaves_at_the_next_multiple(work: float, released: float, overruns: int) -> None:
    moment, grid, _ = answer(work)
    assert moment == pytest.approx(released)
    assert grid.overruns.total == overruns


@pytest.mark.parametrize("work", [0.01, 0.3, 0.59])
def test_words_have_one_larger_slot(work: float) -> None:
    assert answer(work, words=True)[0] == pytest.approx(0.6)


def test_no_grid_releases_at_once() -> None:
    assert answer(0.013, grid_ms=0)[0] == pytest.approx(0.013)


def test_what_the_application_lets_through_becomes_the_last_page_on_time() -> None:
    moment, _, status = answer(0.05, fails=True)
    assert moment == pytest.approx(0.04)
    assert status == "500 Internal Server Error"


class LateBody(BytesIO):
    """A body whose last byte comes some time after the head."""

    def __init__(self, time: Time, delay: float) -> None:
        super().__init__(b"k=abc")
        self.time, self.delay = time, delay

    def read(self, size: int | None = -1, /) -> bytes:
        self.time.now += self.delay
        self.delay = 0.0
        return super().read(size)


def answer_after_body(work: float, delay: float, environ: dict[str, object]) -> tuple[float, bytes]:
    """Return how long after the last byte of its body a request was answered, and the body its view read."""
    time, seen, released = Time(), [], []

    def app(environ: "WSGIEnvironment", start: "StartResponse") -> Iterable[bytes]:
        start("200 OK", [])
        seen.append(environ["wsgi.input"].read())
        time.now += work
        return [b"a"]

    def start(_status: str, _headers: list[tuple[str, str]], _error: object = None) -> object:
        released.append(time.now)
        return lambda _chunk: None

    grid = Grid(app, 40, 600, lambda _environ: ("500 Broken", [], b""), now=time.read, sleep=time.sleep)
    grid({"wsgi.input": LateBody(time, delay), **environ}, start)  # type: ignore[arg-type]  # as above
    return released[0] - 100 - delay, seen[0]


@pytest.mark.parametrize("delay", [0.0, 0.007, 0.025, 0.033, 0.039, 0.05, 1.31])
@pytest.mark.parametrize("environ", [{"CONTENT_LENGTH": "5"}, {"wsgi.input_terminated": True}])
def test_no_delay_of_a_body_tells_how_long_the_answer_took(delay: float, environ: dict[str, object]) -> None:
    quick, slow = answer_after_body(0.004, delay, environ), answer_after_body(0.011, delay, environ)
    assert quick[0] == pytest.approx(slow[0]) == pytest.approx(0.04)
    assert quick[1] == slow[1] == b"k=abc"


@pytest.mark.parametrize("length", [str(64 * 1024 + 1), "1" * 30, "-1", "½", ""])
def test_a_body_too_long_or_not_announced_is_left_to_be_refused(length: str) -> None:
    time = Time()
    body = LateBody(time, 1.0)
    environ: dict[str, object] = {"wsgi.input": body, "CONTENT_LENGTH": length}
    await_body(environ)
    assert environ["wsgi.input"] is body
    assert body.delay == 1.0


def test_a_body_that_breaks_on_the_way_is_met_again_by_who_reads_it() -> None:
    class Broken(BytesIO):
        def read(self, _size: int | None = -1, /) -> bytes:
            raise ConnectionResetError

    body = Broken()
    environ: dict[str, object] = {"wsgi.input": body, "CONTENT_LENGTH": "5"}
    await_body(environ)
    assert environ["wsgi.input"] is body
