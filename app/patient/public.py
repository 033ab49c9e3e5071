"""The public pages: what this is, whom to trust, urgent help, online safety, and the way out."""

import logging
from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, request

from app.discretion.sizes import padded_gzip, padded_plain
from app.patient.after_exit import AFTER_AN_EXIT
from app.retention import BACKUPS_KEPT, GRACE
from app.web.claims import CLAIMS
from app.web.cookie import Device, Screen
from app.web.errors import new_event_id
from app.web.formats import day_text
from app.web.hosting import TEST_ID, hosting_sentence
from app.web.jinja import translator
from app.web.kept import kept_rows
from app.web.languages import of_letter
from app.web.pages import keep, redirect303, redirect_and_forget, render, the_pages, visitor, wants_gzip
from app.web.places import place
from app.web.proxied import read_on_the_way
from app.web.services import services

log = logging.getLogger("paravent.patient")
public = Blueprint("public", __name__)

_TIMEZONE = "Europe/Paris"
_LANGUAGE = "l"
"""What a switch to a language sends before its letter."""
_SCREENS: dict[str, Screen] = {"sn": "normal", "sm": "muted"}
_DEVICES: dict[str, Device] = {"ds": "shared", "do": "own"}
_ROBOTS = b"User-agent: *\nDisallow:\n"
"""Nothing is hidden from robots here: every page says noindex, and a list of paths would tell them."""


@public.get("/")
def home() -> Response:
    """Say what this is and where to begin. Who comes here after an exit may begin again."""
    if visitor().device == "left":
        keep(replace(visitor(), device="shared"))
    return render("patient/public/accueil.html", here="ho", relayed=read_on_the_way())


@public.get("/confiance")
def trust() -> Response:
    """Say who is bound to secrecy, where data lives, and which test holds each promise."""
    given = services()
    today = given.clock().astimezone(ZoneInfo(_TIMEZONE)).date()
    translate = translator(visitor().language)
    return render(
        "patient/public/confiance.html",
        here="co",
        hosting=hosting_sentence(given.settings.hosting, demo=given.settings.demo, today=today, _=translate),
        hosting_test=TEST_ID,
        claims=[(translate(claim.text), claim.test_id) for claim in CLAIMS],
    )


@public.get("/delais")
def terms() -> Response:
    """Say what is kept, until when and by what law, and how to have it erased sooner."""
    rows = [row for row in kept_rows(services().settings, visitor().language) if not row.staffs]
    hours, copies = GRACE // timedelta(hours=1), BACKUPS_KEPT.days
    return render("patient/public/delais.html", here="de", rows=rows, hours=hours, copies=copies)


@public.get("/urgence")
def emergency() -> Response:
    """List whom to call now. Behind no gate, without a cookie."""
    return render("patient/public/urgence.html", here="ur")


@public.get("/aide")
def help_page() -> Response:
    """Say what a browser keeps, and how to be safer online."""
    return render("patient/public/aide.html", here="ai")


@public.get("/navigateur")
def browser_needs() -> Response:
    """Say what the browser needs when its cookie did not come back. Leads nowhere by itself: never a loop."""
    return render("patient/public/navigateur.html", here="na")


@public.get(AFTER_AN_EXIT)
def hello() -> Response:
    """Show a page that says nothing, after an exit. From then on nearly all pages lead here too."""
    keep(replace(visitor(), device="left"))
    today = day_text(services().clock(), _TIMEZONE, visitor().language)
    return render("patient/public/bonjour.html", here="bo", today=today[0].upper() + today[1:])


@public.post("/x")
def leave() -> Response:
    """Quick exit: drop what was not saved, forget the cookie, show the neutral page. It never fails."""
    token = visitor().token
    if token is not None:
        try:
            services().on_exit(token)
        except Exception as error:
            fields = {"event_id": new_event_id(), "kind": type(error).__name__}
            log.error("a draft could not be dropped at an exit", extra=fields)
    return redirect_and_forget(AFTER_AN_EXIT)


@public.post("/reglage")
def switch() -> Response:
    """Change language, screen or whose the device is, and go back to the page of a known code."""
    wanted, who = request.form.get("v", ""), visitor()
    wished = of_letter(wanted[1:]) if wanted.startswith(_LANGUAGE) else None
    language, screen = wished or who.language, _SCREENS.get(wanted, who.screen)
    keep(replace(who, language=language, screen=screen, device=_DEVICES.get(wanted, who.device)))
    return redirect303(place(request.form.get("b", "")))


@public.get("/robots.txt")
def robots() -> Response:
    """Answer robots in the size of any page."""
    gzip = wants_gzip()
    body = padded_gzip(_ROBOTS) if gzip else padded_plain(_ROBOTS)
    response = the_pages().response(body, visitor(), 200, gzip=gzip)
    response.headers["Content-Type"] = "text/plain; charset=utf-8"
    return response
