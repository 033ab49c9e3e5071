"""`paravent doctor`: what is missing or unsafe in this installation. It reads, and changes nothing."""

import argparse
import json
import pwd
from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from datetime import datetime
from pathlib import Path

from app.cli import (
    doctor_backups,
    doctor_machine,
    doctor_place,
    doctor_retention,
    doctor_settings,
    doctor_silos,
    silo_rights,
)
from app.cli.environment import PREFIX, file_of, given, open_vault, read_file, settings_of, var_of
from app.cli.findings import PATIENT_USER, Check, Finding, Place, Rights, fault
from app.cli.health import see_silo
from app.clock import system_clock
from app.config import Settings, SettingsError, Zone, load_settings
from app.db import Databases
from app.vault.errors import KeystoreError
from app.vault.keystore import Keystore

_ZONES: tuple[Zone, ...] = ("patient", "clinic", "worker")
_UNLOCKING = (f"{PREFIX}KEYSTORE_PASSPHRASE", f"{PREFIX}PKCS11_PIN")
"""What may be given to a process beside its file, and never stands in it."""
CHECKS: tuple[Check, ...] = (
    doctor_place.folders,
    doctor_place.zone_files,
    doctor_place.keystore_files,
    doctor_place.pinned_key,
    doctor_place.patient_code,
    doctor_settings.demonstration,
    doctor_settings.addresses,
    doctor_settings.time_grid,
    doctor_settings.words_cost,
    doctor_settings.messages,
    doctor_settings.files_between_users,
    doctor_settings.database_addresses,
    doctor_silos.silos,
    doctor_silos.logins,
    doctor_silos.rights,
    doctor_silos.clock,
    doctor_silos.day_keys,
    doctor_silos.intake_key,
    doctor_silos.ledger_key,
    doctor_silos.mailbox,
    doctor_silos.chain,
    doctor_retention.kept_days,
    doctor_retention.waiting_for_two,
    doctor_place.backups,
    doctor_backups.key_backups,
    doctor_machine.disk,
    doctor_machine.certificate,
    doctor_machine.core_dumps,
    doctor_machine.swap,
    doctor_machine.ptrace,
)
"""Everything that is looked at, in order."""
RIGHTS: Rights = silo_rights.check_all
"""What compares the rights on PostgreSQL."""


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declare the command."""
    parser = commands.add_parser("doctor", help="say what is missing or unsafe in this installation")
    parser.add_argument(
        "--zone", choices=_ZONES, help="look as this zone, with its own file (default: at everything)"
    )
    parser.add_argument("--certificate", type=Path, help="TLS certificate whose end is to be checked (PEM)")
    parser.add_argument(
        "--patient-user", default=PATIENT_USER, metavar="NAME", help=f"whom patients' pages run as ({PATIENT_USER})"
    )
    parser.add_argument("--json", action="store_true", help="print a document instead of lines")
    parser.set_defaults(act=act)


def act(arguments: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Look at everything and print it; return 1 when there is a fault. Raises SettingsError without settings."""
    try:
        settings = _asked(arguments.zone, environ)
        zones, refused = _zones(settings, environ)
    except PermissionError:
        raise SettingsError(["this user may not read the installation: run it as its user, or as root"]) from None
    keystore, shut = _opened(settings)
    place = Place(
        settings=settings,
        zones=zones,
        db=Databases(settings.databases, 1),
        keystore=keystore,
        now=system_clock(),
        users=_user,
        patient_user=arguments.patient_user,
        certificate=arguments.certificate,
        rights=RIGHTS,
    )
    found = [*refused, *shut, *examine(place)]
    place.db.dispose()
    print(as_json(found, place.now) if arguments.json else as_text(found, place.now))
    return 1 if any(one.level == "fault" for one in found) else 0


def examine(place: Place, checks: tuple[Check, ...] = CHECKS) -> list[Finding]:
    """Run every check, in order."""
    urls = place.settings.databases.items()
    answering = frozenset(silo for silo, url in urls if see_silo(place.db, silo, url).said != "does not answer")
    seen = replace(place, answering=answering)
    return [finding for check in checks for finding in _run(check, seen)]


def as_text(found: list[Finding], now: datetime) -> str:
    """Return the findings for a person: what is wrong last, where the eye is when the command ends."""
    order = {"ok": 0, "warning": 1, "fault": 2}
    lines = [line for one in sorted(found, key=lambda one: order[one.level]) for line in _lines(one)]
    counts = {level: sum(one.level == level for one in found) for level in order}
    told = f"{counts['fault']} fault(s), {counts['warning']} warning(s), {counts['ok']} in order"
    return "\n".join([f"Paravent, {now:%Y-%m-%d %H:%M} UTC", *lines, told])


def as_json(found: list[Finding], now: datetime) -> str:
    """Return the findings for a program."""
    faults = sum(one.level == "fault" for one in found)
    document = {"at": now.isoformat(timespec="seconds"), "faults": faults, "findings": [*map(asdict, found)]}
    return json.dumps(document, indent=1, ensure_ascii=False)


def _run(check: Check, place: Place) -> list[Finding]:
    try:
        return list(check(place))
    except PermissionError:
        what = check.__name__.replace("_", " ")
        return [fault(what, "this user may not look at it", "run it as the user of the installation, or as root")]


def _lines(one: Finding) -> Iterator[str]:
    yield f"  {one.level:<8} {one.check:<14} {one.said}"
    if one.step:
        yield f"{'':<26}→ {one.step}"


def _asked(zone: Zone | None, environ: Mapping[str, str]) -> Settings:
    """Return the settings of the zone asked for, else the command line's. Raises SettingsError."""
    if zone is None:
        return settings_of({name: value for name, value in environ.items() if name != f"{PREFIX}ZONE"})
    return load_settings(_values(zone, var_of(environ), environ))


def _zones(settings: Settings, environ: Mapping[str, str]) -> tuple[dict[Zone, Settings], list[Finding]]:
    """Return the settings of the zones whose file is here, and what is wrong with the others'."""
    zones: dict[Zone, Settings] = {}
    refused: list[Finding] = []
    for zone in _ZONES if settings.zone == "cli" else (settings.zone,):
        if not file_of(settings.var, zone).exists():
            continue
        try:
            zones[zone] = load_settings(_values(zone, settings.var, environ))
        except SettingsError as error:
            refused += [
                fault("zone files", f"{zone}.env: {one}", "correct it, or run setup") for one in error.faults
            ]
    return zones, refused


def _values(zone: Zone, var: Path, environ: Mapping[str, str]) -> dict[str, str]:
    """Return a zone's environment: its file, under what is set here; for the inner zones, what unlocks too."""
    own = {name: value for name, value in environ.items() if name.startswith(PREFIX)}
    values = read_file(file_of(var, zone))
    if own.get(f"{PREFIX}ZONE") == zone or not values:
        values |= own
    unlocking = {name: value for name, value in given(environ).items() if name in _UNLOCKING}
    if zone != "patient":
        values = unlocking | values
    return values | {f"{PREFIX}ZONE": zone}


def _opened(settings: Settings) -> tuple[Keystore | None, list[Finding]]:
    """Open the keystore, where the zone has one; say why when it does not open."""
    if settings.zone == "patient":
        return None, []
    db = Databases(settings.databases, 1)
    try:
        return open_vault(settings, db).keystore, []
    except KeystoreError as error:
        return None, [fault("keystore", str(error), "give what unlocks it, or restore its folder of that day")]
    finally:
        db.dispose()


def _user(name: str) -> int | None:
    try:
        return pwd.getpwnam(name).pw_uid
    except KeyError:
        return None
