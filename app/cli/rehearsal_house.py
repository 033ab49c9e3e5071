"""The house a rehearsal is played in: a temporary folder, silos, a keystore, and the real patient application."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from flask import Flask
from sqlalchemy import select
from sqlalchemy.types import String

from app.booking.journey import Funnel
from app.cli.silos import METADATA
from app.config import SILOS_OF_ZONE, Settings, WordsCost
from app.db import Databases, Silo
from app.front.directory import Directory
from app.front.published import publish_profile
from app.front.published_directory import publish_directory
from app.ledger.sealed import MonthSealer
from app.patient.factory import create_patient_app
from app.patient.services import PatientServices
from app.profiles.models import PublishableProfile
from app.vault.keystore import Keystore, Unlock
from app.vault.unlock import new_key_file

BROKEN_PATH = "/panne"
"""A page that this house alone has, and that always fails: it shows the page of our own faults."""

_CHEAP = WordsCost(memory_kib=64, passes=1)
_PUBLISHED = ("published_profiles", "published_directories")
"""Tables that hold in clear what every patient may read."""


class Panne(Exception):
    """The fault of the page that always fails."""


@dataclass(frozen=True, slots=True)
class House:
    """A throwaway installation. `app` is the patient zone's application, as production builds it."""

    db: Databases
    app: Flask
    settings: Settings

    @property
    def funnel(self) -> Funnel:
        """What journeys of this house are made with."""
        services: PatientServices = self.app.extensions["paravent"]
        return services.funnel

    def kept_in_clear(self) -> Iterator[tuple[str, str]]:
        """Yield every text that a journey left unsealed in a silo, with the table and column it stands in."""
        for silo in SILOS_OF_ZONE["patient"]:
            with self.db.reading(silo) as session:
                for table in METADATA[silo].sorted_tables:
                    columns = [one for one in table.columns if isinstance(one.type, String)]
                    if not columns or table.name in _PUBLISHED:
                        continue
                    for row in session.execute(select(*columns)):
                        yield from (
                            (f"{silo}.{table.name}.{c.name}", str(v)) for c, v in zip(columns, row, strict=True)
                        )


@contextmanager
def a_house(
    settings: Settings, profiles: list[PublishableProfile], directory: Directory, now: datetime
) -> Iterator[House]:
    """Build a house where these profiles and this clinic are in force and time stands still; remove it at the end.

    Raises what the patient application raises when it can't be built, OverBudget and Betrayal among it.
    """
    with tempfile.TemporaryDirectory(prefix="paravent-rehearsal-") as folder:
        root = Path(folder)
        keystore = _keystore(root, now)
        db = Databases(_urls(root), sealer=MonthSealer(root / "public", keystore.verify_key))
        try:
            for silo in SILOS_OF_ZONE["patient"]:
                METADATA[silo].create_all(db.engine(silo))
            with db.writing("front") as session:
                for publishable in profiles:
                    publish_profile(session, publishable, now)
                publish_directory(session, directory, now)
            own = _own(settings, root, keystore)
            app = create_patient_app(own, db, lambda: now)
            app.add_url_rule(BROKEN_PATH, "panne", _fail)
            yield House(db, app, own)
        finally:
            db.dispose()


def _urls(root: Path) -> dict[Silo, str]:
    return {silo: f"sqlite:///{root}/{silo}.sqlite" for silo in SILOS_OF_ZONE["patient"]}


def _keystore(root: Path, now: datetime) -> Keystore:
    key_file = root / "unlock"
    new_key_file(key_file)
    return Keystore.create(root / "keystore", root / "public", Unlock(key_file=key_file), now)


def _own(settings: Settings, root: Path, keystore: Keystore) -> Settings:
    """Return an installation's settings with everything it owns replaced, and nothing that waits or costs."""
    return replace(
        settings,
        zone="patient",
        var=root,
        databases=_urls(root),
        keystore=root / "keystore",
        keystore_passphrase=None,
        keystore_key_file=None,
        public_keys=root / "public",
        verify_key=keystore.verify_key,
        words_salt=bytes(16),
        words_cost=_CHEAP,
        hold_share_percent=100,
        proxy_hops=0,
        grid_ms=0,
        words_grid_ms=0,
    )


def _fail() -> str:
    raise Panne
