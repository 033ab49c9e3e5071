"""A slip for an invented place."""

from dataclasses import replace
from datetime import UTC, datetime

from app.documents.slip import AppointmentSlip

SLIP = AppointmentSlip(
    starts_at=datetime(2026, 12, 1, 13, 30, tzinfo=UTC),
    timezone="Europe/Paris",
    site_name="Site des Tilleuls",
    address="12 rue des Tilleuls, 75011 Paris",
    door="Cabinet 12",
    desk_words="J’ai rendez-vous à 14 h 30.",
    phone="01 99 00 12 34",
    language="fr",
)


def a_slip(language: str = "fr") -> AppointmentSlip:
    """Return a slip in a language."""
    return replace(SLIP, language=language)
