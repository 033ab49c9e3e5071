"""Bytes on the wire of a whole journey in each specialty: headers and bodies, pages and redirections."""

from dataclasses import dataclass, field
from urllib.parse import urlencode

from app.booking.journey import Funnel
from app.discretion.sizes import PAGE_BYTES
from app.web.cookie import parse
from bench.answers import acts, form_at
from bench.figures import Figure, Section
from bench.installation import an_installation
from bench.servers import paravent_serve
from bench.wire import Answer, ask

TITLE = "weight of a journey: eight steps, from the first page to the confirmation"
BAR_KB = 90
PEER = "84.6 KB in 4 steps, SecureDrop"
STEPS = 8
_SEE_OTHER, _OK = 303, 200


class JourneyStopped(Exception):
    """A page of the journey did not answer as it should."""


@dataclass(slots=True)
class _Walk:
    """The answers that came so far, and the cookie that the last one set."""

    port: int
    cookie: str = ""
    answers: list[Answer] = field(default_factory=list)

    def ask(self, method: str, path: str, form: str = "") -> Answer:
        answer = ask(self.port, method, path, self.cookie, form)
        if answer.status != (_SEE_OTHER if method == "POST" else _OK):
            raise JourneyStopped(f"{method} of a page answered {answer.status}")
        self.cookie = answer.headers["set-cookie"].partition(";")[0]
        self.answers.append(answer)
        return answer


def measure() -> Section:
    """Walk one journey of each specialty. Raises JourneyStopped."""
    figures: list[Figure] = []
    with (
        an_installation({"GRID_MS": "0", "WORDS_GRID_MS": "0"}) as installation,
        paravent_serve(installation.folder, installation.environ()) as port,
    ):
        funnel = installation.funnel()
        for profile, act in acts(funnel).items():
            figures += _figures(profile, walk(port, funnel, act))
    return Section(TITLE, tuple(figures))


def walk(port: int, funnel: Funnel, act: str) -> list[Answer]:
    """Complete a journey as a browser does and return every answer, in order."""
    passing = _Walk(port)
    passing.ask("GET", "/r/01")
    for number in range(1, STEPS + 1):
        token = parse(passing.cookie.partition("=")[2]).token
        assert token is not None
        form = urlencode(form_at(funnel, token, number, act))
        sent = passing.ask("POST", f"/r/{number:02d}", form)
        passing.ask("GET", sent.headers["location"])
    return passing.answers


def _figures(profile: str, answers: list[Answer]) -> list[Figure]:
    pages = [answer for answer in answers if answer.status == _OK]
    sizes = {len(page.body) for page in pages}
    heads = {answer.received - len(answer.body) for answer in pages}
    note = f"{len(answers)} requests, {len(pages)} pages; {sum(one.sent for one in answers):,} B sent"
    return [
        Figure(
            f"{profile}: received in all",
            sum(one.received for one in answers) / 1000,
            "KB",
            at_most=BAR_KB,
            peer=PEER,
            note=note,
        ),
        Figure(
            f"{profile}: body of every page",
            float(max(sizes)),
            "B",
            at_most=float(PAGE_BYTES),
            note=f"{len(sizes)} size(s); headers {min(heads)} to {max(heads)} B; 1 request a page",
        ),
        Figure(f"{profile}: room left in the fullest page", float(_room(pages)), "B"),
    ]


def _room(pages: list[Answer]) -> int:
    """Return the least padding of the pages, which the gzip extra field says (RFC 1952, 2.3.1.1)."""
    return min(int.from_bytes(page.body[14:16], "little") for page in pages)
