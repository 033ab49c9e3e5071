"""What the patient zone's views may reach. No private key is among it: this zone seals what it can't read back."""

from dataclasses import dataclass
from datetime import datetime

from app.booking.journey import Funnel
from app.vault.intake import IntakeKey, load_intake_key
from app.vault.words import WordsGate
from app.web.services import Services, services_as


@dataclass(frozen=True, kw_only=True)
class PatientServices(Services):
    """The common services, with the funnel and the gate before code words."""

    funnel: Funnel
    gate: WordsGate

    def intake_key(self, now: datetime) -> IntakeKey:
        """Return the public key of the intake epoch in force, its signature checked. Raises IntakeKeyRefused."""
        return load_intake_key(self.settings.public_keys, self.settings.verify_key, now)


def patient() -> PatientServices:
    """Return the running patient zone's services."""
    return services_as(PatientServices)
