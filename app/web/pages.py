"""How a patient page leaves: drawn, its title checked, padded to the one size, under constant headers."""

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from flask import Flask, Response, current_app, g, request
from jinja2 import Environment
from werkzeug.datastructures import Accept, Headers
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
from app.web.shapes import PRESSED
from app.web.stylesheet import stylesheet

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

STEPS_BESIDE_QUESTIONS = 7
TELLS_OF_AN_ERROR = ("error", "wrong", "crowded")
"""What a template is given when its page says that something went wrong: its title says so too."""
_NO_STYLE = "<style></style>"
"""Where the template leaves room for the stylesheet: so ends the opening, which all pages of a look share."""

Look = tuple[Language, Screen]
_SCREENS: tuple[Screen, ...] = ("normal", "muted")


class _Bodiless(Response):
    """A response with nothing to give a type to."""

    default_mimetype = None


class _Page(Response):
    """A response whose headers are all there, and as they are to be sent."""

    def get_wsgi_headers(self, environ: "WSGIEnvironment") -> Headers:
        """Return the headers themselves: nothing of a page is to be worked out, or made absolute."""
        return self.headers


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
        self._openings = {look: _Opening(self._drawn(look), self._css[look[1]]) for look in looks}

    def draw(self, template: str, visitor: Visitor, context: Mapping[str, Any]) -> str:
        """Return what follows a page's opening. It needs no request: a page of last resort is drawn beforehand."""
        step: int | None = context.get("step")
        shared = {
            "notice": visitor.notice,
            "own_device": visitor.own_device,
            "title": _title(visitor.language, self._brand, step, self.steps, erring=_erring(context)),
            "step": step,
            "here": f"{step:02d}" if step else "ho",
        }
        look = _look(visitor)
        html = self._environments[look].get_template(template).render({**shared, **context})
        return with_fillers(clear_page(html[self._openings[look].drawn :]))

    def padded(self, html: str, visitor: Visitor, *, gzip: bool) -> bytes:
        """Return the body as it travels, its opening put before what was drawn. Raises OverBudget."""
        opening, body = self._openings[_look(visitor)], html.encode()
        return opening.press(body) if gzip else padded_plain(opening.styled + body)

    def response(self, body: bytes, visitor: Visitor, status: int, *, gzip: bool) -> Response:
        """Dress a padded body in the constant headers."""
        headers = self.headers.page(gzip=gzip)
        headers.append(("Set-Cookie", set_cookie(visitor, tls=self.tls)))
        return _Page(body, status, headers)

    def _environment(self, look: Look, settings: Settings) -> Environment:
        code, screen = look
        environment = make_environment(code)
        environment.globals |= {
            "lang": code,
            "reads": of_code(code),
            "languages": spoken(),
            "muted": screen == "muted",
            "brand": settings.brand,
            "steps": self.steps,
            "clinic_name": settings.clinic_name,
            "demo": settings.demo,
        }
        environment.globals["ui"] = environment.get_template("patient/macros.html").module
        return environment

    def _drawn(self, look: Look) -> str:
        """Return a page of a look as its template draws it."""
        page = self._environments[look].get_template("patient/base.html")
        return page.render({"title": self._brand, "step": None, "here": "ho", "own_device": False})


class _Opening:
    """What all pages of one look begin with: the template's first lines, with the stylesheet put in."""

    def __init__(self, page: str, css: str) -> None:
        bare = page[: page.index(_NO_STYLE) + len(_NO_STYLE)]
        clear_page(page.replace(_NO_STYLE, f"<style>{css}</style>"))
        self.drawn = len(bare)
        self.styled = bare.replace(_NO_STYLE, f"<style>{css}</style>").encode()
        self.press = Press(self.styled)


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
    body = request.environ[PRESSED] = pages.padded(html, who, gzip=gzip)
    shown = who if who.notice == NO_NOTICE else replace(who, notice=NO_NOTICE)
    return pages.response(body, shown, status, gzip=gzip)


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


@lru_cache(maxsize=64)
def takes_gzip(offered: str) -> bool:
    """Whether an Accept-Encoding names gzip or x-gzip and does not refuse it. A wildcard names nothing."""
    named = {coding.lower(): quality for coding, quality in parse_accept_header(offered, Accept)}
    return any(named.get(name, 0) > 0 for name in ("gzip", "x-gzip"))
