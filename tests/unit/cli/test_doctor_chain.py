"""The doctor and the ledger: a chain that stopped, or a checkpoint without its anchor, is said."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.cli.doctor import CHECKS, examine
from app.cli.doctor_silos import chain
from app.clock import system_clock
from app.db import Databases
from app.ledger.service import record
from app.worker.chain import Chain
from tests.factories.installed import place_in


def _said(var: Path) -> list[str]:
    assert chain in CHECKS
    place = place_in(var)
    found = examine(place, (chain,))
    place.db.dispose()
    return [f"{one.level}: {one.said}" for one in found]


def _recorded(db: Databases, at: datetime) -> None:
    record(db, at, "cli", "epoch.made", epoch="2026-11-22", kind="secrets")


def _turn(db: Databases, at: datetime, anchors: Path | None) -> None:
    Chain(db, Ed25519PrivateKey.from_private_bytes(bytes(32)), lambda: at, anchors).turn()


@pytest.mark.parametrize(("minutes", "level"), [(9, "ok"), (11, "fault: 1 event(s)"), (25 * 60, "ok")])
def test_an_event_of_today_without_a_place_is_found(var: Path, minutes: int, level: str) -> None:
    db = Databases({"ledger": f"sqlite:///{var}/ledger.sqlite"})
    _recorded(db, system_clock() - timedelta(minutes=minutes))
    db.dispose()
    (said,) = _said(var)
    assert said.startswith(level)


def test_a_checkpoint_without_its_anchor_is_found(var: Path) -> None:
    db = Databases({"ledger": f"sqlite:///{var}/ledger.sqlite"})
    then = system_clock() - timedelta(minutes=2)
    _recorded(db, then)
    _turn(db, then, None)
    (said,) = _said(var)
    assert said.startswith("fault: the newest checkpoint is of ")
    assert said.endswith("the last anchored note of none")
    _turn(db, then, place_in(var).settings.anchors)
    assert _said(var) == ["ok: what the ledger recorded is chained and anchored"]
    _recorded(db, system_clock())
    _turn(db, system_clock(), None)
    assert _said(var) == ["ok: what the ledger recorded is chained and anchored"]
    db.dispose()
