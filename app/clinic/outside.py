"""What leaves a page of the clinic zone (address, title, headers, file names) is held to the patients' gate."""

from typing import TYPE_CHECKING

from flask import Flask
from flask.wrappers import Response

from app.clinic.headers import HEADERS
from app.web.leaving import LastLook, LastResort, clear_page

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

_BODY = "<!doctype html><html lang=fr><title>Erreur</title><p>Quelque chose n’a pas marché. Réessayez.".encode()


def init_last_look(app: Flask) -> None:
    """Look at the head of every page, then at every response's headers once nothing more will change them."""
    app.after_request(_look_at_page)
    app.wsgi_app = LastLook(app.wsgi_app, _last_resort)  # type: ignore[method-assign]  # as Flask documents it


def _look_at_page(response: Response) -> Response:
    """Refuse a page whose head tells. Raises Refused: the failure page is answered. A redirection shows no page."""
    if response.mimetype == "text/html" and response.status_code // 100 != 3:
        clear_page(response.get_data(as_text=True))
    return response


def _last_resort(_environ: "WSGIEnvironment") -> LastResort:
    headers = [*HEADERS.items(), ("Cache-Control", "no-store"), ("Content-Type", "text/html; charset=utf-8")]
    return "500 INTERNAL SERVER ERROR", [*headers, ("Content-Length", str(len(_BODY)))], _BODY
