"""What the clinic's views may reach, beyond what every zone has."""

from dataclasses import dataclass

from app.booking.journey import Funnel
from app.desk.passwords import Passwords
from app.vault.door import Vault
from app.vault.intake import IntakeKey, load_intake_key
from app.vault.words import WordsGate
from app.web.services import Services, services_as


@dataclass(frozen=True, kw_only=True)
class ClinicServices(Services):
    """The vault, the gates in front of slow hashes, and the funnel for what the desk enters."""

    vault: Vault
    passwords: Passwords
    funnel: Funnel
    gate: WordsGate

    def intake_key(self) -> IntakeKey:
        """Return the public key of the intake epoch in force, its signature checked. Raises IntakeKeyRefused."""
        return load_intake_key(self.settings.public_keys, self.settings.verify_key, self.clock())


def clinic() -> ClinicServices:
    """Return the services of the running clinic application."""
    return services_as(ClinicServices)
