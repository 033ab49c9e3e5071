"""The patient's space at `/e`, and the door to it: code words."""

import base64
import hmac
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, Response, request

from app.booking.entrance import TooManyGuesses, enter, slowness
from app.booking.journey import Funnel, open_page
from app.booking.signed import Signed
from app.booking.space import (
    NotPossible,
    SpaceChanged,
    SpaceGone,
    SpaceView,
    TooLate,
    accept,
    ask_move,
    cancel,
    destroy_now,
    erase,
    keep,
    leave_space,
    read_space,
    stay,
)
from app.patient.after_exit import AFTER_AN_EXIT
from app.patient.journey import NO_COOKIE, SPACE, page, typed_values
from app.patient.services import patient
from app.patient.signed_patient import signed_patient
from app.patient.slot_page import short
from app.retention import BACKUPS_KEPT, GRACE
from app.vault.tokens import derive, new_token
from app.vault.words import TooManyAtOnce
from app.web.cookie import NO_NOTICE
from app.web.grid import WORDS_SLOT
from app.web.pages import keep as set_visitor
from app.web.pages import redirect303, redirect_and_forget, render, visitor
from app.web.proxied import read_on_the_way

bp = Blueprint("space", __name__)

WRONG, SLOW_DOWN, CROWDED, CHANGED, LATE, DONE, ENDED, GONE = "w", "s", "c", "h", "l", "d", "e", "g"
"""Notices carried by one character of the cookie to the page that follows."""
MOST_PROPOSALS = 4
"""Proposals the one size of a page has room for; the later ones come up as the first run out."""
_WORDS_KEY, _SPACE_KEY = "words form", "space"
_DESTROY = "destroy"
_ACTS: Mapping[str, Callable[[Funnel, Signed, int], None]] = {
    "cancel": cancel,
    "move": ask_move,
    "erase": erase,
    "keep": keep,
    _DESTROY: destroy_now,
}
"""What each button asks for, the taking of a proposal apart: its code follows."""


@bp.get("/retour")
def words() -> Response:
    """Show the words form."""
    return _words_form()


@bp.post("/retour")
def come_back() -> Response:
    """Take words, right, wrong or malformed: the same time, the same answer, the same next page."""
    if not visitor().returned:
        return redirect303(NO_COOKIE)
    if visitor().device == "left":
        set_visitor(replace(visitor(), device="shared"))  # Who types words after an exit begins again.
    if not hmac.compare_digest(_key(_WORDS_KEY, 0).encode(), request.form.get("k", "").encode()):
        return redirect303(SPACE, notice=CHANGED)
    zone = patient()
    request.environ[WORDS_SLOT] = slowness(zone.funnel)
    try:
        token = enter(zone.funnel, zone.gate, request.form.get("words", ""), request.remote_addr or "")
    except TooManyGuesses:
        return _turned_away(SLOW_DOWN)
    except TooManyAtOnce:
        return _turned_away(CROWDED)
    if token is None:
        return redirect303(SPACE, notice=WRONG)
    set_visitor(replace(visitor(), token=token))
    return redirect303(SPACE)


def _turned_away(notice: str) -> Response:
    """Answer who was not let try at once, so that a crowd of them keeps no thread: no words were looked at."""
    del request.environ[WORDS_SLOT]
    return redirect303(SPACE, notice=notice)


@bp.get(SPACE)
def show() -> Response:
    """Show the space; lead an unsent journey on; or show the words form again."""
    signed, funnel = signed_patient(), patient().funnel
    if signed is None:
        return _gone() if visitor().notice == GONE else _lead_on() or _words_form()
    try:
        view = read_space(funnel, signed)
    except SpaceGone:
        return _gone()
    stay(funnel, visitor().token or b"", signed)
    if view.erasing_until is not None:
        return render("patient/space/erasing.html", here="es", key=space_key(view), **data_of(view))
    return render("patient/space/space.html", here="es", **_present(view))


def _gone() -> Response:
    return render("patient/space/gone.html", here="es")


@bp.post(SPACE)
def act() -> Response:
    """Cancel, ask to move, take a proposed slot, erase everything or take that back, or sign out."""
    signed, typed = signed_patient(), typed_values()
    if not visitor().returned:
        return redirect303(NO_COOKIE)
    if signed is None:
        return redirect303(SPACE, notice=ENDED)
    version = _version(typed.get("k", ""))
    if _asked(typed) == "out":
        return _leave()
    if version is None:
        return redirect303(SPACE, notice=CHANGED)
    notice = _done(signed, version, typed)
    if notice == GONE:
        leave_space(patient().funnel, visitor().token or b"")  # it holds the secret, sealed for this browser
    return redirect303(SPACE, notice=notice)


def _done(signed: Signed, version: int, typed: dict[str, str]) -> str:
    """Carry one act out and return the notice that says how it went."""
    funnel = patient().funnel
    try:
        match _asked(typed).partition("-"):
            case ("take", "-", code):
                accept(funnel, signed, version, code)
            case (act, "", "") if act in _ACTS:
                _ACTS[act](funnel, signed, version)
            case _:
                return CHANGED
    except (SpaceChanged, NotPossible, SpaceGone):
        return CHANGED
    except TooLate:
        return LATE
    return GONE if _asked(typed) == _DESTROY else DONE


def _asked(typed: dict[str, str]) -> str:
    """Return what the button pressed asks for, without the hyphens that make all of them as long."""
    return typed.get("go", "").rstrip("-")


def _leave() -> Response:
    token = visitor().token
    if token is not None:
        leave_space(patient().funnel, token)
    return redirect_and_forget(AFTER_AN_EXIT)


def _present(view: SpaceView) -> dict[str, Any]:
    document, language = view.document, visitor().language
    return {
        "doc": document,
        "act_name": document["act_name"][language],
        "starts_at": view.starts_at,
        "timezone": document["site"]["timezone"],
        "proposals": [_proposal(one) for one in view.proposals()[:MOST_PROPOSALS]],
        "view": view,
        "key": space_key(view),
    }


def space_key(view: SpaceView) -> str:
    """Return the key of a form that acts on a version of the space."""
    return _key(_SPACE_KEY, view.version)


def data_of(view: SpaceView) -> dict[str, Any]:
    """Return what the pages about erasing show: until when what is kept, and how long one may think again."""
    return {
        "doc": view.document,
        "view": view,
        "timezone": view.document["site"]["timezone"],
        "term": view.term(patient().settings.kept_days),
        "hours": GRACE // timedelta(hours=1),
        "copies": BACKUPS_KEPT.days,
    }


def _proposal(one: dict[str, Any]) -> dict[str, Any]:
    """Return a proposal as its card shows it."""
    moments = {name: datetime.fromisoformat(one[name]) for name in ("starts_at", "expires_at")}
    site = one["site"] | {"name": short(one["site"]["name"])}
    return one | moments | {"site": site, "practitioner": short(one["practitioner"])}


def _lead_on() -> Response | None:
    """Lead to the open page of an unsent journey, unless the words just typed opened nothing."""
    who = visitor()
    if who.token is None or who.notice != NO_NOTICE:
        return None
    number = open_page(patient().funnel, who.token)
    return None if number is None else redirect303(page(number))


def _words_form() -> Response:
    who = visitor()
    if who.token is None:
        set_visitor(replace(who, token=new_token()))
    wrong = who.notice if who.notice in (WRONG, SLOW_DOWN, CROWDED, CHANGED, ENDED) else None
    key = _key(_WORDS_KEY, 0)
    return render("patient/space/words.html", here="re", wrong=wrong, key=key, relayed=read_on_the_way())


def _key(use: str, version: int) -> str:
    """Return the key of a form: that of one version of the space serves one act; each proves the form is ours."""
    token = visitor().token or b""
    number = version % 65536
    mac = hmac.digest(derive(token, "form key"), f"{use}|{number}".encode(), "sha256")
    return (f"{number:04x}" + base64.urlsafe_b64encode(mac).decode())[:24]


def _version(key: str) -> int | None:
    """Return the version a form was drawn for, or None when its key is not ours."""
    try:
        claimed = int(key[:4], 16)
    except ValueError:
        return None
    return claimed if hmac.compare_digest(_key(_SPACE_KEY, claimed).encode(), key.encode()) else None
