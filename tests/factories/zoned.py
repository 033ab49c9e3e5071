"""A house on a PostgreSQL server whose zones come with their own logins, each with no more than its rights."""

from dataclasses import dataclass, replace
from pathlib import Path

from flask import Flask

from app.cli.environment import file_of, read_file, write_file
from app.cli.silo_rights import create
from app.config import ROOT
from app.db import SILOS, Databases, Silo
from app.front.published import publish_profile
from app.front.published_directory import publish_directory
from app.ledger.sealed import MonthSealer
from app.profiles.loader import load_all
from app.rights import RIGHTS, ZONES, Names, Zone
from app.vault.door import Vault
from app.vault.keystore import Keystore, Unlock
from tests.factories.house import BASES, House, SteppedClock, clinic_directory

NAMES = Names()


@dataclass
class Zoned:
    """One installation seen by its command line, which may do anything, and by each zone."""

    owner: House
    zones: dict[Zone, House]

    def patient_app(self) -> Flask:
        """Return the patient zone's application, which has the patient zone's logins and no other."""
        return self.zones["patient"].patient_app()

    def dispose(self) -> None:
        """Close every connection."""
        for house in (self.owner, *self.zones.values()):
            house.db.dispose()

    def empty(self) -> None:
        """Remove every row, but what is published, who works here, and the keys that its processes go on using."""
        kept = {"published_profiles", "published_directories", "event_keys"}
        for silo in SILOS:
            if silo == "desk":
                continue
            with self.owner.db.writing(silo) as session:
                for table in reversed(BASES[silo].metadata.sorted_tables):
                    if table.name not in kept:
                        session.execute(table.delete())


def prepare(root: Path) -> None:
    """Write the environment files that set-up would have written."""
    for zone in (*ZONES, "cli"):
        write_file(file_of(root, zone), {"PARAVENT_ZONE": zone})


def urls_of(root: Path, zone: str) -> dict[Silo, str]:
    """Return the addresses that a zone's file has."""
    written = read_file(file_of(root, zone))
    return {silo: written[name] for silo in SILOS if (name := f"PARAVENT_DB_{silo.upper()}") in written}


def build_zoned(root: Path, admin_url: str, names: Names = NAMES) -> Zoned:
    """Make every silo on a server, publish what a house publishes, and give each zone its own logins."""
    prepare(root)
    assert create(admin_url, root, names) == []
    owner = _house(root, urls_of(root, "cli"))
    with owner.db.writing("front") as session:
        for publishable in load_all(ROOT / "specialties").values():
            publish_profile(session, publishable, owner.clock())
        publish_directory(session, clinic_directory(), owner.clock())
    return Zoned(owner, {zone: _seen_by(owner, zone) for zone in ZONES})


def _house(root: Path, urls: dict[Silo, str]) -> House:
    clock, key_file = SteppedClock(), root / "unlock"
    key_file.write_text(bytes(range(32)).hex())
    key_file.chmod(0o600)
    keystore = Keystore.create(root / "keystore", root / "public", Unlock(key_file=key_file), clock())
    db = Databases(urls, sealer=MonthSealer(root / "public", keystore.verify_key))
    return House(root, db, clock, keystore, Vault(keystore, db), urls)


def _seen_by(owner: House, zone: Zone) -> House:
    """Return the same house with a zone's own logins."""
    urls = urls_of(owner.root, zone)
    assert set(urls) == {silo for silo in SILOS if zone in RIGHTS[silo]}
    db = Databases(urls, sealer=MonthSealer(owner.root / "public", owner.keystore.verify_key))
    return replace(owner, db=db, vault=Vault(owner.keystore, db), urls=urls)
