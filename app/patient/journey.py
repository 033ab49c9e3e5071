"""The one view of the funnel: every step is shown and answered at `/r/NN`."""

from dataclasses import replace

from flask import Blueprint, Response, abort, request

from app.booking.draft import is_fresh
from app.booking.errors import DraftChanged, DraftGone, ForeignKey, OffThePath, SlotLost
from app.booking.forms import CONTINUE, EXTEND, OWN_DEVICE, SHARED_DEVICE
from app.booking.journey import Place, answer, entrance, lose_slot, place, store_faults
from app.booking.outlook import CHECK, SLOT
from app.booking.send import send
from app.booking.steps import check_words
from app.booking.submission import Entered
from app.booking.words import lock_of
from app.patient.present import present, template_of
from app.patient.services import patient
from app.patient.signed_patient import signed_patient
from app.vault.tokens import new_token
from app.vault.words import TooManyAtOnce
from app.web.cookie import Device
from app.web.grid import WORDS_SLOT
from app.web.pages import keep, redirect303, render, visitor
from app.web.proxied import read_on_the_way

bp = Blueprint("journey", __name__)

SPACE = "/e"
NO_COOKIE = "/navigateur"
LONGEST_VALUE = 2000
_DEVICES: dict[str, Device] = {OWN_DEVICE: "own", SHARED_DEVICE: "shared"}


def page(number: int) -> str:
    """Return the path of a step's page."""
    return f"/r/{number:02d}"


@bp.get("/r/<int(fixed_digits=2):number>")
def show(number: int) -> Response:
    """Show a step, or lead to the one that is open."""
    try:
        here = _here(number)
    except OffThePath as elsewhere:
        return redirect303(page(elsewhere.number))
    except DraftGone:
        return _gone()
    own = present(patient().funnel, here)
    return render(template_of(here.step), step=number, relayed=read_on_the_way(), **own)


def _here(number: int) -> Place:
    """Return where the visitor stands. Who has no token yet gets one at the first page: nothing is to be read."""
    who = visitor()
    if who.token is not None or number != 1:
        return place(patient().funnel, who.token, who.language, number)
    token = new_token()
    keep(replace(who, token=token))
    return entrance(patient().funnel, token, who.language)


@bp.post("/r/<int(fixed_digits=2):number>")
def take(number: int) -> Response:
    """Take a step's POST, right or wrong, and lead on with a 303."""
    who = visitor()
    if who.token is None:
        return redirect303(page(number) if who.returned else NO_COOKIE)
    typed = typed_values()
    _note_device(typed)
    try:
        if number == last_page():
            return _send(who.token, who.language, number, typed)
        return redirect303(page(answer(patient().funnel, who.token, who.language, number, typed)))
    except OffThePath as elsewhere:
        return redirect303(page(elsewhere.number))
    except DraftGone:
        return redirect303(page(number))
    except ForeignKey:
        return render("patient/steps/foreign.html", 400, number=number, wrong=True)


def _note_device(typed: dict[str, str]) -> None:
    """Keep whose the device is, when a button of the step says so. The step takes what was typed as it stands."""
    device = _DEVICES.get(typed.get("go", ""))
    if device:
        keep(replace(visitor(), device=device))


def typed_values() -> dict[str, str]:
    """Return the form as single values. A field given twice, or longer than any of ours, is refused.

    Lynx sends all the buttons of a form, whichever was pressed: with it one can only go on.
    """
    form = request.form
    if any(len(form.getlist(name)) > 1 for name in form if name != "go"):
        abort(400)
    if any(len(value) > LONGEST_VALUE for value in form.values()):
        abort(413)
    return form.to_dict() | ({"go": CONTINUE} if len(form.getlist("go")) > 1 else {})


def last_page() -> int:
    """Return the number of the page that sends: the same for every journey of an installation."""
    return 7 + patient().settings.question_pages


def _send(token: bytes, language: str, number: int, typed: dict[str, str]) -> Response:
    """Send the journey. One already sent leads to its space: repeating changes nothing."""
    request.environ[WORDS_SLOT] = 1
    zone = patient()
    try:
        here = place(zone.funnel, token, language, number)
    except DraftGone:
        return redirect303(SPACE if signed_patient() else page(number))
    if typed.get("go") == EXTEND:
        return redirect303(page(answer(zone.funnel, token, language, number, typed)))
    if typed.get("go", CONTINUE) != CONTINUE:
        return redirect303(page(number))
    is_fresh(here.draft, CHECK, typed.get("k", ""))
    faults = check_words(typed, here.draft.journey)
    if faults:
        store_faults(zone.funnel, token, CHECK, typed, faults)
        return redirect303(page(number))
    return _send_checked(here, token, typed)


def _send_checked(here: Place, token: bytes, typed: dict[str, str]) -> Response:
    zone = patient()
    try:
        lock = lock_of(zone.funnel, zone.gate, here.draft)
        send(zone.funnel, zone.intake_key(here.now), here.draft, here.outlook, lock, Entered())
    except DraftChanged:
        return redirect303(page(here.number))
    except SlotLost as lost:
        lose_slot(zone.funnel, token, lost.why)
        return redirect303(page(here.path.index(SLOT) + 1))
    except TooManyAtOnce:
        store_faults(zone.funnel, token, CHECK, typed, [("", "crowded")])
        return redirect303(page(here.number))
    return redirect303(SPACE)


def _gone() -> Response:
    """Say why there is nothing to go on with: no cookie came back, or the answers ran out."""
    if not visitor().returned:
        return redirect303(NO_COOKIE)
    return render("patient/steps/gone.html")
