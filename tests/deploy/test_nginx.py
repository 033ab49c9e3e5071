"""docs/deploy/nginx.conf in Debian's nginx: the journey passes, one size stays one size, nothing is written."""

import socket
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deploy.fronts import Front, nginx
from tests.deploy.wire import NOTICE, OPERA_MINI, THREADS, Watched, comes, get, in_pieces, post, slow_forms, watched
from tests.factories.distant import distant_patient
from tests.factories.patient import CHECK
from tests.factories.served import Served, free_port

pytestmark = pytest.mark.skipif(not Path("/usr/sbin/nginx").exists(), reason="nginx is not installed")

PAGES = ("/", "/urgence", "/confiance", "/aide", "/r/01", "/retour", "/e", "/nulle-part")
TLS_1_2 = "    ssl_protocols TLSv1.3;", "    ssl_protocols TLSv1.2 TLSv1.3;"
ON_DISK = "client_max_body_size 64k;", "client_max_body_size 1m;"
IN_PIECES = "if ($http_transfer_encoding) {", "if ($http_no_such_header) {"
AS_IT_COMES = "proxy_request_buffering on;", "proxy_request_buffering off;"
MOST_UNDER_WAY = 64
"""Requests that nginx.conf lets one address have under way."""
GARBLED = b"GET / HTTP/1.1\r\nHost: a b\r\n\r\n"
LONG = b"name=" + b"a" * 200_000
LONGEST = b"name=" + b"a" * (2**16 - 5)
PIECES = in_pieces("/retour", LONGEST)


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory, port_behind: int) -> Iterator[Front]:
    with nginx(tmp_path_factory.mktemp("nginx"), port_behind) as running:
        yield running


@pytest.fixture
def orphan(tmp_path: Path) -> Iterator[Front]:
    """Nginx before an application that does not run."""
    with nginx(tmp_path, free_port()) as running:
        yield running


@pytest.fixture
def line(front: Front) -> Iterator[Watched]:
    with watched(front.port) as connection:
        yield connection


def test_the_file_is_right(front: Front) -> None:
    checked = subprocess.run(  # noqa: S603 - a program of this machine, our file
        ["/usr/sbin/nginx", "-t", "-c", str(front.root / "nginx.conf"), "-p", str(front.root)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (checked.returncode, "warn" in checked.stderr) == (0, False), checked.stderr


def test_a_journey_passes_through(front: Front, line: Watched, behind: Served) -> None:
    patient = distant_patient(behind.settings, line.ask)
    patient.books()
    assert patient.page.path == "/e"
    assert front.said == ""


def test_every_page_leaves_in_one_record_of_one_size(line: Watched, behind: Served) -> None:
    sizes = {}
    for path in PAGES:
        assert line.ask(get(path)).startswith(b"HTTP/1.1 ")
        sizes[path] = line.sizes()
    assert line.ask(post("/retour", b"a=%ff")).startswith(b"HTTP/1.1 400")
    sizes["not text"] = line.sizes()
    assert {len(found) for found in sizes.values()} == {1}
    assert len({found[0] for found in sizes.values()}) == 1, sizes


def test_who_opens_pages_on_the_way_is_still_known_behind_it(line: Watched) -> None:
    assert NOTICE not in line.ask(get("/", gzip=False))
    assert NOTICE in line.ask(get("/", OPERA_MINI, gzip=False))


def test_every_redirection_leaves_in_one_record_of_one_size(line: Watched, behind: Served) -> None:
    patient = distant_patient(behind.settings, line.ask)
    patient.walks_to(CHECK)
    sizes = set(line.sizes())
    pages = {size for size in sizes if size > 5000}
    assert (len(pages), len(sizes - pages)) == (1, 1)


def test_the_page_of_last_resort_is_as_long_as_a_page(line: Watched, orphan: Front) -> None:
    line.ask(get("/"))
    expected = line.sizes()
    with watched(orphan.port) as connection:
        resort = connection.ask(get("/r/01"))
        assert connection.sizes() == expected
        assert resort.startswith(b"HTTP/1.1 503")
        assert "Vous ne réserverez pas deux fois".encode() in resort
        garbled = connection.ask(GARBLED)
        assert connection.sizes()[0] == expected[0]
        assert garbled.startswith(b"HTTP/1.1 503")


@pytest.mark.parametrize("claimed", [2**16 + 1, 17 * 2**20, 10**12])
def test_a_form_beyond_the_bound_is_answered_in_plain_words_too(line: Watched, claimed: int) -> None:
    line.ask(get("/"))
    expected = line.sizes()
    assert line.ask(post("/retour", b"", claimed)).startswith(b"HTTP/1.1 503")
    assert line.sizes()[0] == expected[0]


def written_to(front: Front) -> dict[str, int]:
    """Return when something was last put into, or taken out of, each folder of temporary files."""
    return {folder.name: folder.stat().st_mtime_ns for folder in (front.root / "temp").iterdir()}


def test_no_body_is_written_to_a_file(front: Front, line: Watched) -> None:
    before = written_to(front)
    assert len(before) == 5
    assert line.ask(post("/retour", LONGEST)).startswith(b"HTTP/1.1 303")
    line.ask(post("/retour", LONG))
    with watched(front.port) as another:
        another.ask(PIECES)
    assert written_to(front) == before


@pytest.mark.parametrize(("change", "sent"), [(ON_DISK, post("/retour", LONG)), (IN_PIECES, PIECES)])
def test_a_body_written_to_a_file_would_be_seen(
    tmp_path: Path, port_behind: int, change: tuple[str, str], sent: bytes
) -> None:
    with nginx(tmp_path, port_behind, change) as careless, watched(careless.port) as connection:
        before = written_to(careless)
        connection.ask(sent)
        assert {name for name, at in written_to(careless).items() if at != before[name]} == {"client_body"}


def test_slow_forms_hold_no_thread_of_the_application(front: Front) -> None:
    with slow_forms(front.port, 2 * THREADS):
        assert comes(front.port, 20)


def test_forms_passed_on_as_they_come_would_hold_them_all(tmp_path: Path, port_behind: int) -> None:
    with nginx(tmp_path, port_behind, AS_IT_COMES) as careless, slow_forms(careless.port, 2 * THREADS):
        assert not comes(careless.port, 3)


def test_one_address_has_only_so_many_requests_under_way(front: Front, line: Watched) -> None:
    line.ask(get("/"))
    expected = line.sizes()
    with slow_forms(front.port, MOST_UNDER_WAY), watched(front.port) as one_more:
        assert one_more.ask(get("/")).startswith(b"HTTP/1.1 503")
        assert one_more.sizes() == expected
    assert front.said == ""


def test_no_request_and_no_fault_leaves_a_line(orphan: Front) -> None:
    with watched(orphan.port) as connection:
        connection.ask(get("/r/01"))
        connection.ask(post("/retour", LONG))
    with watched(orphan.port) as connection:
        connection.ask(GARBLED)
    assert orphan.said == ""


def test_a_line_would_be_seen(tmp_path: Path) -> None:
    talking = "error_log stderr emerg;", "error_log stderr error;"
    with nginx(tmp_path, free_port(), talking) as loud, watched(loud.port) as connection:
        connection.ask(get("/r/01"))
        assert "client: 127.0.0.1" in loud.said
        assert "/r/01" in loud.said


def test_no_ticket_is_given(line: Watched) -> None:
    line.ask(get("/"))
    assert len(line.sizes()) == 1, "a record more than the page"


def test_a_ticket_would_be_seen(tmp_path: Path, port_behind: int) -> None:
    changes = ("ssl_session_tickets off;", "ssl_session_tickets on;"), ("NumTickets 0;", "NumTickets 2;")
    with nginx(tmp_path, port_behind, *changes) as giving, watched(giving.port) as connection:
        connection.ask(get("/"))
        assert len(connection.sizes()) == 3


def test_tls_1_2_is_refused(front: Front) -> None:
    with pytest.raises(ssl.SSLError), watched(front.port, newest=ssl.TLSVersion.TLSv1_2):
        pass


def test_tls_1_2_is_taken_where_the_file_says_so(tmp_path: Path, port_behind: int) -> None:
    with nginx(tmp_path, port_behind, TLS_1_2) as older:
        assert "# ssl_ciphers ECDHE" in older.text
        with watched(older.port, newest=ssl.TLSVersion.TLSv1_2) as connection:
            assert connection.tls.version() == "TLSv1.2"
            sizes = set()
            for path in PAGES[:-1]:
                connection.ask(get(path))
                sizes.add(tuple(connection.sizes()))
            assert len(sizes) == 1


def test_the_ciphers_named_for_tls_1_2_are_all_known(front: Front) -> None:
    (named,) = (line.split()[2].rstrip(";") for line in front.text.splitlines() if "# ssl_ciphers" in line)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(named)
    known = {cipher["name"] for cipher in context.get_ciphers()}
    assert set(named.split(":")) <= known
    assert all("GCM" in name or "CHACHA20" in name for name in named.split(":"))


def test_another_name_is_shown_no_certificate(front: Front) -> None:
    with pytest.raises(ssl.SSLError), watched(front.port, "autre.example.fr"):
        pass


def test_http_2_is_not_offered(front: Front) -> None:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols(["h2", "http/1.1"])
    with (
        socket.create_connection(("127.0.0.1", front.port)) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as secured,
    ):
        assert secured.selected_alpn_protocol() in (None, "http/1.1")


def test_plain_http_leads_to_the_first_page_and_is_not_remembered(front: Front) -> None:
    with socket.create_connection(("127.0.0.1", front.plain_port)) as plain:
        plain.sendall(b"GET /r/05 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        answer = b"".join(iter(lambda: plain.recv(4096), b"")).decode()
    assert answer.startswith("HTTP/1.1 302 ")
    assert "Location: https://localhost/\r\n" in answer
    assert "Cache-Control: no-store\r\n" in answer


def test_who_finds_a_hole_reads_whom_to_tell(line: Watched) -> None:
    answer = line.ask(get("/.well-known/security.txt")).decode()
    assert "Content-Type: text/plain; charset=utf-8" in answer
    assert "Contact: mailto:" in answer
    assert "Expires: " in answer
