"""Steady load on a served installation: patients who send whole journeys, staff who open lists and cases.

Every page is linted as in any other test. What is no answer, or none of the expected ones, is kept as a fault.
"""

import re
import socket
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from app.clinic.demo import PASSWORD
from app.config import Settings
from tests.factories.distant import Distant, distant_patient
from tests.factories.patient import ASK, Patient
from tests.factories.served import Served
from tests.factories.staff_in_browser import totp_code
from tests.factories.staffed import StaffBrowserOf

_TIMEOUT = 30.0
_CASE = re.compile(r"/(dossier|visite)/[0-9a-f-]{36}")


class Line:
    """A connection to one zone, that a browser keeps. It counts the answers, and those of 500 and more."""

    def __init__(self, address: str, counts: "Counts") -> None:
        found = urlsplit(address)
        self._connection = socket.create_connection((found.hostname or "", found.port or 80), _TIMEOUT)
        self._counts = counts

    def send(self, request: bytes) -> bytes:
        """Send a whole request and return its whole answer. Raises ConnectionError, TimeoutError."""
        self._connection.sendall(request)
        answer = b""
        while not _is_whole(answer):
            came = self._connection.recv(65536)
            if not came:
                raise ConnectionError("the server closed the connection")
            answer += came
        self._counts.add(int(answer[9:12]))
        return answer

    def close(self) -> None:
        """End the connection."""
        self._connection.close()


@dataclass
class Counts:
    """What came back."""

    answers: int = 0
    failed: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def add(self, status: int) -> None:
        """Count an answer."""
        with self.lock:
            self.answers += 1
            self.failed += status >= 500


@dataclass
class Load:
    """People at work. `sent` are the patients whose journey arrived; `opened` counts staff's pages of cases."""

    served: Served
    patient_settings: Settings
    counts: Counts = field(default_factory=Counts)
    sent: list[Patient] = field(default_factory=list)
    opened: int = 0
    faults: list[str] = field(default_factory=list)
    told: threading.Event = field(default_factory=threading.Event)

    def patient(self) -> None:
        """Send journeys one after the other, each by a new browser."""
        while not self.told.is_set():
            self.sends_once()

    def sends_once(self) -> None:
        """Send one journey."""
        with self.line(self.served.patient) as line:
            somebody = self.somebody(line)
            somebody.books(ASK)
            self.sent.append(somebody)

    def staff(self, login: str) -> None:
        """Sign in, then open the lists and the cases they lead to, again and again."""
        with self.line(self.served.clinic) as line:
            application: Any = Distant(self.served.settings, line.send)
            browser = self._signed_in(StaffBrowserOf(application), login)
            while not self.told.is_set():
                self._reads(browser)

    def _signed_in(self, browser: StaffBrowserOf, login: str) -> StaffBrowserOf:
        browser.get("/connexion")
        browser.submit({"login": login, "password": PASSWORD})
        browser.submit({"code": totp_code(self.served, login)})
        assert "/connexion" not in browser.shown.path, f"{login} is not signed in"
        return browser

    def _reads(self, browser: StaffBrowserOf) -> None:
        for page in ("/", "/demandes"):
            browser.get(page)
            links = [link.get("href") or "" for link in browser.shown.main.iter("a")]
            cases = [
                link for link in dict.fromkeys(links) if re.fullmatch(r"/(dossier|visite)/[0-9a-f-]{36}", link)
            ]
            for path in cases[:6]:
                browser.get(path)
                self.opened += 1
                if self.told.is_set():
                    return

    def somebody(self, line: Line) -> Patient:
        """Return a patient with a new browser."""
        return distant_patient(self.patient_settings, line.send)

    @contextmanager
    def line(self, address: str) -> Iterator[Line]:
        """Open a connection to a zone for a while."""
        line = Line(address, self.counts)
        try:
            yield line
        finally:
            line.close()

    def watched(self, work: Callable[[], None]) -> None:
        """Do a person's work until told to stop; whatever goes wrong is a fault, and the person begins again."""
        while not self.told.is_set():
            try:
                work()
            except Exception:
                self.faults.append(f"{time.strftime('%H:%M:%S', time.gmtime())} {traceback.format_exc()}")
                self.told.wait(1)


@contextmanager
def steady_load(
    served: Served, patient_settings: Settings, patients: int, logins: tuple[str, ...]
) -> Iterator[Load]:
    """Let so many patients send and these members of staff read, until the block ends and each has finished."""
    load = Load(served, patient_settings)
    works: list[Callable[[], None]] = [load.patient] * patients
    works += [lambda login=login: load.staff(login) for login in logins]  # type: ignore[misc]
    threads = [threading.Thread(target=load.watched, args=(work,), daemon=True) for work in works]
    for thread in threads:
        thread.start()
    try:
        yield load
    finally:
        load.told.set()
        for thread in threads:
            thread.join(60)


def _is_whole(answer: bytes) -> bool:
    head, end, body = answer.partition(b"\r\n\r\n")
    if not end:
        return False
    length = re.search(rb"(?i)\r\ncontent-length: (\d+)", head)
    return length is None or len(body) >= int(length[1])
