"""docs/deploy/Caddyfile in Caddy: the journey passes, one size stays one size, nothing is said of requests."""

import shutil
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deploy.fronts import Front, caddy
from tests.deploy.wire import NOTICE, OPERA_MINI, THREADS, Watched, comes, get, post, slow_forms, watched
from tests.factories.distant import distant_patient
from tests.factories.served import Served, free_port

CADDY = shutil.which("caddy") or ""
pytestmark = pytest.mark.skipif(not CADDY, reason="Caddy is not installed")

PAGES = ("/", "/urgence", "/confiance", "/aide", "/r/01", "/retour", "/e", "/nulle-part")


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory, port_behind: int) -> Iterator[Front]:
    with caddy(tmp_path_factory.mktemp("caddy"), port_behind) as running:
        yield running


@pytest.fixture
def line(front: Front) -> Iterator[Watched]:
    """A connection that has had its first page, which Caddy cuts into more records than those that follow."""
    with watched(front.port) as connection:
        connection.ask(get("/"))
        connection.sizes()
        yield connection


def test_the_file_is_right(front: Front) -> None:
    checked = subprocess.run(  # noqa: S603 - a program of this machine, our file
        [CADDY, "validate", "--adapter", "caddyfile", "--config", str(front.root / "Caddyfile")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stderr


def test_a_journey_passes_through(line: Watched, behind: Served) -> None:
    patient = distant_patient(behind.settings, line.ask)
    patient.books()
    assert patient.page.path == "/e"


def test_every_page_leaves_in_records_of_the_same_sizes(line: Watched) -> None:
    sizes = {}
    for path in PAGES:
        assert line.ask(get(path)).startswith(b"HTTP/1.1 ")
        sizes[path] = tuple(line.sizes())
    assert line.ask(post("/retour", b"a=%ff")).startswith(b"HTTP/1.1 400")
    sizes["not text"] = tuple(line.sizes())
    assert len(set(sizes.values())) == 1, sizes


def test_first_pages_of_connections_weigh_the_same(front: Front) -> None:
    totals = set()
    for path in PAGES:
        with watched(front.port) as connection:
            totals.add(len(connection.ask(get(path))))
    assert len(totals) == 1


def test_slow_forms_hold_no_thread_of_the_application(front: Front) -> None:
    with slow_forms(front.port, 2 * THREADS):
        assert comes(front.port, 20)


def test_forms_passed_on_as_they_come_would_hold_them_all(tmp_path: Path, port_behind: int) -> None:
    as_they_come = "\t\t\tbuffer_requests\n", ""
    with caddy(tmp_path, port_behind, as_they_come) as careless, slow_forms(careless.port, 2 * THREADS):
        assert not comes(careless.port, 3)


@pytest.mark.parametrize("claimed", [2**16 + 1, 10**12])
def test_a_form_beyond_the_bound_waits_for_nobody(line: Watched, claimed: int) -> None:
    answer = line.ask(post("/retour", b"a" * (2**16 + 1), claimed))
    assert answer.startswith(b"HTTP/1.1 503")


def test_who_opens_pages_on_the_way_is_still_known_behind_it(line: Watched) -> None:
    assert NOTICE not in line.ask(get("/", gzip=False))
    assert NOTICE in line.ask(get("/", OPERA_MINI, gzip=False))


def test_the_page_of_last_resort_is_near_and_no_line_is_written(tmp_path: Path, line: Watched) -> None:
    page = line.ask(get("/"))
    with caddy(tmp_path, free_port()) as running, watched(running.port) as connection:
        resort = connection.ask(get("/r/01"))
        assert resort.startswith(b"HTTP/1.1 503")
        assert "Vous ne réserverez pas deux fois".encode() in resort
        assert abs(len(resort) - len(page)) < 64
        assert "/r/01" not in running.said
        assert "127.0.0.1" not in running.said


def test_a_line_would_be_seen(tmp_path: Path) -> None:
    silent = "		exclude http.log.error http.handlers.reverse_proxy\n", ""
    with (
        caddy(tmp_path, free_port(), silent, ("level ERROR", "level DEBUG")) as loud,
        watched(loud.port) as connection,
    ):
        connection.ask(get("/r/01"))
        assert "/r/01" in loud.said


def test_tls_1_2_is_refused(front: Front) -> None:
    with pytest.raises(ssl.SSLError), watched(front.port, newest=ssl.TLSVersion.TLSv1_2):
        pass
