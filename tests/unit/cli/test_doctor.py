"""The doctor: an installation in order has no fault; what is missing or unsafe is found and named."""

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from app.cli import doctor_machine, doctor_place
from app.cli.doctor import CHECKS, examine
from app.cli.environment import file_of, read_file, write_file
from app.cli.findings import Place
from app.clock import system_clock
from app.config import WordsCost
from app.db import Databases
from app.ledger.service import record
from app.vault.models import MailboxEntry
from tests.factories.installed import a_machine, place_in, settings_in
from tests.factories.served import self_signed

QUICK = tuple(check for check in CHECKS if check is not doctor_place.patient_code)


def found(place: Place, level: str = "fault") -> list[str]:
    """Return what the doctor finds at a level: the check and its sentence. Every step is said."""
    findings = examine(place, QUICK)
    place.db.dispose()
    assert all(bool(one.step) == (one.level != "ok") for one in findings)
    return [f"{one.check}: {one.said}" for one in findings if one.level == level]


def test_an_installation_in_order_has_no_fault(var: Path) -> None:
    place = place_in(var)
    assert found(place) == []
    assert len(found(place_in(var), "ok")) >= 15


def opened_folder(var: Path) -> None:
    var.chmod(0o755)


def opened_zone_file(var: Path) -> None:
    file_of(var, "worker").chmod(0o640)


def key_for_patients(var: Path) -> None:
    path = file_of(var, "patient")
    write_file(path, read_file(path) | {"PARAVENT_KEYSTORE": "x"})


def opened_key(var: Path) -> None:
    next((var / "keystore").glob("epoch-*.key")).chmod(0o644)


def opened_unlock(var: Path) -> None:
    (var / "unlock.key").chmod(0o604)


def lost_intake_key(var: Path) -> None:
    for path in (var / "public").glob("intake-*"):
        path.unlink()


def lost_ledger_key(var: Path) -> None:
    sorted((var / "public").glob("ledger-*.json"))[1].unlink()


def lost_silo(var: Path) -> None:
    (var / "care.sqlite").unlink()


def old_silo(var: Path) -> None:
    db = Databases({"desk": f"sqlite:///{var}/desk.sqlite"})
    with db.engine("desk").begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0000'"))
    db.dispose()


def line_of_tomorrow(var: Path) -> None:
    db = Databases({"ledger": f"sqlite:///{var}/ledger.sqlite"})
    tomorrow = system_clock() + timedelta(days=1)
    record(db, tomorrow, "cli", "epoch.made", epoch="2026-11-22", kind="secrets")
    db.dispose()


def key_of_tomorrow(var: Path) -> None:
    tomorrow = (system_clock() + timedelta(days=2)).date()
    (var / "keystore" / f"epoch-{tomorrow}.key").touch(mode=0o600)


def key_of_last_week(var: Path) -> None:
    key = next((var / "keystore").glob("epoch-*.key"))
    key.rename(key.with_name("epoch-2026-01-01.key"))


def old_mail(var: Path) -> None:
    db = Databases({"keys": f"sqlite:///{var}/keys.sqlite"})
    then = system_clock() - timedelta(hours=25)
    with db.writing("keys") as session:
        session.add(MailboxEntry(submission=uuid4(), epoch="2026-W47", sealed=b"x", created_at=then))
    db.dispose()


def old_backup(var: Path) -> None:
    (var / "last-backup").touch()
    os.utime(var / "last-backup", (0, 0))


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (opened_folder, "folder: other users can enter"),
        (opened_zone_file, "zone files: other users can read worker.env"),
        (key_for_patients, "zone files: patient.env names the keystore"),
        (opened_unlock, "keystore: other users can read unlock.key"),
        (lost_intake_key, "intake key: patients can't send"),
        (lost_ledger_key, "ledger key: nothing can be recorded, and so nothing opened: of the next month"),
        (lost_silo, "silos: care does not answer"),
        (old_silo, "silos: desk has the tables of another release"),
        (line_of_tomorrow, "clock: the ledger's newest line is of"),
        (key_of_tomorrow, "clock: there is a key of a day to come"),
        (key_of_last_week, "keys: the newest key of the day is of 2026-01-01"),
        (old_mail, "mailbox: 1 submission(s) wait for the worker"),
        (old_backup, "backups: the last backup is of 1970-01-01"),
    ],
    ids=lambda one: getattr(one, "__name__", ""),
)
def test_what_is_broken_in_the_folder_is_found_alone(var: Path, broken: Callable[[Path], None], said: str) -> None:
    place = place_in(var)
    broken(var)
    faults = found(place)
    assert len(faults) == 1, faults
    assert faults[0].startswith(said)


def test_a_key_that_others_can_read_is_found(var: Path) -> None:
    place = place_in(var)
    opened_key(var)
    assert any(one.startswith("keystore: other users can read epoch-") for one in found(place))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"demo": True}, "demonstration: PARAVENT_DEMO is on for cli, patient, clinic, worker"),
        ({"tls": False, "patient_address": "http://rdv.example.fr"}, "TLS: PARAVENT_PATIENT_ADDRESS is http://rdv"),
        ({"clinic_address": "http://10.0.0.2:8001"}, "TLS: PARAVENT_CLINIC_ADDRESS is http://10.0.0.2:8001"),
        ({"grid_ms": 0}, "time grid: PARAVENT_GRID_MS is 0"),
        ({"words_grid_ms": 0}, "time grid: PARAVENT_WORDS_GRID_MS is 0"),
        ({"words_cost": WordsCost(memory_kib=8192, passes=3)}, "code words: hashing code words costs 8192 KiB"),
        ({"words_cost": WordsCost(passes=1)}, "code words: hashing code words costs 65536 KiB and 1 pass"),
        ({"verify_key": bytes(32)}, "pinned key: PARAVENT_VERIFY_KEY of cli.env is not the keystore's"),
    ],
)
def test_a_setting_that_is_only_for_trying_out_is_found(var: Path, changes: dict[str, Any], said: str) -> None:
    assert any(one.startswith(said) for one in found(place_in(var, changes)))


def test_a_zone_that_trusts_another_keystore_is_named(var: Path) -> None:
    place = place_in(var)
    other = replace(place.zones["patient"], verify_key=bytes(32))
    faults = found(replace(place, zones={**place.zones, "patient": other}))
    assert [one.split(":")[1][:36] for one in faults] == [" PARAVENT_VERIFY_KEY of patient.env i"[:36]]


def test_an_address_in_the_open_with_tls_is_in_order(var: Path) -> None:
    public = {"patient_address": "https://rdv.example.fr", "clinic_address": "https://10.0.0.2", "proxy_hops": 1}
    place = place_in(var, public)
    assert found(place) == []
    assert not any(one.startswith(("TLS", "proxy")) for one in found(place_in(var, public), "warning"))
    assert "proxy: no proxy is declared" in str(found(place_in(var, public | {"proxy_hops": 0}), "warning"))


def test_files_serve_one_user_only(var: Path) -> None:
    faults = found(place_in(var, users={"paravent-patient": os.geteuid() + 1}.get))
    assert any(one.startswith("databases: silos are SQLite files, and") for one in faults)


def test_a_keystore_of_the_patients_user_is_found(var: Path) -> None:
    place = place_in(var, users={"p": os.geteuid()}.get, patient_user="p")
    assert "keystore: p owns a part of the keystore or what unlocks it" in found(place)
    other = place_in(var, users={"p": os.geteuid() + 1}.get, patient_user="p")
    assert "keystore: p can't read the keystore" in found(other, "ok")


@pytest.mark.parametrize(
    ("machine", "said"),
    [
        ({"core": "|/usr/lib/systemd/systemd-coredump %P"}, "core dumps: a program receives the core dumps"),
        ({"swaps": "/dev/vda2 partition 4 0 -2\n"}, "swap: memory may be written to /dev/vda2"),
        ({"ptrace": "0"}, "ptrace: a process may look into others"),
        ({"ptrace": None}, "ptrace: the kernel has no Yama"),
    ],
)
def test_what_the_machine_does_with_memory_is_found(var: Path, machine: dict[str, Any], said: str) -> None:
    assert not any(one.startswith(said) for one in found(place_in(var), "warning"))
    place = place_in(var)
    a_machine(place.proc, **machine)
    assert any(one.startswith(said) for one in found(place, "warning"))


def test_compressed_memory_is_no_disk(var: Path) -> None:
    place = place_in(var)
    a_machine(place.proc, swaps="/dev/zram0 partition 4 0 100\n")
    assert not any(one.startswith("swap") for one in found(place, "warning"))


def test_the_end_of_a_certificate_is_counted(var: Path, tmp_path: Path) -> None:
    certificate, _key = self_signed(tmp_path)
    assert any(one.startswith("certificate: the certificate ends on") for one in found(
        place_in(var, certificate=certificate), "warning"
    ))  # fmt: skip
    late = place_in(var, certificate=certificate)
    (told,) = doctor_machine.certificate(replace(late, now=late.now + timedelta(days=3)))
    late.db.dispose()
    assert (told.level, told.step) == ("fault", "renew it now: browsers refuse it")
    no_certificate = found(place_in(var, certificate=var / "unlock.key"))
    assert any("can't be read as a certificate" in one for one in no_certificate)


def test_another_users_file_is_found(var: Path) -> None:
    if os.geteuid():
        pytest.skip("only root can give a file away")
    os.chown(var / "front.sqlite", 12345, 12345)
    assert any(one.startswith("owner: front.sqlite") for one in found(place_in(var)))


def test_a_keystore_beside_the_patients_pages_is_found(var: Path) -> None:
    place = place_in(var)
    alone = replace(place, settings=settings_in(var, "patient"), keystore=None)
    assert any(one.startswith("keystore: there is a keystore where the patient zone runs") for one in found(alone))


def test_a_mark_of_today_is_a_backup(var: Path) -> None:
    assert any(one.startswith("backups: nothing says") for one in found(place_in(var), "warning"))
    (var / "last-backup").touch()
    assert any(one.startswith("backups: the last backup is of") for one in found(place_in(var), "ok"))
