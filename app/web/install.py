"""Fits a patient application out: pages, texts, errors, checks of what comes in, time grid. One call."""

from typing import TYPE_CHECKING

from flask import Flask, Response
from werkzeug.middleware.proxy_fix import ProxyFix

from app.web.body import MAX_BYTES, check_address, check_body
from app.web.cookie import Visitor
from app.web.errors import BROKEN, Wording, init_errors, wording
from app.web.grid import Grid, LastResort
from app.web.jinja import init_babel, translator
from app.web.languages import Language
from app.web.leaving import LastLook
from app.web.pages import Pages, init_pages, render, takes_gzip, visitor, wants_gzip
from app.web.services import Services
from app.web.shapes import Shapes

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

_ERROR_TEMPLATE = "patient/public/erreur.html"
_NO_EVENT = "0000-0000"


def install_patient_web(app: Flask, services: Services) -> None:
    """Prepare a Flask application for the patient zone. Its blueprints are registered by the caller.

    The application must have been made without static and template folders.
    """
    app.extensions["paravent"] = services
    app.config["MAX_CONTENT_LENGTH"] = app.config["MAX_FORM_MEMORY_SIZE"] = MAX_BYTES
    app.config["PROVIDE_AUTOMATIC_OPTIONS"] = False
    app.url_map.merge_slashes = False
    pages = init_pages(app, services.settings)
    init_babel(app, lambda: visitor().language)
    app.before_request(check_address)
    app.before_request(check_body)
    resort = _LastResort(pages)
    init_errors(app, _draw, resort.response)
    settings = services.settings
    # Without a declared proxy, forwarded addresses are a stranger's word and are not read.
    hops = settings.proxy_hops
    inner = ProxyFix(app.wsgi_app, hops, hops) if hops else app.wsgi_app
    last_look = LastLook(inner, resort.raw, Shapes(pages.headers).clear)
    grid = Grid(last_look, settings.grid_ms, settings.words_grid_ms, resort.raw)
    app.extensions["paravent.grid"] = grid
    app.extensions["paravent.counters"] = (*grid.counters, last_look.refused)
    app.wsgi_app = grid  # type: ignore[method-assign]  # Flask's documented way to add a middleware


class _LastResort:
    """The 500 page, drawn and padded before anything could fail."""

    def __init__(self, pages: Pages) -> None:
        self._pages, self._nobody = pages, Visitor()
        html = pages.draw(_ERROR_TEMPLATE, self._nobody, {"error": _said(wording(BROKEN), _NO_EVENT, "fr")})
        self._bodies = {gzip: pages.padded(html, self._nobody, gzip=gzip) for gzip in (True, False)}

    def response(self) -> Response:
        """Return it inside a request, where only drawing failed."""
        gzip = wants_gzip()
        return self._pages.response(self._bodies[gzip], visitor(), BROKEN, gzip=gzip)

    def raw(self, environ: "WSGIEnvironment") -> LastResort:
        """Return it where Flask itself failed. It sets no cookie: none could be read."""
        gzip = takes_gzip(environ.get("HTTP_ACCEPT_ENCODING", ""))
        return "500 INTERNAL SERVER ERROR", self._pages.headers.page(gzip=gzip), self._bodies[gzip]


def _draw(status: int, words: Wording, event: str) -> Response:
    return render(_ERROR_TEMPLATE, status, error=_said(words, event, visitor().language))


def _said(words: Wording, event: str, language: Language) -> dict[str, str]:
    translate = translator(language)
    return {
        "heading": translate(words.heading),
        "happened": translate(words.happened),
        "advice": translate(words.advice),
        "event": event,
    }
