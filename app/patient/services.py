"""What the patient zone's views may reach. No private key is among it: this zone seals what it can't read back."""

import logging
from dataclasses import dataclass
from datetime import datetime

from app.booking.journey import Funnel
from app.db import SiloUnavailable
from app.vault.intake import IntakeKey, IntakeKeyRefused, load_intake_key
from app.vault.words import WordsGate
from app.web.services import Services, services_as

log = logging.getLogger("paravent.patient")


@dataclass(frozen=True, kw_only=True)
class PatientServices(Services):
    """The common services, with the funnel and the gate before code words."""

    funnel: Funnel
    gate: WordsGate

    def intake_key(self, now: datetime) -> IntakeKey:
        """Return the public key of the intake epoch in force, its signature checked.

        Raises SiloUnavailable when there is none to trust: what can't be sealed for the clinic waits in its draft.
        """
        try:
            return load_intake_key(self.settings.public_keys, self.settings.verify_key, now)
        except IntakeKeyRefused as error:
            log.error("no intake key can be used: the worker makes one each half-day", extra={"silo": "keys"})
            raise SiloUnavailable("keys") from error


def patient() -> PatientServices:
    """Return the running patient zone's services."""
    return services_as(PatientServices)
