"""Papers on request: a blank form to fill in by hand, and a neutral appointment slip. One neutral file name."""

from uuid import UUID

from flask import Blueprint, Response, current_app

from app.booking.errors import DraftGone
from app.booking.journey import place
from app.booking.space import SpaceGone, read_space
from app.documents.blank_form import blank_form
from app.documents.slip import AppointmentSlip, appointment_slip
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
    return paper(_form(version, who.language))


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
    if view.starts_at is None or view.document["kind"] != "appointment":
        return redirect303(SPACE)
    site = view.document["site"]
    return paper(
        appointment_slip(
            AppointmentSlip(
                starts_at=view.starts_at,
                timezone=site["timezone"],
                site_name=site["name"],
                address=site["address"],
                door=site["door"],
                desk_words=site["desk_words"],
                phone=site["phone"],
                language=visitor().language,
            )
        )
    )


def _form(version: UUID, language: str) -> bytes:
    """Draw a published version's form once: it is the same for everybody."""
    zone = patient()
    kept: dict[tuple[UUID, str], bytes] = current_app.extensions.setdefault("paravent.blank_forms", {})
    if (version, language) not in kept:
        published = zone.funnel.catalogue.profile(version)
        kept[version, language] = blank_form(published, language, zone.settings.clinic_name)
    return kept[version, language]
