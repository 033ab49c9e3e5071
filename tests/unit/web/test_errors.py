import io
import json
import logging
import re
from collections.abc import Callable

import pytest
from flask import Flask
from werkzeug.test import Client

from app.log import AllowListFormatter
from app.web.body import MAX_BYTES
from app.web.headers import HEAD_BYTES
from app.web.pages import Pages
from tests.browser import Browser
from tests.page_lint import head_bytes, unpacked

EVENT = re.compile(r"[0-9a-f]{4}-[0-9a-f]{4}")


@pytest.fixture
def lines() -> "list[str]":
    """The lines our log would hold."""
    kept: list[str] = []

    class Kept(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            kept.append(self.format(record))

    handler = Kept()
    handler.setFormatter(AllowListFormatter())
    logger = logging.getLogger("paravent.web")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    return kept


@pytest.mark.parametrize(
    ("call", "status", "heading"),
    [
        (lambda b: b.get("/absent", 404), 404, "Cette page n’existe pas"),
        (lambda b: b.get("/urgence/", 404), 404, "Cette page n’existe pas"),
        (lambda b: b.get("/%ff%00", 404), 404, "Cette page n’existe pas"),
        (lambda b: b.get("/x", 405), 405, "Cette page ne s’ouvre pas ainsi"),
        (lambda b: b.post("/urgence", status=405), 405, "Cette page ne s’ouvre pas ainsi"),
        (lambda b: b.post("/said", b"other=1", 400), 400, "Nous n’avons pas compris cet envoi"),
        (lambda b: b.post("/said", b"word=%ff", 400), 400, "Nous n’avons pas compris cet envoi"),
        (lambda b: b.post("/said", b"word=\xff", 400), 400, "Nous n’avons pas compris cet envoi"),
        (lambda b: b.post("/said", b"word=a%00b", 400), 400, "Nous n’avons pas compris cet envoi"),
        (lambda b: b.post("/said", b"a" * (MAX_BYTES + 1), 413), 413, "Votre envoi est trop long"),
        (lambda b: b.post("/said", b"a" * 10_000_000, 413), 413, "Votre envoi est trop long"),
        (lambda b: b.get("/broken", 500), 500, "Une erreur est arrivée de notre côté"),
        (lambda b: b.get("/long", 500), 500, "Une erreur est arrivée de notre côté"),
        (lambda b: b.get("/stopped", 503), 503, "Le service fait une pause"),
    ],
)
def test_an_error_is_said_in_plain_words_and_logged_by_its_id(
    browser: Browser, lines: list[str], call: Callable[[Browser], object], status: int, heading: str
) -> None:
    call(browser)
    page = browser.shown
    assert page.heading == heading
    assert "Traceback" not in page.html
    assert "somebody typed" not in page.html + "".join(lines)
    event = EVENT.search(page.text)
    assert event
    logged = [json.loads(line) for line in lines]
    assert [(line["event_id"], line["status"]) for line in logged] == [(event[0], status)]
    assert ("exception" in logged[0]) == (status >= 500)


def test_a_stopped_silo_is_named_in_the_log_only(browser: Browser, lines: list[str]) -> None:
    assert "front" not in browser.get("/stopped", 503).text
    assert json.loads(lines[0])["silo"] == "front"


def test_every_valid_character_is_taken(browser: Browser) -> None:
    words = "Zoé & <b> 😀 ½ + %"
    assert words in browser.post("/said", {"word": words}).text


def test_another_kind_of_body_is_refused(app: Flask) -> None:
    response = app.test_client().post("/said", data='{"word": 1}', content_type="application/json")
    assert response.status_code == 400
    response = app.test_client().post("/said", data={"word": (io.BytesIO(b"a"), "a.txt")})
    assert response.status_code == 400


def test_a_body_without_a_declared_length_is_cut(app: Flask) -> None:
    response = app.test_client().post(
        "/said",
        input_stream=io.BytesIO(b"word=" + b"a" * 200_000),
        content_type="application/x-www-form-urlencoded",
        environ_overrides={"wsgi.input_terminated": True},
    )
    assert response.status_code == 413


def test_a_too_long_body_is_read_to_its_end_so_that_the_answer_arrives(app: Flask) -> None:
    sent = io.BytesIO(b"a" * 10_000_000)
    response = app.test_client().post("/x", input_stream=sent, content_length=10_000_000)
    assert response.status_code == 413
    assert sent.read() == b""


def test_other_methods_are_not_ours(app: Flask) -> None:
    for method in ("OPTIONS", "PUT", "DELETE", "PATCH", "TRACE"):
        assert app.test_client().open("/", method=method).status_code == 405


def test_head_has_the_headers_of_get(app: Flask) -> None:
    client = app.test_client()
    get, head = client.get("/"), client.head("/")
    assert head.data == b""
    assert dict(head.headers) == dict(get.headers)


def test_a_page_is_there_even_when_error_pages_cannot_be_drawn(
    app: Flask, browser: Browser, lines: list[str]
) -> None:
    pages: Pages = app.extensions["paravent.pages"]
    pages.headers.gzip, kept = (), pages.headers.gzip
    del pages._environments["fr", "normal"]
    pages.headers.gzip = kept
    page = browser.get("/", 500)
    assert page.heading == "Une erreur est arrivée de notre côté"
    assert len(lines) == 2


@pytest.mark.parametrize(("offered", "packed"), [("gzip", True), ("br, gzip;q=0.1", True), ("gzip;q=0", False)])
def test_a_page_is_there_even_when_flask_itself_fails(app: Flask, offered: str, packed: bool) -> None:
    app.extensions["paravent.grid"]._app = lambda _environ, _start: 1 / 0
    response = Client(app).get("/", headers={"Accept-Encoding": offered})
    assert response.status_code == 500
    assert ("Content-Encoding" in response.headers) == packed
    assert "de notre côté" in unpacked(response)
    assert head_bytes(response) == HEAD_BYTES
