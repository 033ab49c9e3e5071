"""A connection lost at any byte, of what is sent or of what comes back, loses one page and never books twice."""

import socket
import struct
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from sqlalchemy import func, select

from app.db import Databases
from app.front.models import Submission
from tests.factories.distant import distant_patient
from tests.factories.patient import CHECK, Patient
from tests.factories.served import Served, serve

SENT_EVERY, CAME_EVERY = 37, 41
"""A cut each so many bytes: primes, so that cuts fall everywhere in names, values and headers."""
_AT_ONCE = struct.pack("ii", 1, 0)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    off = {"PARAVENT_GRID_MS": "0", "PARAVENT_WORDS_GRID_MS": "0"}
    with serve(tmp_path_factory.mktemp("served"), values=off) as running:
        yield running


class Line:
    """A network that loses each form many times, on the way there and on the way back, before it passes."""

    def __init__(self, served: Served) -> None:
        self._port = urlsplit(served.patient).port
        self.losing = True
        self.lost = 0
        self._cut_everywhere: set[bytes] = set()

    def send(self, request: bytes) -> bytes:
        """Lose a form again and again, then let it pass; what only asks for a page passes at once.

        The first form is cut after every byte, and so are a page's request and head; later ones here and there.
        """
        method, request = request[:4], request.replace(b"\r\n", b"\r\nConnection: close\r\n", 1)
        if self.losing and (method == b"POST" or method not in self._cut_everywhere):
            first = method not in self._cut_everywhere
            self._cut_everywhere.add(method)
            for sent in range(1, len(request), 1 if first else SENT_EVERY):
                self._cut(request[:sent], 0)
            head = len(self._pass(request).partition(b"\r\n\r\n")[0])
            for came in range(1, head, 1 if first else CAME_EVERY):
                self._cut(request, came)
        return self._pass(request)

    def _cut(self, request: bytes, came: int) -> None:
        """Send, read some bytes, and hang up as a telephone that loses its network does."""
        with socket.create_connection(("127.0.0.1", self._port), 20) as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
            connection.sendall(request)
            while came > 0:
                came -= len(connection.recv(came))
            self.lost += 1

    def _pass(self, request: bytes) -> bytes:
        with socket.create_connection(("127.0.0.1", self._port), 20) as connection:
            connection.sendall(request)
            return b"".join(iter(lambda: connection.recv(65536), b""))


def sent_in(served: Served) -> int:
    """Count what was sent to the clinic."""
    db = Databases(served.settings.databases)
    with db.reading("front") as session:
        found = session.scalar(select(func.count()).select_from(Submission)) or 0
    db.dispose()
    return found


def test_a_journey_over_a_line_that_breaks_at_every_place_books_once(served: Served, tmp_path: Path) -> None:
    line, before = Line(served), sent_in(served)
    patient: Patient = distant_patient(served.settings, line.send)
    patient.walks_to(CHECK)
    assert sent_in(served) == before
    patient.sends()
    assert patient.opens("/e").heading == "Votre rendez-vous est pris"
    assert line.lost > 8 * 20 + 2 * 1000
    assert sent_in(served) == before + 1
    assert "Traceback" not in served.log
    assert "Zo" not in served.log


def test_half_a_form_saves_nothing(served: Served) -> None:
    line = Line(served)
    line.losing = False
    patient = distant_patient(served.settings, line.send)
    patient.walks_to(2)
    _path, data = patient.page.filled({"whom": "01", "age": "34", "standing": "01"})
    body = "&".join(f"{name}={value}" for name, value in data.items())
    head = f"POST /r/02 HTTP/1.1\r\nHost: localhost\r\nCookie: p={patient.browser.cookie}\r\n"
    head += f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n"
    for sent in range(0, len(body), 5):
        line._cut((head + body[:sent]).encode(), 0)
    page = patient.opens("/r/02")
    assert (page.errors, patient.typed("age")) == ({}, "")
    assert patient.opens("/r/03").path == "/r/02"
