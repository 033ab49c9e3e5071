"""A staffed clinic for each test: built once, copied for each."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.db import SILOS, Databases
from app.ledger.sealed import MonthSealer
from app.vault.door import Vault
from app.vault.keystore import Keystore, Unlock
from tests.factories.house import House, SteppedClock, build_house
from tests.factories.staffed import Staffed, open_clinic, staff


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a staffed installation that nobody uses."""
    root = tmp_path_factory.mktemp("staffed")
    house = build_house(root)
    staff(house)
    house.db.dispose()
    return root


@pytest.fixture
def clinic(built: Path, tmp_path: Path) -> Iterator[Staffed]:
    """Return a clinic whose invented staff can sign in, without a patient."""
    root = tmp_path / "house"
    shutil.copytree(built, root)
    urls = {silo: f"sqlite:///{root}/{silo}.sqlite" for silo in SILOS}
    keystore = Keystore.open(root / "keystore", Unlock(key_file=root / "unlock"))
    db = Databases(urls, sealer=MonthSealer(root / "public", keystore.verify_key))
    yield open_clinic(House(root, db, SteppedClock(), keystore, Vault(keystore, db), urls))
    db.dispose()
