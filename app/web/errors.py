"""What went wrong, in plain words: one page for each status, an event id to quote, never a trace.

An error page has the size and the headers of any page. The id ties what a person reads to a line of the log,
which holds no value they typed.
"""

import logging
import secrets
from collections.abc import Callable
from dataclasses import dataclass

from flask import Flask, Response, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from app.db import SiloUnavailable

log = logging.getLogger("paravent.web")

UNAVAILABLE = 503
BROKEN = 500


def _(text: str) -> str:
    """Mark a text for the catalogue; it is translated when drawn."""
    return text


@dataclass(frozen=True, slots=True)
class Wording:
    """What an error page says: a heading, what happened, what to do."""

    heading: str
    happened: str
    advice: str


_KEPT = _("Ce que vous avez déjà enregistré n’est pas perdu.")

WORDINGS = {
    400: Wording(
        _("Nous n’avons pas compris cet envoi"),
        _("Nous ne savons pas lire ce qui nous est venu. Rien n’a été gardé."),
        _("Revenez en arrière et essayez à nouveau. Évitez les signes rares."),
    ),
    404: Wording(
        _("Cette page n’existe pas"),
        _("L’adresse est peut-être incomplète, ou la page n’est plus là."),
        _("Vous pouvez repartir de la première page."),
    ),
    405: Wording(
        _("Cette page ne s’ouvre pas ainsi"),
        _("Elle répond seulement à un bouton d’une autre page."),
        _("Vous pouvez repartir de la première page."),
    ),
    413: Wording(
        _("Votre envoi est trop long"),
        _("Nous ne pouvons pas prendre tant de texte en une fois. Rien n’a été gardé."),
        _("Revenez en arrière et écrivez moins long."),
    ),
    429: Wording(
        _("Beaucoup de monde en ce moment"),
        _("Nous ne pouvons pas vous répondre tout de suite."),
        _("Attendez une minute, puis rechargez la page."),
    ),
    BROKEN: Wording(
        _("Une erreur est arrivée de notre côté"),
        _KEPT,
        _("Attendez une minute, puis rechargez la page. Vous ne réserverez pas deux fois."),
    ),
    UNAVAILABLE: Wording(
        _("Le service fait une pause"),
        _KEPT,
        _("Attendez une minute, puis rechargez la page. Vous ne réserverez pas deux fois."),
    ),
}

Draw = Callable[[int, Wording, str], Response]
"""Draws an error page from its status, wording and event id."""


def wording(status: int) -> Wording:
    """Return what to say for a status; an unusual one is spoken of as the nearest usual one."""
    return WORDINGS.get(status) or WORDINGS[BROKEN if status >= BROKEN else 400]


def init_errors(app: Flask, draw: Draw, last_resort: Callable[[], Response]) -> None:
    """Answer every error of an application with `draw`, or with `last_resort` when drawing fails too."""

    def answer(status: int, event: str) -> Response:
        try:
            return draw(status, wording(status), event)
        except Exception:
            log.exception("an error page could not be drawn", extra={"event_id": event, "status": status})
            return last_resort()

    def refused(error: HTTPException) -> ResponseReturnValue:
        status = error.code or BROKEN
        response = answer(status, _logged(logging.INFO, status, error))
        if isinstance(error, MethodNotAllowed) and error.valid_methods:
            response.headers["Allow"] = ", ".join(sorted(error.valid_methods))
        return response

    def unavailable(error: SiloUnavailable) -> ResponseReturnValue:
        return answer(UNAVAILABLE, _logged(logging.ERROR, UNAVAILABLE, error, silo=error.silo))

    def broken(error: Exception) -> ResponseReturnValue:
        return answer(BROKEN, _logged(logging.ERROR, BROKEN, error))

    app.register_error_handler(HTTPException, refused)
    app.register_error_handler(SiloUnavailable, unavailable)
    app.register_error_handler(Exception, broken)


def new_event_id() -> str:
    """Return a short random id that a person can read out: "4f2a-91c0"."""
    digits = secrets.token_hex(4)
    return f"{digits[:4]}-{digits[4:]}"


def _logged(level: int, status: int, error: Exception, silo: str = "none") -> str:
    """Write one line for an error, with its trace when it is ours, and return its event id."""
    event = new_event_id()
    log.log(
        level,
        "an error page was shown",
        extra={
            "event_id": event,
            "status": status,
            "silo": silo,
            "method": _known_method(),
            "route": _route(),
        },
        exc_info=error if status >= BROKEN else None,
    )
    return event


def _known_method() -> str:
    return request.method if request.method in ("GET", "HEAD", "POST") else "other"


def _route() -> str:
    """Return the rule that matched, never the address, which could hold anything."""
    return request.url_rule.rule if request.url_rule else "none"
