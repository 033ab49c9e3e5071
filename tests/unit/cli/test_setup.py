"""Set-up: private files, silos at their head, and for each zone only what it may hold."""

import stat
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from app.cli import silos
from app.cli.environment import file_of, read_file, write_file
from app.cli.main import main
from app.cli.setup import set_up, unlike, zone_values
from app.config import SILOS_OF_ZONE, SettingsError, Zone, load_settings
from app.db import SILOS, Databases
from app.vault.errors import KeystoreMissing
from app.vault.keystore import Keystore, Unlock

ZONES: tuple[Zone, ...] = ("patient", "clinic", "worker")
PATIENT_SILOS = ("FRONT", "KEYS", "LEDGER")


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """An environment that names a new place."""
    return {"PARAVENT_VAR": str(tmp_path / "var"), "HOME": "/nowhere"}


def test_everything_is_made_and_every_zone_can_start(environ: dict[str, str]) -> None:
    var = set_up(environ).var

    for zone in ("patient", "clinic", "worker", "cli"):
        settings = load_settings(read_file(file_of(var, zone)))
        assert (settings.zone, set(settings.databases)) == (zone, set(SILOS_OF_ZONE[zone]))
    db = Databases({silo: f"sqlite:///{var}/{silo}.sqlite" for silo in SILOS})
    assert [silos.current(db, silo) for silo in SILOS] == [silos.head(silo) for silo in SILOS]
    db.dispose()
    worker = load_settings(read_file(file_of(var, "worker")))
    keystore = Keystore.open(worker.keystore, Unlock(key_file=worker.keystore_key_file))
    assert keystore.verify_key == worker.verify_key


def test_the_patient_zone_is_given_no_key_and_no_way_to_one(environ: dict[str, str]) -> None:
    var = set_up(environ).var

    given = read_file(file_of(var, "patient"))

    assert not [name for name in given if "KEYSTORE" in name]
    assert not any("unlock" in value or "keystore" in value for value in given.values())
    assert {name for name in given if "_DB_" in name} == {f"PARAVENT_DB_{s}" for s in ("FRONT", "KEYS", "LEDGER")}


def test_what_is_private_is_private(environ: dict[str, str]) -> None:
    var = set_up(environ).var

    assert _mode(var) == _mode(var / "env") == _mode(var / "keystore") == 0o700
    private = [var / "unlock.key", *(var / "keystore").iterdir(), *(var / "env").iterdir()]
    assert {_mode(path) for path in private} == {0o600}


def test_setting_up_again_changes_nothing(environ: dict[str, str]) -> None:
    var = set_up(environ).var
    before = {path: path.read_bytes() for path in _files(var)}
    set_up(environ)

    assert {path: path.read_bytes() for path in _files(var)} == before


def test_set_up_killed_after_the_key_file_goes_on(environ: dict[str, str]) -> None:
    var = Path(environ["PARAVENT_VAR"])
    var.mkdir()
    (var / "unlock.key").write_text("ab" * 32)
    (var / "unlock.key").chmod(0o600)

    set_up(environ)

    assert (var / "unlock.key").read_text() == "ab" * 32
    assert (var / "keystore").is_dir()


def test_what_the_environment_says_is_kept_for_every_zone_that_may_know(environ: dict[str, str]) -> None:
    said = {"PARAVENT_GRID_MS": "0", "PARAVENT_KEYSTORE_PASSPHRASE": "a long enough passphrase"}
    var = set_up(environ | said | {"PARAVENT_WORDS_MEMORY_KIB": "64"}).var

    patient, worker = (read_file(file_of(var, zone)) for zone in ("patient", "worker"))
    assert patient["PARAVENT_GRID_MS"] == worker["PARAVENT_GRID_MS"] == "0"
    assert patient["PARAVENT_WORDS_SALT"] == worker["PARAVENT_WORDS_SALT"]
    files = b"".join(path.read_bytes() for path in _files(var))
    assert said["PARAVENT_KEYSTORE_PASSPHRASE"].encode() not in files


def test_a_zones_own_addresses_outlive_another_set_up(environ: dict[str, str]) -> None:
    var = set_up(environ).var
    own = {f"PARAVENT_DB_{silo}": f"postgresql+psycopg://patient:p&w d@db/{silo}" for silo in PATIENT_SILOS}
    for zone in ("patient", "worker"):
        write_file(file_of(var, zone), read_file(file_of(var, zone)) | own)

    set_up(environ | {"PARAVENT_GRID_MS": "7"})

    for zone in ("patient", "worker"):
        written = read_file(file_of(var, zone))
        assert {name: written[name] for name in own} == own
        assert written["PARAVENT_GRID_MS"] == "7"
    assert read_file(file_of(var, "clinic"))["PARAVENT_DB_FRONT"] == f"sqlite:///{var}/front.sqlite"


def test_no_zone_is_given_a_server_login_of_the_command_line(environ: dict[str, str]) -> None:
    settings = set_up(environ)
    ours = {silo: f"postgresql+psycopg://owner:secret@db/{silo}" for silo in SILOS}
    on_a_server = replace(settings, databases=ours)
    known = {"PARAVENT_WORDS_SALT": "00" * 16, "PARAVENT_DB_FRONT": ours["front"], "PARAVENT_DB_CONNECTIONS": "5"}

    for zone in ZONES:
        assert "owner" not in str(zone_values(zone, known, on_a_server, {}))
    written = {"PARAVENT_DB_KEYS": "postgresql+psycopg://patient@db/keys"}
    given = zone_values("patient", known, on_a_server, written)
    assert {name: url for name, url in given.items() if "://" in url} == written
    assert given["PARAVENT_DB_CONNECTIONS"] == "5"
    assert zone_values("cli", known, on_a_server, {})["PARAVENT_DB_CARE"] == ours["care"]


def test_a_zone_left_on_another_kind_of_database_is_named(environ: dict[str, str]) -> None:
    settings = set_up(environ)
    assert unlike(settings) == []

    on_a_server = {**settings.databases, "keys": "postgresql+psycopg://owner@db/keys"}
    faults = unlike(replace(settings, databases=on_a_server))

    assert [fault.split()[0] for fault in faults] == ["patient.env", "clinic.env", "worker.env", "cli.env"]
    assert all("PARAVENT_DB_KEYS on PostgreSQL" in fault for fault in faults)


def test_what_set_up_prints_starts_a_zone(
    environ: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    brand = "L'espace « d'ici » $HOME `x` #1"
    environ["PARAVENT_VAR"] += " with a space"
    for name, value in (environ | {"PARAVENT_BRAND": brand}).items():
        monkeypatch.setenv(name, value)
    assert main(["setup"]) == 0

    start = capsys.readouterr().out.splitlines()[1].replace("paravent serve", "env")
    done = subprocess.run(["/bin/sh", "-c", start], env={}, capture_output=True, text=True, check=True)  # noqa: S603 - the printed command

    said = dict(line.split("=", 1) for line in done.stdout.splitlines())
    assert (said["PARAVENT_ZONE"], said["PARAVENT_BRAND"]) == ("patient", brand)


@pytest.mark.parametrize(
    "value",
    ["", "plain", "a b", "l'été", '"', "a'b\"c", "$HOME `x` \\ #", " edges ", "p&w;|<>(){}*?!~", "a\u2028b\x85c"],
)
def test_a_value_reads_back_as_it_was_written_here_and_in_a_shell(tmp_path: Path, value: str) -> None:
    path = tmp_path / "x.env"
    write_file(path, {"PARAVENT_BRAND": value})

    assert read_file(path) == {"PARAVENT_BRAND": value}
    script = f'. {path}; printf %s "$PARAVENT_BRAND"'
    done = subprocess.run(["/bin/sh", "-c", script], env={}, capture_output=True, check=True)  # noqa: S603 - our own script
    assert done.stdout.decode() == value


@pytest.mark.parametrize(
    ("line", "value"),
    [("A=two words", "two words"), ("A=l'été", "l'été"), ('A="q"', "q"), ("A=", ""), ("A=b=c", "b=c")],
)
def test_a_line_written_by_hand_is_read(tmp_path: Path, line: str, value: str) -> None:
    path = tmp_path / "x.env"
    path.write_text(f"# by hand\n\n{line}\n")
    assert read_file(path) == {"A": value}


@pytest.mark.parametrize("value", ["a\nPARAVENT_DEMO=1", "a\rb"])
def test_a_value_of_two_lines_is_refused(tmp_path: Path, value: str) -> None:
    with pytest.raises(SettingsError, match="PARAVENT_BRAND must be one line"):
        write_file(tmp_path / "x.env", {"PARAVENT_BRAND": value})
    assert list(tmp_path.iterdir()) == []


def test_a_verifying_key_of_another_keystore_is_refused(environ: dict[str, str]) -> None:
    set_up(environ)
    with pytest.raises(SettingsError, match="VERIFY_KEY is not the key of the keystore"):
        set_up(environ | {"PARAVENT_VERIFY_KEY": "ab" * 32})


def test_a_keystore_that_the_settings_pin_is_never_made_anew(environ: dict[str, str]) -> None:
    var = set_up(environ).var
    (var / "keystore").rename(var / "away")
    before = {path: path.read_bytes() for path in (var / "env").iterdir()}

    with pytest.raises(KeystoreMissing, match="mount or restore it"):
        set_up(environ)

    assert not (var / "keystore").exists()
    assert {path: path.read_bytes() for path in (var / "env").iterdir()} == before
    (var / "away").rename(var / "keystore")
    set_up(environ)


def test_faults_are_printed_plainly(
    environ: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in (environ | {"PARAVENT_TLS": "maybe", "PARAVENT_GRID_MS": "x"}).items():
        monkeypatch.setenv(name, value)

    assert main(["setup"]) == 1

    errors = capsys.readouterr().err
    assert "PARAVENT_TLS must be 0 or 1" in errors
    assert "PARAVENT_GRID_MS must be a whole number" in errors
    assert "Traceback" not in errors


def test_an_environment_file_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "env" / "x.env"
    write_file(path, {"B": "2=3", "A": "1"})
    write_file(path, {"C": "é"})

    assert read_file(path) == {"C": "é"}
    assert _mode(path) == 0o600
    assert [one.name for one in path.parent.iterdir()] == ["x.env"]


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def _files(var: Path) -> list[Path]:
    return sorted(path for folder in ("env", "keystore", "public") for path in (var / folder).iterdir())
