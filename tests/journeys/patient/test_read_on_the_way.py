"""Who comes through a server that opens our pages is told before giving a name, in the one size, and unnamed."""

import io
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from app.front.published_directory import publish_directory
from app.log import AllowListFormatter
from tests.factories.house import House, build_house
from tests.factories.patient import FEES, INSTANT, REACH, Patient
from tests.factories.wordy import wordy_directory

SAID = "Votre navigateur passe par un intermédiaire"
BRIEF = "Un intermédiaire peut lire nos pages : que faire ?"
MINI = "Opera/9.80 (Android; Opera Mini/36.2.2254/119.132; U; fr) Presto/2.12.423 Version/12.16"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
CHROME = "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 Chrome/139.0.0.0 Mobile Safari/537.36"
OPERA = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/139.0.0.0 Safari/537.36 OPR/122.0.0.0"

READ = [
    {"User-Agent": MINI},
    {"User-Agent": "UCWEB/2.0 (Java; U; MIDP-2.0; fr; nokia) U2/1.0.0 UCBrowser/9.4.1.482 U2/1.0.0 Mobile"},
    {"User-Agent": f"{CHROME} UCBrowser/13.4.0.1306"},
    {"User-Agent": "Mozilla/5.0 (X11; U; Linux x86_64; fr) AppleWebKit/537.36 Chrome/79 Puffin/8.4.0AP"},
    {"User-Agent": "Mozilla/5.0 (Linux; U; Android 4.4) Silk/3.68 like Chrome/39 Silk-Accelerated=true"},
    {"User-Agent": "Mozilla/5.0 (Series40; Nokia311) Gecko/20100401 S40OviBrowser/2.2.0.0.33"},
    {"User-Agent": FIREFOX, "X-OperaMini-Features": "advanced, camera, touch"},
    {"User-Agent": FIREFOX, "X-UCBrowser-Device-UA": "nokia"},
    {"User-Agent": FIREFOX, "X-Puffin-UA": "Android"},
    {"User-Agent": CHROME, "Via": "1.1 Chrome-Compression-Proxy"},
    {"User-Agent": CHROME, "Via": "1.1 Opera-Turbo"},
]
NOT_READ = [{}, {"User-Agent": FIREFOX}, {"User-Agent": CHROME, "Save-Data": "on"}, {"User-Agent": OPERA}]


def comes(app: Flask, headers: dict[str, str]) -> Patient:
    """Return somebody whose browser sends these headers with every request."""
    patient = Patient(app)
    names = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()}
    patient.browser.client.environ_base.update(names)
    return patient


@pytest.mark.parametrize("headers", READ)
def test_a_page_read_on_the_way_says_so_and_what_to_do(app: Flask, headers: dict[str, str]) -> None:
    patient = comes(app, headers)
    assert SAID in patient.opens("/").text
    assert "Prenez un autre navigateur, appelez la clinique ou passez à l’accueil." in patient.page.text
    assert "Opera Mini, UC Browser, Puffin" in patient.browser.follow("Que faire ?").text
    assert SAID in patient.opens("/r/01").text
    assert SAID in patient.opens("/retour").text


@pytest.mark.parametrize("headers", NOT_READ)
def test_a_browser_that_opens_pages_itself_is_told_nothing(app: Flask, headers: dict[str, str]) -> None:
    patient = comes(app, headers)
    assert all(SAID not in patient.opens(path).text for path in ("/", "/r/01", "/retour"))


def test_every_page_up_to_the_name_says_it_and_the_journey_goes_on(app: Flask) -> None:
    for number in range(2, REACH + 1):
        assert BRIEF in comes(app, {"User-Agent": MINI}).walks_to(number).text, number
    patient = comes(app, {"User-Agent": MINI})
    assert BRIEF not in patient.walks_to(FEES).text
    patient.continues()
    assert patient.sends().path == "/e"


def test_the_fullest_pages_have_room_to_say_it(tmp_path: Path) -> None:
    house = build_house(tmp_path)
    with house.db.writing("front") as session:
        publish_directory(session, wordy_directory(), house.clock())
    patient = comes(house.patient_app(), {"User-Agent": MINI})
    patient.asks_for(INSTANT)
    patient.continues()
    patient.says()
    patient.continues()
    patient.decides()
    patient.continues()
    patient.answers()
    patient.continues()
    assert BRIEF in patient.page.text
    patient.takes()
    patient.gives("é" * 60, "04", email="n" * 118 + "@e", phone="9" * 24)
    assert BRIEF in patient.page.text
    assert patient.page.errors
    house.db.dispose()


@pytest.mark.parametrize(("tls", "hops", "told"), [(True, 0, True), (True, 1, False), (False, 0, False)])
def test_an_unknown_proxy_counts_only_where_it_cannot_be_the_clinics(
    house: House, tls: bool, hops: int, told: bool
) -> None:
    patient = comes(house.patient_app(tls=tls, proxy_hops=hops), {"Via": "1.1 filter.example"})
    assert (SAID in patient.opens("/").text) is told


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """Everything every logger says while a test runs."""
    stream, root = io.StringIO(), logging.getLogger()
    handler, level = logging.StreamHandler(stream), root.level
    handler.setFormatter(AllowListFormatter())
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield stream
    root.setLevel(level)
    root.removeHandler(handler)


def test_no_line_of_the_log_tells_the_browser(app: Flask, lines: io.StringIO) -> None:
    patient = comes(app, {"User-Agent": MINI, "Via": "1.1 Chrome-Compression-Proxy"})
    patient.opens("/")
    patient.browser.get("/nulle-part", status=404)
    patient.browser.post("/r/01", b"a=%ff", status=400)
    said = lines.getvalue()
    assert "an error page was shown" in said, "the log was not heard"
    assert not any(word in said for word in ("Opera", "Presto", "Chrome", "Via"))
