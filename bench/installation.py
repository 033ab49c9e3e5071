"""A whole installation in a temporary folder, made by the product's own set-up, with an invented clinic."""

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from app.booking.catalogue import Catalogue
from app.booking.journey import Funnel
from app.cli.environment import PREFIX, file_of, read_file
from app.cli.profiles import publish
from app.cli.setup import set_up
from app.clock import system_clock
from app.config import Settings, load_settings
from app.db import Databases
from app.front.published_directory import publish_directory
from app.ledger.sealed import sealer_of
from app.vault.door import Vault
from app.vault.keystore import Keystore
from app.vault.unlock import unlock_of
from app.vault.words import WordsGate
from tests.factories.house import clinic_directory


@dataclass(frozen=True, slots=True)
class Installation:
    """A folder with silos and keystore, the connections of this process, and the settings of its patient zone."""

    folder: Path
    db: Databases
    settings: Settings
    patient: Settings

    def environ(self, **changes: str) -> dict[str, str]:
        """Return the environment of the patient zone, with some settings changed."""
        values = read_file(file_of(self.settings.var, "patient"))
        return values | {f"{PREFIX}{name}": value for name, value in changes.items()}

    def funnel(self) -> Funnel:
        """Return what journeys are made with, as the patient zone makes it; any word may be drawn."""
        return Funnel(
            self.db, Catalogue(self.db, system_clock), self.patient, system_clock, avoid=lambda _word: False
        )

    def gate(self) -> WordsGate:
        """Return the gate before code words."""
        return WordsGate()

    def vault(self) -> Vault:
        """Open the keystore."""
        return Vault(Keystore.open(self.settings.keystore, unlock_of(self.settings)), self.db)


@contextmanager
def an_installation(changes: Mapping[str, str] | None = None) -> Iterator[Installation]:
    """Make an installation in a temporary folder and remove it at the end; `changes` are settings by short name."""
    folder = Path(tempfile.mkdtemp(prefix="paravent-bench-"))
    try:
        var = folder / "var"
        given = {"VAR": str(var), "TLS": "0"} | dict(changes or {})
        settings = set_up({f"{PREFIX}{name}": value for name, value in given.items()})
        publish(settings, rehearse=lambda *_what: [])  # rehearsed by a test of its own
        db = Databases(settings.databases, sealer=sealer_of(settings))
        with db.writing("front") as session:
            publish_directory(session, clinic_directory(), system_clock())
        try:
            yield Installation(folder, db, settings, load_settings(read_file(file_of(var, "patient"))))
        finally:
            db.dispose()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
