"""What `paravent doctor` looks at and what it finds: a level, one sentence, and the operator's next step."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from app.config import Settings, Zone
from app.db import Databases, Silo
from app.vault.keystore import Keystore

Level = Literal["ok", "warning", "fault"]
PATIENT_USER = "paravent-patient"
"""Under whom docs/deploy/systemd runs the patients' pages."""
Rights = Callable[[Databases], list[str]]
"""Compares the rights on PostgreSQL with what is declared, and says each difference in a sentence."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found. `said` is one sentence; `step` is what to do, empty when there is nothing to do."""

    check: str
    level: Level
    said: str
    step: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """An installation as one machine sees it.

    `settings` are those of whom asks: the command line's, or one zone's. `zones` are those of each zone whose
    file is here and can be read. `keystore` is None where it was not opened. `users` finds a user's number by name.
    """

    settings: Settings
    zones: Mapping[Zone, Settings]
    db: Databases
    keystore: Keystore | None
    now: datetime
    users: Callable[[str], int | None]
    answering: frozenset[Silo] = frozenset()
    patient_user: str = PATIENT_USER
    proc: Path = Path("/proc")
    certificate: Path | None = None
    rights: Rights | None = None

    @property
    def everyone(self) -> Mapping[Zone, Settings]:
        """Every zone's settings, those of whom asks included."""
        return {self.settings.zone: self.settings, **self.zones}


Check = Callable[[Place], Iterator[Finding]]


def well(check: str, said: str) -> Finding:
    """Return what is in order."""
    return Finding(check, "ok", said)


def warning(check: str, said: str, step: str) -> Finding:
    """Return what is unwise, unknown or soon due."""
    return Finding(check, "warning", said, step)


def fault(check: str, said: str, step: str) -> Finding:
    """Return what is wrong or unsafe now: the command fails."""
    return Finding(check, "fault", said, step)
