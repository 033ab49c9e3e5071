"""The commands, as a person types them: what they print, and their exit status."""

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import select, text

from app.cli import silos
from app.cli.main import main
from app.cli.setup import set_up
from app.config import Settings
from app.db import SILOS, Databases
from app.desk.models import Staff
from app.front.models import PublishedProfile, SlotCell
from app.ledger.models import Event
from tests.unit.worker.sending import Sent

Typed = Callable[..., tuple[int, str, str]]


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """An installation that the command line finds through its environment."""
    monkeypatch.setenv("PARAVENT_VAR", str(tmp_path))
    return set_up({"PARAVENT_VAR": str(tmp_path)})


@pytest.fixture
def typed(capsys: pytest.CaptureFixture[str]) -> Typed:
    """Run a command; return its status, what it printed, and what it complained of."""

    def run(*words: str) -> tuple[int, str, str]:
        capsys.readouterr()
        status = main(words)
        said = capsys.readouterr()
        return status, said.out, said.err

    return run


@pytest.mark.usefixtures("installed")
def test_silos_in_order_are_said_to_be(typed: Typed) -> None:
    status, said, _ = typed("silos", "check")
    assert status == 0
    *each, last = said.splitlines()
    assert each == [f"{silo}: {silos.head(silo)}" for silo in SILOS]
    assert last.startswith("SQLite files enforce no rights")


def test_a_silo_that_drifted_or_is_empty_is_named(installed: Settings, typed: Typed) -> None:
    db = Databases(installed.databases)
    with db.engine("desk").begin() as connection:
        connection.execute(text("DROP INDEX ix_visits_state"))
    db.dispose()
    assert typed("silos", "downgrade", "care", "base")[0] == 0

    status, said, _ = typed("silos", "check")

    assert status == 1
    assert "ix_visits_state" in said
    assert "care: empty, but this release needs 0001" in said
    assert typed("silos", "upgrade")[0] == 0


def test_orphans_are_counted_then_cleared(
    installed: Settings, typed: Typed, monkeypatch: pytest.MonkeyPatch
) -> None:
    db = Databases(installed.databases)
    with db.writing("front") as session:
        one = Sent().submission
        session.add(SlotCell(resource=one, cell=1, owner=one, kind="appointment", expires_at=None))

    assert "cells: 1 found" in typed("silos", "reconcile", "--dry-run")[1]
    assert "cells: 1 cleared" in typed("silos", "reconcile")[1]

    with db.reading("front") as session:
        assert session.scalars(select(SlotCell)).all() == []
    db.dispose()


def test_many_orphans_go_only_by_their_number(installed: Settings, typed: Typed) -> None:
    db = Databases(installed.databases)
    with db.writing("front") as session:
        for cell in range(6):
            one = Sent().submission
            session.add(SlotCell(resource=one, cell=cell, owner=one, kind="appointment", expires_at=None))
    db.dispose()

    status, _, faults = typed("silos", "reconcile")
    assert (status, "6 cells: nothing was cleared" in faults) == (1, True)
    assert "cells: 6 found" in typed("silos", "reconcile", "--dry-run")[1]
    assert "cells: 6 cleared" in typed("silos", "reconcile", "--really", "6")[1]


def test_profiles_are_checked_and_published_once(installed: Settings, typed: Typed) -> None:
    assert typed("profiles", "check")[:2] == (0, "every profile may be published\n")
    assert typed("profiles", "publish")[1] == "3 profile(s) changed\n"
    assert typed("profiles", "publish")[1] == "0 profile(s) changed\n"

    db = Databases(installed.databases)
    with db.reading("front") as session:
        assert len(session.scalars(select(PublishedProfile)).all()) == 3
    with db.reading("ledger") as session:
        assert [event.name for event in session.scalars(select(Event))] == ["profile.published"] * 3
    db.dispose()


def test_a_bad_profile_is_said_whole_and_nothing_is_published(
    installed: Settings, typed: Typed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    orchard = tmp_path / "specialties" / "orchard"
    orchard.mkdir(parents=True)
    (orchard.parent / "lexicon.txt").write_text("zzz\n")
    (orchard / "profile.toml").write_text("fee = 1\n")
    monkeypatch.setenv("PARAVENT_SPECIALTIES", str(orchard.parent))

    status, _, faults = typed("profiles", "check")

    assert status == 1
    assert "fee" in faults
    assert "paths.toml" in faults
    assert typed("profiles", "publish")[0] == 1
    db = Databases(installed.databases)
    with db.reading("front") as session:
        assert session.scalars(select(PublishedProfile)).all() == []
    db.dispose()


def test_the_first_administrator_is_invited_once(installed: Settings, typed: Typed) -> None:
    status, said, _ = typed("staff", "invite", "--admin")
    assert status == 0
    code = said.splitlines()[-1].strip()
    assert len(code) == 29

    db = Databases(installed.databases)
    with db.reading("desk") as session:
        [person] = session.scalars(select(Staff))
    with db.reading("ledger") as session:
        [event] = session.scalars(select(Event))
    db.dispose()
    assert (person.role, person.password_hash) == ("administrator", None)
    assert event.name == "staff.changed"
    assert code not in event.payload
    assert typed("staff", "invite", "--admin")[0] == 1


@pytest.mark.usefixtures("installed")
def test_the_keystore_says_what_it_holds_and_no_key(typed: Typed) -> None:
    status, said, _ = typed("keys", "status")
    assert status == 0
    assert "0 in the mailbox" in said


def test_an_installation_that_is_not_set_up_says_so(
    typed: Typed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PARAVENT_VAR", str(tmp_path / "nothing"))
    status, _, faults = typed("silos", "check")
    assert status == 1
    assert "PARAVENT_VERIFY_KEY is missing" in faults


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize(("zone", "said"), [("cli", "must be patient, clinic or worker"), ("x", "must be one of")])
def test_a_zone_that_serves_nothing_is_refused(
    zone: str, said: str, installed: Settings, typed: Typed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PARAVENT_ZONE", zone)
    monkeypatch.setenv("PARAVENT_VERIFY_KEY", installed.verify_key.hex())
    monkeypatch.setenv("PARAVENT_WORDS_SALT", "00" * 16)
    status, _, faults = typed("serve")
    assert status == 1
    assert said in faults


@pytest.mark.parametrize("words", [[], ["dance"], ["silos"], ["staff", "invite"], ["silos", "downgrade", "x", "y"]])
def test_what_is_no_command_is_explained(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(words)
    assert stop.value.code == 2
    assert "usage: paravent" in capsys.readouterr().err
