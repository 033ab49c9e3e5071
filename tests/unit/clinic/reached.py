"""Patients of the clinic's tests who leave the contact that the test says."""

from random import Random
from typing import Any

from app.booking.signed import Signed
from app.cli.demo_patients import Journeys, Wanted
from app.clinic.contacts import Reach, open_one
from app.clinic.people import SignedIn
from app.desk.models import Visit
from tests.factories.staffed import Staffed

PHONE = {"channel": "02", "phone": "06 39 98 00 12"}


class _Reached(Journeys):
    """Journeys whose patients all leave one contact."""

    contact: dict[str, str]

    def _reach(self, _wanted: Wanted) -> dict[str, str]:
        return self.contact


def send_reached(
    clinic: Staffed, *booking: Any, contact: dict[str, str] | None = None, seed: int = 7, **wanted: Any
) -> Signed:
    """Let a patient who leaves this contact send a journey, and the worker take it in."""
    random = Random(seed)  # noqa: S311 - invented answers, no secret
    journeys = _Reached(clinic.services.funnel, clinic.services.intake_key(), random)
    journeys.contact = {"name": "Lou", "phone": "", "email": ""} | (contact or PHONE)
    clinic.journeys, usual = journeys, clinic.journeys
    try:
        return clinic.send(*booking, **wanted)
    finally:
        clinic.journeys = usual


def reach_of(clinic: Staffed, person: SignedIn, visit: Visit) -> Reach:
    """Open the contact of a visit as its page does."""
    return open_one(clinic.services, person, visit)
