"""A whole installation in a folder: silos, keystore, shipped profiles published, and an invented clinic."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from flask import Flask

from app.care.models import Base as CareBase
from app.cli import silos
from app.config import ROOT, SILOS_OF_ZONE, Settings, WordsCost, Zone
from app.db import SILOS, Databases, Silo
from app.desk.models import Base as DeskBase
from app.front.directory import Directory
from app.front.models import Base as FrontBase
from app.front.published import publish_profile
from app.front.published_directory import publish_directory
from app.identity.models import Base as IdentityBase
from app.ledger.models import Base as LedgerBase
from app.ledger.opening import EventKeys
from app.ledger.sealed import Content, MonthSealer
from app.ledger.service import Entry, events_for, events_named
from app.patient.factory import create_patient_app
from app.profiles.loader import load_all
from app.vault.door import Vault
from app.vault.keystore import Keystore, Unlock
from app.vault.models import Base as KeysBase
from tests.factories.directory import a_directory, a_practitioner, a_room, a_site, weekly

BASES: dict[Silo, Any] = {
    "front": FrontBase,
    "identity": IdentityBase,
    "care": CareBase,
    "desk": DeskBase,
    "keys": KeysBase,
    "ledger": LedgerBase,
}
MONDAY = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
KINDS = (
    "psychiatrist",
    "psychologist",
    "midwife",
    "gynaecologist",
    "general_practitioner",
    "dermatologist",
    "plastic_surgeon",
    "aesthetic_physician",
)


class SteppedClock:
    """A clock that stands still until it is told to move."""

    def __init__(self, now: datetime = MONDAY) -> None:
        self.now = now

    def __call__(self) -> datetime:
        """Return the moment it stands at."""
        return self.now

    def forward(self, **duration: float) -> None:
        """Move on, by what `timedelta` takes."""
        self.now += timedelta(**duration)


@dataclass
class House:
    """One installation, with the settings of any zone."""

    root: Path
    db: Databases
    clock: SteppedClock
    keystore: Keystore
    vault: Vault
    urls: dict[Silo, str]

    def settings(self, zone: Zone, **changes: Any) -> Settings:
        """Return one zone's settings: no waiting grid, cheap words, no TLS."""
        values: dict[str, Any] = {
            "zone": zone,
            "var": self.root,
            "databases": {silo: self.urls[silo] for silo in SILOS_OF_ZONE[zone]},
            "specialties": ROOT / "specialties",
            "keystore": self.root / "keystore",
            "public_keys": self.root / "public",
            "verify_key": self.keystore.verify_key,
            "words_salt": bytes(16),
            "words_cost": WordsCost(memory_kib=64, passes=1),
            "tls": False,
            "grid_ms": 0,
            "words_grid_ms": 0,
        }
        return Settings(**(values | changes))

    def events(self, name: str) -> list[Entry]:
        """Return every event of a name, opened, oldest first."""
        ever = datetime.min.replace(tzinfo=UTC)
        return list(events_named(self.db, name, ever, EventKeys(self.db, self.keystore)))

    def contents(self, name: str) -> list[Content]:
        """Return what every event of a name says, oldest first; each must be readable."""
        return [told(entry) for entry in self.events(name)]

    def events_for(self, subject: UUID) -> list[Entry]:
        """Return every event that concerns a pseudonym, opened, oldest first."""
        return events_for(self.db, subject, EventKeys(self.db, self.keystore))

    def patient_app(self, **changes: Any) -> Flask:
        """Return the patient zone's application."""
        return create_patient_app(self.settings("patient", **changes), self.db, self.clock)


def told(entry: Entry) -> Content:
    """Return what an event says, which must be readable."""
    assert entry.content, "an event that can't be read"
    return entry.content


def _make_tables(db: Databases) -> None:
    """Make the tables; on PostgreSQL by the migrations, which make the functions too."""
    if db.engine("keys").dialect.name == "postgresql":
        silos.upgrade(db)
        return
    for silo, base in BASES.items():
        base.metadata.create_all(db.engine(silo))


def build_house(root: Path, urls: dict[Silo, str] | None = None) -> House:
    """Build an installation; on SQLite files unless URLs are given. The caller disposes of `db`."""
    urls = urls or {silo: f"sqlite:///{root}/{silo}.sqlite" for silo in SILOS}
    clock, key_file = SteppedClock(), root / "unlock"
    key_file.write_text(bytes(range(32)).hex())
    key_file.chmod(0o600)
    keystore = Keystore.create(root / "keystore", root / "public", Unlock(key_file=key_file), clock())
    db = Databases(urls, sealer=MonthSealer(root / "public", keystore.verify_key))
    _make_tables(db)
    with db.writing("front") as session:
        for publishable in load_all(ROOT / "specialties").values():
            publish_profile(session, publishable, clock())
        publish_directory(session, clinic_directory(), clock())
    return House(root, db, clock, keystore, Vault(keystore, db), urls)


def clinic_directory() -> Directory:
    """Return an invented clinic in which every kind of practitioner works at both of two sites."""
    quay, mill = a_site("Le Quai"), a_site("Le Moulin", step_free=False)
    woman = a_practitioner("A. Exemple", kinds=KINDS, gender="woman")
    man = a_practitioner("B. Modèle", kinds=KINDS, gender="man")
    return a_directory(
        hours=[*weekly(woman, quay, days=range(5)), *weekly(man, mill, days=range(5))],
        people=[woman, man],
        sites=[quay, mill],
        rooms=[a_room("1", quay), a_room("2", quay), a_room("3", mill, step_free=False)],
    )
