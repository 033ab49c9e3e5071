"""The appointment slip: a paper that may be found by anybody, and so says only when and where."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from app.discretion.sizes import SLIP_BYTES
from app.documents.render import render

BYTES = SLIP_BYTES
"""How long every slip is, whatever the address."""


@dataclass(frozen=True, slots=True)
class AppointmentSlip:
    """What the slip says. It has no field for an act, a practitioner or a name, on purpose.

    `starts_at` is aware UTC; `timezone` is the site's IANA name; `language` is `fr` or `en`.
    """

    starts_at: datetime
    timezone: str
    site_name: str
    address: str
    door: str
    desk_words: str
    phone: str
    language: str


def appointment_slip(slip: AppointmentSlip) -> bytes:
    """Return the slip as a PDF. Raises zoneinfo.ZoneInfoNotFoundError for an unknown time zone."""
    starts_at = slip.starts_at.astimezone(ZoneInfo(slip.timezone))
    return render("slip.html", {"slip": slip, "starts_at": starts_at}, slip.language, BYTES)
