"""Words on request, from the first answer on: so that a journey can be stopped, and taken up on any device."""

from flask import Blueprint, Response, request

from app.booking.draft import form_key, is_fresh
from app.booking.errors import DraftGone, ForeignKey
from app.booking.journey import place
from app.booking.words import keep_words
from app.patient.journey import NO_COOKIE, typed_values
from app.patient.services import patient
from app.vault.words import TooManyAtOnce
from app.web.grid import WORDS_SLOT
from app.web.pages import redirect303, render, visitor

bp = Blueprint("words", __name__)

STEP = "words"
CROWDED = "c"


@bp.get("/mots")
def show() -> Response:
    """Show the words once they are kept, or offer to keep them."""
    zone, who = patient(), visitor()
    try:
        here = place(zone.funnel, who.token, who.language, 1)
    except DraftGone:
        return redirect303("/r/01")
    if here.draft.version == 0:
        return redirect303("/r/01")
    return render(
        "patient/space/keep_words.html",
        here="mo",
        key=form_key(here.draft, STEP),
        kept=here.draft.locator is not None,
        words=here.draft.journey.words,
        kept_until=here.draft.expires_at,
        timezone=zone.funnel.catalogue.directory().sites[0].timezone,
        crowded=who.notice == CROWDED,
        minutes_with_words=zone.settings.draft_days_with_words * 24 * 60,
        minutes_without=zone.settings.draft_minutes,
    )


@bp.post("/mots")
def keep() -> Response:
    """Let the words of this journey open it again."""
    zone, who = patient(), visitor()
    if who.token is None:
        return redirect303("/r/01" if who.returned else NO_COOKIE)
    try:
        here = place(zone.funnel, who.token, who.language, 1)
        is_fresh(here.draft, STEP, typed_values().get("k", ""))
        request.environ[WORDS_SLOT] = 1
        keep_words(zone.funnel, zone.gate, who.token)
    except (DraftGone, ForeignKey):
        return redirect303("/r/01")
    except TooManyAtOnce:
        return redirect303("/mots", notice=CROWDED)
    return redirect303("/mots")
