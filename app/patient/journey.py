"""The one view of the funnel: every step is shown and answered at `/r/NN`."""

from dataclasses import replace

from flask import Blueprint, Response, abort, request

from app.booking.draft import is_fresh
from app.booking.errors import DraftGone, ForeignKey, OffThePath, SlotLost
from app.booking.journey import Place, answer, lose_slot, place, store_faults
from app.booking.outlook import CHECK, SLOT
from app.booking.send import send
from app.booking.steps import check_words
from app.booking.submission import Entered
from app.booking.words import lock_of
from app.patient.present import present, template_of
from app.patient.services import patient
from app.vault.tokens import new_token
from app.web.grid import WORDS_SLOT
from app.web.pages import keep, redirect303, render, visitor

bp = Blueprint("journey", __name__)

SPACE = "/e"
LONGEST_VALUE = 2000


def page(number: int) -> str:
    """Return the path of a step's page."""
    return f"/r/{number:02d}"


@bp.get("/r/<int(fixed_digits=2):number>")
def show(number: int) -> Response:
    """Show a step, or lead to the one that is open."""
    who = visitor()
    if who.token is None and number == 1:
        who = replace(who, token=new_token())
        keep(who)
    try:
        here = place(patient().funnel, who.token, who.language, number)
    except OffThePath as elsewhere:
        return redirect303(page(elsewhere.number))
    except DraftGone:
        return _gone()
    return render(template_of(here.step), step=number, **present(patient().funnel, here))


@bp.post("/r/<int(fixed_digits=2):number>")
def take(number: int) -> Response:
    """Take a step's POST, right or wrong, and lead on with a 303."""
    who = visitor()
    if who.token is None:
        return _gone()
    typed = typed_values()
    try:
        if number == last_page():
            return _send(who.token, who.language, number, typed)
        return redirect303(page(answer(patient().funnel, who.token, who.language, number, typed)))
    except OffThePath as elsewhere:
        return redirect303(page(elsewhere.number))
    except DraftGone:
        return _gone()
    except ForeignKey:
        return render("patient/steps/foreign.html", 400, number=number)


def typed_values() -> dict[str, str]:
    """Return the form as single values. A field given twice, or longer than any of ours, is refused."""
    form = request.form
    if any(len(form.getlist(name)) > 1 for name in form):
        abort(400)
    if any(len(value) > LONGEST_VALUE for value in form.values()):
        abort(400)
    return form.to_dict()


def last_page() -> int:
    """Return the number of the page that sends: the same for every journey of an installation."""
    return 7 + patient().settings.question_pages


def _send(token: bytes, language: str, number: int, typed: dict[str, str]) -> Response:
    """Send the journey. A draft already sent leads to its space: repeating changes nothing."""
    request.environ[WORDS_SLOT] = 1
    zone = patient()
    try:
        here = place(zone.funnel, token, language, number)
    except DraftGone:
        return redirect303(SPACE)
    if here.step != CHECK:
        return redirect303(page(len(here.path)))
    if "go" in typed and typed["go"] != "01":
        return redirect303(page(answer(zone.funnel, token, language, number, typed)))
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
    except SlotLost:
        lose_slot(zone.funnel, token)
        return redirect303(page(here.path.index(SLOT) + 1))
    return redirect303(SPACE)


def _gone() -> Response:
    """Say why there is nothing to go on with: no cookie came back, or the answers ran out."""
    if not visitor().returned:
        return redirect303("/navigateur")
    return render("patient/steps/gone.html")
