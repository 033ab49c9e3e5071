"""Papers on request: a blank form to fill in by hand, and a neutral appointment slip. One neutral file name."""

from collections.abc import Callable, Hashable, Mapping
from datetime import datetime
from uuid import UUID

from flask import Blueprint, Response, abort, current_app

from app.booking.errors import DraftGone
from app.booking.journey import place
from app.booking.space import SpaceGone, read_space
from app.discretion.gate import leaving
from app.discretion.surfaces import Surface
from app.documents.blank_form import blank_form
from app.documents.slip import AppointmentSlip, appointment_slip
from app.patient.drawer import Drawer, TooManyPapers
from app.patient.journey import SPACE
from app.patient.services import patient
from app.patient.signed_patient import signed_patient
from app.web.pages import redirect303, visitor
from app.web.papers import paper

bp = Blueprint("papers", __name__)


@bp.get("/papier")
def form() -> Response:
    """Give the blank form of the journey begun, to print and fill in by hand."""
    who, funnel = visitor(), patient().funnel
    try:
        version = place(funnel, who.token, who.language, 1).outlook.version
    except DraftGone:
        version = None
    if version is None:
        return redirect303("/r/01")
    return _paper((version, who.language), lambda: _form(version, who.language))


@bp.get("/e/papier")
def slip() -> Response:
    """Give the neutral slip of the signed-in patient's appointment."""
    signed = signed_patient()
    if signed is None:
        return redirect303(SPACE)
    try:
        view = read_space(patient().funnel, signed)
    except SpaceGone:
        return redirect303(SPACE)
    if view.starts_at is None or view.is_over or not view.is_appointment:
        return redirect303(SPACE)
    site, starts_at, language = view.document["site"], view.starts_at, visitor().language
    return _paper(None, lambda: neutral_slip(site, starts_at, language))


def _paper(key: Hashable | None, draw: Callable[[], bytes]) -> Response:
    """Answer with a paper, or ask to come back when many are being drawn. A paper of one person has no key."""
    drawer: Drawer = current_app.extensions.setdefault("paravent.drawer", Drawer())
    try:
        return paper(drawer.paper(key, draw))
    except TooManyPapers:
        abort(429)


def _form(version: UUID, language: str) -> bytes:
    zone = patient()
    return blank_form(zone.funnel.catalogue.profile(version), language, zone.settings.clinic_name)


def neutral_slip(site: Mapping[str, str], starts_at: datetime, language: str) -> bytes:
    """Draw the slip. Raises Betrayal for words that may not stand on a paper that anybody may find."""
    return appointment_slip(
        AppointmentSlip(
            starts_at=starts_at,
            timezone=site["timezone"],
            site_name=leaving(Surface.PDF_TEXT, site["name"]),
            address=leaving(Surface.PDF_TEXT, site["address"]),
            door=leaving(Surface.PDF_TEXT, site["door"]),
            desk_words=leaving(Surface.PDF_TEXT, site["desk_words"]),
            phone=leaving(Surface.PDF_TEXT, site["phone"]),
            language=language,
        )
    )
