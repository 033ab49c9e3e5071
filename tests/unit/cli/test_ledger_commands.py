"""`paravent ledger`: what it counts, what it writes, and that a verification needs a key that was pinned before."""

import argparse
import json
import stat
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import select, update

from app.cli import ledger as commands
from app.cli.environment import open_vault, settings_of, silos_of
from app.cli.setup import set_up
from app.clock import system_clock
from app.config import Settings, SettingsError
from app.db import Databases
from app.ledger.models import Event, EventSubject, Leaf
from app.ledger.service import record
from app.worker.chain import Chain, signer_of
from tests.factories.kept_ledger import CASE

SOMEBODY = uuid4()


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """An installation of five events, three of them in the tree."""
    given = {"PARAVENT_VAR": str(tmp_path / "var")}
    settings = set_up(given)
    db = silos_of(settings)
    for waiting in (False, False, False, True, True):
        record(db, system_clock(), "clinic", "case.opened", [SOMEBODY], ["care"], **CASE)
        if not waiting:
            signer = signer_of(open_vault(settings, db).keystore)
            Chain(db, signer, system_clock, settings.anchors).turn()
    db.dispose()
    return given


def run(environ: dict[str, str], *words: str) -> int:
    """Type a command."""
    parser = argparse.ArgumentParser()
    commands.add_to(parser.add_subparsers(dest="command", required=True))
    arguments = parser.parse_args(["ledger", *words])
    status: int = arguments.act(arguments, environ)
    return status


def pinned(environ: dict[str, str], capfd: pytest.CaptureFixture[str]) -> dict[str, str]:
    """Return an environment with the key that `status` prints."""
    assert run(environ, "status") == 0
    said = capfd.readouterr().out
    return environ | {"PARAVENT_LEDGER_KEY": said.split("verifying key: ")[1].strip()}


def test_status_counts_and_prints_the_key_to_pin(
    environ: dict[str, str], capfd: pytest.CaptureFixture[str]
) -> None:
    key = pinned(environ, capfd)["PARAVENT_LEDGER_KEY"]
    assert len(bytes.fromhex(key)) == 32
    run(environ, "status")
    said = capfd.readouterr().out
    assert "events: 5, in the tree: 3\n" in said
    assert "newest checkpoint: 3 events, 20" in said
    assert "newest anchor: 3\n" in said


def test_verification_says_how_to_pin_the_key(environ: dict[str, str]) -> None:
    with pytest.raises(SettingsError, match="PARAVENT_LEDGER_KEY is missing: pin"):
        run(environ, "verify")


def test_this_ledger_is_verified_with_its_own_anchors(
    environ: dict[str, str], capfd: pytest.CaptureFixture[str]
) -> None:
    assert run(pinned(environ, capfd), "verify") == 0
    assert "3 events in order, 2 waiting for a place, 3 checkpoints, 3 anchored notes" in capfd.readouterr().out


def test_what_the_worker_adds_meanwhile_is_no_fault(
    environ: dict[str, str], capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def then_a_round(settings: Settings, *, opened: bool) -> list[bytes]:
        lines = list(bundled(settings, opened=opened))
        db = Databases(settings.databases)
        Chain(db, signer_of(open_vault(settings, db).keystore), system_clock, settings.anchors).turn()
        db.dispose()
        return lines

    bundled = commands._bundled
    monkeypatch.setattr(commands, "_bundled", then_a_round)
    assert run(pinned(environ, capfd), "verify") == 0
    assert "3 checkpoints, 3 anchored notes" in capfd.readouterr().out


def test_anchors_that_were_emptied_or_are_gone_are_a_fault(
    environ: dict[str, str], capfd: pytest.CaptureFixture[str]
) -> None:
    given, folder = pinned(environ, capfd), settings_of(environ).anchors
    for path in folder.iterdir():
        path.unlink()
    for kept in (True, False):
        if not kept:
            folder.rmdir()
        assert run(given, "verify") == 1
        assert "anchor: the folder holds no note" in capfd.readouterr().out


def test_a_bundle_is_written_for_its_owner_alone_and_verified(
    environ: dict[str, str], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "bundle.jsonl"
    assert run(environ, "export", str(file)) == 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    kinds = [json.loads(line)["kind"] for line in file.read_text().splitlines()]
    assert kinds == ["ledger", "event_key", *["event", "checkpoint"] * 3, "event", "event", "end"]
    assert str(SOMEBODY) not in file.read_text()
    assert run(pinned(environ, capfd), "verify", str(file)) == 0
    assert "0 anchored notes" in capfd.readouterr().out
    assert run(environ, "export", str(file)) == 1
    assert "Name a new file" in capfd.readouterr().err


def test_an_opened_bundle_names_whom_events_concern_and_an_outsider_checks_it(
    environ: dict[str, str], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "opened.jsonl"
    assert run(environ, "export", "--opened", str(file)) == 0
    assert "It holds pseudonyms" in capfd.readouterr().out
    assert file.read_text().count(str(SOMEBODY)) == 5
    given = pinned(environ, capfd)
    assert run(given, "verify", str(file)) == 0
    file.write_text(file.read_text().replace(str(SOMEBODY), str(uuid4()), 1))
    assert run(given, "verify", str(file)) == 1
    assert "columns: position 0\n" in capfd.readouterr().out


def test_an_index_row_that_was_altered_shows_once_opened(
    environ: dict[str, str], capfd: pytest.CaptureFixture[str]
) -> None:
    given, db = pinned(environ, capfd), Databases(settings_of(environ).databases)
    assert run(given, "verify", "--opened") == 0
    with db.writing("ledger") as session:
        session.execute(update(EventSubject).values(subject=uuid4()))
    db.dispose()
    assert run(given, "verify") == 0
    assert run(given, "verify", "--opened") == 1


def test_a_fault_is_named_and_is_the_exit_status(
    environ: dict[str, str], capfd: pytest.CaptureFixture[str]
) -> None:
    settings: Settings = settings_of(environ)
    db = Databases(settings.databases)
    with db.writing("ledger") as session:
        event = session.scalar(select(Leaf.event).where(Leaf.position == 1))
        session.execute(update(Event).where(Event.id == event).values(zone="patient"))
    db.dispose()
    assert run(pinned(environ, capfd), "verify") == 1
    assert "columns: position 1\n" in capfd.readouterr().out


def test_a_bundle_that_is_none_is_unreadable(
    environ: dict[str, str], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "other"
    file.write_text('{"kind":"other"}\n')
    assert run(pinned(environ, capfd), "verify", str(file)) == 2
    assert run(pinned(environ, capfd), "verify", str(tmp_path / "nowhere")) == 2
