"""`paravent ledger export --format`: an event a line for a SIEM, from sealed events, without whom they concern."""

import argparse
import json
import stat
from pathlib import Path
from uuid import UUID

import pytest

from app.cli import ledger as commands
from app.cli.environment import open_vault
from app.cli.setup import set_up
from app.clock import system_clock
from app.db import Databases
from app.ledger.sealed import sealer_of
from app.ledger.service import record
from app.worker.chain import Chain, signer_of
from tests.factories.kept_ledger import ACTOR, CASE
from tests.factories.siem_events import read_cef, read_syslog

PATIENT = UUID(int=0xBAD)


@pytest.fixture(scope="module")
def environ(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """An installation of three events that have a place, and one that has none."""
    given = {"PARAVENT_VAR": str(tmp_path_factory.mktemp("installation") / "var")}
    settings = set_up(given)
    db = Databases(settings.databases, sealer=sealer_of(settings))
    for _ in range(3):
        record(db, system_clock(), "clinic", "case.opened", [PATIENT], ["care"], **CASE)
    Chain(db, signer_of(open_vault(settings, db).keystore), system_clock, settings.anchors).turn()
    record(db, system_clock(), "clinic", "case.opened", [PATIENT], ["care"], **CASE)
    db.dispose()
    return given


def export(environ: dict[str, str], file: Path, *words: str) -> list[str]:
    """Type the command, and return the lines it wrote."""
    parser = argparse.ArgumentParser()
    commands.add_to(parser.add_subparsers(dest="command", required=True))
    arguments = parser.parse_args(["ledger", "export", str(file), *words])
    assert arguments.act(arguments, environ) == 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    return file.read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("written", ["ecs", "cef", "rfc5424"])
def test_each_format_has_an_event_a_line(
    environ: dict[str, str], tmp_path: Path, written: str, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = export(environ, tmp_path / "out", "--format", written)
    opened = [line for line in lines if "case.opened" in line]
    assert len(opened) == 3
    assert [str(ACTOR) in line for line in opened] == [True] * 3
    assert not any(str(PATIENT) in line for line in lines)
    said = capsys.readouterr().out
    assert "not on whom" in said
    assert "pseudonyms" not in said


def test_lines_are_read_by_the_norms(environ: dict[str, str], tmp_path: Path) -> None:
    ecs = [json.loads(line)["event"]["id"] for line in export(environ, tmp_path / "a", "--format", "ecs")]
    cef = [read_cef(line).pairs["externalId"] for line in export(environ, tmp_path / "b", "--format", "cef")]
    messages = [read_syslog(line) for line in export(environ, tmp_path / "c", "--format", "rfc5424")]
    assert ecs == cef == [json.loads(one.text)["event"]["id"] for one in messages]


def test_pseudonyms_are_written_when_they_are_asked_for(
    environ: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = export(environ, tmp_path / "out", "--format", "ecs", "--subjects")
    assert sum(str(PATIENT) in line for line in lines) == 3
    assert "It holds pseudonyms" in capsys.readouterr().out


def test_the_bundle_stays_what_is_written_unless_a_format_is_named(environ: dict[str, str], tmp_path: Path) -> None:
    kinds = [json.loads(line)["kind"] for line in export(environ, tmp_path / "out")]
    assert (kinds[0], kinds[-1]) == ("ledger", "end")


@pytest.mark.parametrize("words", [("--format", "ecs", "--opened"), ("--subjects",)])
def test_an_option_of_the_other_formats_is_refused_and_nothing_is_written(
    environ: dict[str, str], tmp_path: Path, words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    parser = argparse.ArgumentParser()
    commands.add_to(parser.add_subparsers(dest="command", required=True))
    arguments = parser.parse_args(["ledger", "export", str(tmp_path / "out"), *words])
    assert arguments.act(arguments, environ) == 2
    assert words[-1] in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_status_says_how_much_the_siem_confirmed(
    environ: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    siem = {"PARAVENT_SIEM": "siem.test:6514", "PARAVENT_SIEM_CA": str(tmp_path / "ca.pem")}
    place = Path(environ["PARAVENT_VAR"]) / "anchors" / "forwarded.json"
    for said, content in (
        ("confirmed by the SIEM: 0 events", None),
        ("confirmed by the SIEM: 2 events", '{"position": 2, "leaf": "00"}'),
        ("forwarded.json is damaged: remove it", "{"),
    ):
        if content:
            place.write_text(content)
        parser = argparse.ArgumentParser()
        commands.add_to(parser.add_subparsers(dest="command", required=True))
        arguments = parser.parse_args(["ledger", "status"])
        assert arguments.act(arguments, environ | siem) == 0
        assert said in capsys.readouterr().out
