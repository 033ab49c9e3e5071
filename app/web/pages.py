"""How a patient page leaves: drawn, its title checked, padded to the one size, under constant headers."""

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

from flask import Flask, Response, current_app, g, request
from jinja2 import Environment
from werkzeug.datastructures import Accept
from werkzeug.http import parse_accept_header

from app.config import Settings
from app.discretion.gate import leaving
from app.discretion.sizes import Press, padded_plain
from app.discretion.surfaces import Surface
from app.web.cookie import NO_NOTICE, Screen, Visitor, cookie_name, delete_cookie, parse, set_cookie
from app.web.filler import with_fillers
from app.web.headers import CLEAR_SITE_DATA, PatientHeaders
from app.web.jinja import make_environment, translator
from app.web.languages import Language, more_styles, of_code, spoken
from app.web.leaving import clear_page
from app.web.stylesheet import stylesheet

STEPS_BESIDE_QUESTIONS = 7
TELLS_OF_AN_ERROR = ("error", "wrong", "crowded")
"""What a template is given when its page says that something went wrong: its title says so too."""
_OPENING_ENDS = "</style>"

Look = tuple[Language, Screen]
_SCREENS: tuple[Screen, ...] = ("normal", "muted")


class _Bodiless(Response):
    """A response with nothing to give a type to."""

    default_mimetype = None


class Pages:
    """What all pages of one application share, made once: templates, stylesheets, headers, presses."""

    def __init__(self, settings: Settings) -> None:
        self.tls = settings.tls
        self.steps = STEPS_BESIDE_QUESTIONS + settings.question_pages
        self.cookie_name = cookie_name(tls=settings.tls)
        self._css = {screen: stylesheet(more=more_styles(), muted=screen == "muted") for screen in _SCREENS}
        self.headers = PatientHeaders(*self._css.values(), tls=settings.tls)
        self._brand = settings.brand
        looks: list[Look] = [(one.code, screen) for one in spoken() for screen in _SCREENS]
        self._environments = {look: self._environment(look, settings) for look in looks}
        self._presses = {look: Press(self._opening(look)) for look in looks}

    def draw(self, template: str, visitor: Visitor, context: Mapping[str, Any]) -> str:
        """Return a page's HTML. It needs no request, so that a page of last resort can be drawn beforehand."""
        step: int | None = context.get("step")
        shared = {
            "notice": visitor.notice,
            "own_device": visitor.own_device,
            "title": _title(visitor.language, self._brand, step, self.steps, erring=_erring(context)),
            "step": step,
            "here": f"{step:02d}" if step else "ho",
        }
        template_of_look = self._environments[_look(visitor)].get_template(template)
        return with_fillers(clear_page(template_of_look.render({**shared, **context})))

    def padded(self, html: str, visitor: Visitor, *, gzip: bool) -> bytes:
        """Return the body as it travels. Raises OverBudget."""
        body = html.encode()
        return self._presses[_look(visitor)](body) if gzip else padded_plain(body)

    def response(self, body: bytes, visitor: Visitor, status: int, *, gzip: bool) -> Response:
        """Dress a padded body in the constant headers."""
        headers = self.headers.page(gzip=gzip)
        headers.append(("Set-Cookie", set_cookie(visitor, tls=self.tls)))
        return Response(body, status, headers)

    def _environment(self, look: Look, settings: Settings) -> Environment:
        code, screen = look
        environment = make_environment(code)
        environment.globals |= {
            "lang": code,
            "reads": of_code(code),
            "languages": spoken(),
            "muted": screen == "muted",
            "css": self._css[screen],
            "brand": settings.brand,
            "steps": self.steps,
            "clinic_name": settings.clinic_name,
            "demo": settings.demo,
        }
        return environment

    def _opening(self, look: Look) -> bytes:
        """Return what every page begins with, up to the end of its stylesheet."""
        html = self.draw("patient/public/bonjour.html", Visitor(*look), {"today": "", "here": "bo"})
        return html[: html.index(_OPENING_ENDS) + len(_OPENING_ENDS)].encode()


def _look(visitor: Visitor) -> Look:
    return visitor.language, visitor.screen


def _erring(context: Mapping[str, Any]) -> bool:
    return any(context.get(name) for name in TELLS_OF_AN_ERROR)


@lru_cache(maxsize=256)
def _title(language: Language, brand: str, step: int | None, steps: int, *, erring: bool) -> str:
    """Return the page's title: whether something is wrong, the step, nothing of the need. Raises Betrayal."""
    _ = translator(language)
    parts = [_("Erreur")] if erring else []
    parts += [_("Étape %(step)s sur %(steps)s", step=step, steps=steps)] if step else []
    return leaving(Surface.TITLE, " – ".join([*parts, brand]))


def init_pages(app: Flask, settings: Settings) -> Pages:
    """Draw the shared parts once and keep them with the application."""
    pages = Pages(settings)
    app.extensions["paravent.pages"] = pages
    return pages


def the_pages() -> Pages:
    """Return the running application's pages."""
    found: Pages = current_app.extensions["paravent.pages"]
    return found


def visitor() -> Visitor:
    """Return who the cookie says is there, read once a request."""
    found: Visitor | None = g.get("visitor")
    if found is None:
        found = parse(request.cookies.get(the_pages().cookie_name))
        g.visitor = found
    return found


def keep(changed: Visitor) -> None:
    """Let the response set this visitor's cookie instead of the one that came."""
    g.visitor = changed


def render(template: str, status: int = 200, *, step: int | None = None, **context: Any) -> Response:
    """Draw a page of `templates/`. Its cookie is set again, and a notice shown once is dropped from it.

    `step` numbers a page of the journey. Other pages may give `here`, the code of `app.web.places` that the
    header's switches lead back to. Raises OverBudget or Betrayal: faults of ours, answered by the 500 page.
    """
    pages, who = the_pages(), visitor()
    html = pages.draw(template, who, {"step": step, **context} if step else context)
    gzip = wants_gzip()
    shown = who if who.notice == NO_NOTICE else replace(who, notice=NO_NOTICE)
    return pages.response(pages.padded(html, who, gzip=gzip), shown, status, gzip=gzip)


def redirect303(location: str, *, notice: str = NO_NOTICE) -> Response:
    """Send the browser to a short path of ours, with a notice's code to show there. The body is empty."""
    pages = the_pages()
    headers = pages.headers.redirect(location)
    headers.append(("Set-Cookie", set_cookie(replace(visitor(), notice=notice), tls=pages.tls)))
    return _Bodiless(b"", 303, headers)


def redirect_and_forget(location: str) -> Response:
    """Send the browser away, remove our cookie and ask it to clear what it kept of this site."""
    pages = the_pages()
    gone = delete_cookie(tls=pages.tls)
    growth = len(gone) - len(set_cookie(Visitor(), tls=pages.tls))
    headers = pages.headers.redirect(location, (CLEAR_SITE_DATA,), growth)
    headers.append(("Set-Cookie", gone))
    return _Bodiless(b"", 303, headers)


def wants_gzip() -> bool:
    """Whether the client takes gzip, by its Accept-Encoding (RFC 9110, 12.5.3)."""
    return takes_gzip(request.headers.get("Accept-Encoding", ""))


def takes_gzip(offered: str) -> bool:
    """Whether an Accept-Encoding names gzip or x-gzip and does not refuse it. A wildcard names nothing."""
    named = {coding.lower(): quality for coding, quality in parse_accept_header(offered, Accept)}
    return any(named.get(name, 0) > 0 for name in ("gzip", "x-gzip"))
