"""An answer of the patient zone has one of a few shapes, whole; what a view answers by itself does not leave."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from app.discretion.sizes import PAPER_BYTES, padded_gzip, padded_plain
from app.documents import blank_form, slip
from app.patient import public
from app.web.pages import redirect303, the_pages, visitor
from app.web.papers import paper
from app.web.shapes import PRESSED
from tests.factories.house import House
from tests.factories.leaks import a_paper, a_paper_titled

LEAK = "Contraception"


def _views() -> dict[str, Callable[[], Any]]:
    """Return views that answer by themselves, each in a way that tells or that a page does not have."""
    from flask import Response, redirect, render_template_string, stream_with_context

    telling = "<!doctype html><head><title>Contraception</title></head>"
    text = "text/plain; charset=utf-8"
    return {
        "/entete": lambda: Response("", headers={"Server": LEAK}),
        "/adresse": lambda: Response("", 303, headers={"Location": "/contraception"}),
        "/nom": lambda: Response(b"", headers={"Content-Disposition": 'attachment; filename="contraception.pdf"'}),
        "/titre": lambda: render_template_string(telling),
        "/trace": lambda: Response("", headers={"X-Trace": "1"}),
        "/court": lambda: "<p>Bonjour</p>",
        "/texte": lambda: Response("Contraception", content_type=text),
        "/flux": lambda: Response(stream_with_context(iter(["Contra", "ception"])), content_type=text),
        "/long": lambda: Response(f"{telling}{'a' * 9000}"),
        "/pdf": lambda: Response(a_paper_titled(LEAK), mimetype="application/pdf"),
        "/renvoi": lambda: redirect("/"),
        "/attente": lambda: Response("", 503, headers={"Retry-After": "7"}),
        "/etag": lambda: Response("Bonjour", headers={"ETag": '"1"'}),
    }


_HEADS = ("/entete", "/adresse", "/nom", "/titre", "/trace")
"""Those that the clinic's zone refuses too, where pages have the size they have."""


def _leaking(app: Flask) -> Flask:
    for address, view in _views().items():
        app.add_url_rule(address, address, view)
    return app


@pytest.mark.parametrize("address", list(_views()))
def test_a_response_of_the_patient_zone_that_tells_becomes_the_last_page(house: House, address: str) -> None:
    app = _leaking(house.patient_app())
    answer = app.test_client().get(address, headers={"Accept-Encoding": "gzip"})
    usual = house.patient_app().test_client().get("/", headers={"Accept-Encoding": "gzip"})
    assert answer.status_code == 500
    assert len(answer.data) == len(usual.data)
    assert LEAK.lower() not in str(answer.headers).lower()
    assert b"%PDF" not in answer.data


def _dressed(body: bytes, *, gzip: bool = False, **changes: str) -> Any:
    """Answer with a body of one's own in the headers of a page, some of them changed."""
    response = the_pages().response(body, visitor(), 200, gzip=gzip)
    for name, value in changes.items():
        response.headers[name.replace("_", "-")] = value
    return response


_SOUND = b"<!doctype html><head><title>Mon espace</title></head>"


@pytest.mark.parametrize(
    ("passes", "answer"),
    [
        (True, lambda: _dressed(padded_plain(_SOUND))),
        (True, lambda: _dressed(padded_gzip(_SOUND), gzip=True)),
        (True, lambda: paper(a_paper())),
        (True, lambda: redirect303("/r/01")),
        (False, lambda: _dressed(padded_plain(_SOUND) + b" ")),
        (False, lambda: _dressed(padded_gzip(_SOUND) + b" ", gzip=True)),
        (False, lambda: _dressed(padded_plain(_SOUND.replace(b"Mon", b"Contraception")))),
        (False, lambda: _dressed(padded_gzip(_SOUND.replace(b"Mon", b"Contraception")), gzip=True)),
        (False, lambda: _dressed(padded_gzip(_SOUND))),
        (False, lambda: _dressed(padded_plain(_SOUND), gzip=True)),
        (False, lambda: _dressed(padded_plain(_SOUND), Cache_Control="public")),
        (False, lambda: _dressed(padded_plain(_SOUND), Allow="GET")),
        (False, lambda: _dressed(padded_plain(b"Bonjour"), Content_Type="text/plain; charset=utf-8")),
    ],
)
def test_an_answer_of_a_known_shape_leaves_and_no_other(
    house: House, passes: bool, answer: Callable[[], Any]
) -> None:
    app = house.patient_app()
    app.add_url_rule("/essai", "essai", answer)
    said = app.test_client().get("/essai")
    assert (said.status_code != 500) == passes
    assert app.test_client().head("/essai").data == b""


def test_what_robots_are_told_passes_the_gate(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    app = house.patient_app()
    assert app.test_client().get("/robots.txt").status_code == 200
    monkeypatch.setattr(public, "_ROBOTS", b"User-agent: *\nDisallow: /contraception\n")
    for offered in ("gzip", "identity"):
        answer = app.test_client().get("/robots.txt", headers={"Accept-Encoding": offered})
        assert answer.status_code == 500


def test_papers_have_the_lengths_that_the_last_look_knows() -> None:
    assert {slip.BYTES, blank_form.BYTES} == PAPER_BYTES


@pytest.mark.parametrize("address", _HEADS)
def test_a_response_of_the_clinic_that_tells_does_not_leave(house: House, address: str) -> None:
    from app.clinic.factory import create_clinic_app
    from app.clinic.roles import open_to_all

    app = _leaking(create_clinic_app(house.settings("clinic"), house.db, house.clock, house.vault))
    for path in _views():
        app.view_functions[path] = open_to_all(app.view_functions[path])
    answer = app.test_client().get(address)
    assert answer.status_code == 500
    assert LEAK.lower() not in (str(answer.headers) + answer.text).lower()


def test_only_the_very_body_that_was_drawn_is_not_read_again(house: House) -> None:
    """What says that a body was looked at counts for those bytes, at their length, and for no others."""
    from flask import request

    from app.web.pages import render

    def another() -> Any:
        answer = render("patient/public/urgence.html", here="ur")
        answer.set_data(padded_gzip(_SOUND.replace(b"Mon", b"Contraception")))
        return answer

    def equal() -> Any:
        answer = _dressed(padded_gzip(_SOUND.replace(b"Mon", b"Contraception")), gzip=True)
        request.environ[PRESSED] = bytes(bytearray(answer.data))
        return answer

    def cut() -> Any:
        answer = render("patient/public/urgence.html", here="ur")
        short = request.environ[PRESSED] = answer.data[:-1]
        answer.set_data(short)
        return answer

    app = house.patient_app()
    views = {"another": another, "equal": equal, "cut": cut}
    for name, view in views.items():
        app.add_url_rule(f"/{name}", name, view)
    for name in views:
        said = app.test_client().get(f"/{name}", headers={"Accept-Encoding": "gzip"})
        assert said.status_code == 500, name
