"""A keystore with its keys silo in a temporary directory, for tests."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from app.config import WordsCost
from app.db import Databases
from app.ledger.models import Base as LedgerBase
from app.ledger.sealed import MonthSealer
from app.vault.custodians import split
from app.vault.intake import IntakeKey, load_intake_key
from app.vault.keystore import Keystore, Unlock
from app.vault.models import Base as KeysBase
from app.vault.rekeying import with_lock
from app.vault.root import Opened, open_file, write
from app.vault.sealing import new_secret
from app.vault.unlock import custodians_lock, new_lock, unlocking_key

NOW = datetime(2026, 11, 18, 9, 30, tzinfo=UTC)
"""A Wednesday."""
PAIR = "2026-11-18"
"""The intake pair of that half-day."""
CHEAP = WordsCost(memory_kib=64, passes=1)
UNLOCK = Unlock(passphrase="quatre saisons au jardin")
OTHER = Unlock(passphrase="une autre phrase longue")
DAY = date(2026, 11, 18)


@dataclass(frozen=True)
class Place:
    """Where a test's keystore lives."""

    directory: Path
    public_dir: Path
    keystore: Keystore
    db: Databases

    def files(self, pattern: str = "*.key") -> list[str]:
        return sorted(path.name for path in self.directory.glob(pattern))

    def intake_key(self, now: datetime = NOW) -> IntakeKey:
        return load_intake_key(self.public_dir, self.keystore.verify_key, now)


def make_place(tmp_path: Path, now: datetime = NOW) -> Place:
    """Make a keystore and empty keys and ledger silos."""
    db = Databases({"keys": f"sqlite:///{tmp_path}/keys.sqlite", "ledger": f"sqlite:///{tmp_path}/ledger.sqlite"})
    KeysBase.metadata.create_all(db.engine("keys"))
    LedgerBase.metadata.create_all(db.engine("ledger"))
    directory, public_dir = tmp_path / "keystore", tmp_path / "public"
    keystore = Keystore.create(directory, public_dir, UNLOCK, now, CHEAP)
    db.sealer = MonthSealer(public_dir, keystore.verify_key)
    return Place(directory, public_dir, keystore, db)


def three_locks(place: Place) -> tuple[Opened, dict[str, Unlock]]:
    """Give a keystore a second passphrase and custodians, 2 of 3."""
    opened = open_file(place.directory, UNLOCK)
    second = new_lock(OTHER, CHEAP)
    recovery_key = new_secret()
    custody, shares = split(recovery_key, 2, 3, DAY)
    opened = with_lock(opened, second, unlocking_key(OTHER, second))
    opened = with_lock(opened, *custodians_lock(custody, recovery_key))
    ways = {"first": UNLOCK, "second": OTHER, "shares": Unlock(shares=shares[1:])}
    return write(place.directory, opened), ways
