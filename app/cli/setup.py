"""`paravent setup`: everything an installation needs before its first start. Doing it again changes nothing."""

import argparse
import os
import shlex
from collections.abc import Mapping
from dataclasses import replace

from app.cli import silo_rights, silos
from app.cli.environment import PREFIX, file_of, given, read_file, write_file
from app.clock import system_clock
from app.config import SILOS_OF_ZONE, Settings, SettingsError, Zone, load_settings
from app.db import SILOS, Databases, Silo
from app.vault.errors import KeystoreMissing
from app.vault.keystore import Keystore
from app.vault.unlock import new_key_file, unlock_of

_SERVED: tuple[Zone, ...] = ("patient", "clinic", "worker", "cli")
_DATABASES: Mapping[Silo, str] = {silo: f"{PREFIX}DB_{silo.upper()}" for silo in SILOS}
_FOR_WHO_ANCHORS = (f"{PREFIX}ANCHORS_S3", f"{PREFIX}TSA")
"""What only the worker and the command line are given."""
_FOR_WHO_BACKS_UP = f"{PREFIX}KEYSTORE_BACKUP"
"""What only the command line is given."""
_NEVER_SHARED = ("ZONE", "KEYSTORE", "KEYSTORE_PASSPHRASE", "KEYSTORE_KEY_FILE", "PKCS11")


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "setup", help="make var/, the keystore, the silos and each zone's environment file"
    )
    parser.set_defaults(act=act)


def act(_arguments: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Set up, and say where things are."""
    settings = set_up(environ)
    print(f"Ready. State: {settings.var}. Start each zone with its own file of {settings.var / 'env'}:")
    for zone in _SERVED[:-1]:
        print(f"  (set -a; . {shlex.quote(str(file_of(settings.var, zone)))}; set +a; paravent serve)")
    for fault in unlike(settings):
        print(f"Before that: {fault}")
    return 0


def set_up(environ: Mapping[str, str]) -> Settings:
    """Make what is missing and return the command line's settings. Raises SettingsError, KeystoreError."""
    known = given(environ)
    known.setdefault(f"{PREFIX}WORDS_SALT", os.urandom(16).hex())
    settings = load_settings({f"{PREFIX}VERIFY_KEY": "00" * 32} | known | {f"{PREFIX}ZONE": "cli"})
    settings.var.mkdir(mode=0o700, parents=True, exist_ok=True)
    settings = _with_unlock(settings)
    keystore = _keystore(settings, is_pinned=bool(known.get(f"{PREFIX}VERIFY_KEY")))
    pinned = known.setdefault(f"{PREFIX}VERIFY_KEY", keystore.verify_key.hex())
    if pinned != keystore.verify_key.hex():
        raise SettingsError([f"{PREFIX}VERIFY_KEY is not the key of the keystore at {settings.keystore}"])
    _upgrade_silos(settings)
    for zone in _SERVED:
        path = file_of(settings.var, zone)
        write_file(path, zone_values(zone, known, settings, read_file(path)))
    return replace(settings, verify_key=keystore.verify_key)


def zone_values(
    zone: Zone, known: Mapping[str, str], settings: Settings, written: Mapping[str, str]
) -> dict[str, str]:
    """Return the environment of one zone: what all share, its own silos, and the keystore unless it is patient.

    `written` is what its file says already.
    """
    shared = {name: value for name, value in known.items() if not _is_own(name)}
    if zone not in ("worker", "cli"):
        shared = {name: value for name, value in shared.items() if not name.startswith(_FOR_WHO_ANCHORS)}
    own = {"ZONE": zone, "VAR": str(settings.var), "PUBLIC_KEYS": str(settings.public_keys)}
    if zone != "patient":
        own["KEYSTORE"] = str(settings.keystore)
        if settings.keystore_key_file:
            own["KEYSTORE_KEY_FILE"] = str(settings.keystore_key_file)
    if zone == "cli":
        shared |= {name: value for name, value in known.items() if name.startswith(_FOR_WHO_BACKS_UP)}
    return shared | {PREFIX + name: value for name, value in own.items()} | _databases(zone, settings, written)


def unlike(settings: Settings) -> list[str]:
    """Say which addresses a zone's file lacks, or has on another kind of database than the command line's."""
    faults = []
    for zone in _SERVED:
        written = read_file(file_of(settings.var, zone))
        for silo in SILOS_OF_ZONE[zone]:
            ours, said = settings.databases[silo], written.get(_DATABASES[silo], "")
            if ours.split(":")[0] != said.split(":")[0]:
                kind = "on SQLite" if ours.startswith("sqlite:") else "on PostgreSQL, with the zone's own login"
                faults.append(f"{zone}.env must name {_DATABASES[silo]} {kind}")
    return faults


def _databases(zone: Zone, settings: Settings, written: Mapping[str, str]) -> dict[str, str]:
    """Return the addresses of a zone's silos: those its file names, which hold logins of its own, else ours.

    The command line's logins may do anything, so on a server no other zone is ever given one of them.
    """
    ours = {silo: settings.databases[silo] for silo in SILOS_OF_ZONE[zone]}
    if zone != "cli":
        ours = {silo: url for silo, url in ours.items() if url.startswith("sqlite:")}
    given = {_DATABASES[silo]: url for silo, url in ours.items()}
    if zone == "cli":
        return given
    return given | {name: value for name, value in written.items() if name.startswith(f"{PREFIX}DB_")}


def _is_own(name: str) -> bool:
    return name in _DATABASES.values() or name.removeprefix(PREFIX).startswith(_NEVER_SHARED)


def _with_unlock(settings: Settings) -> Settings:
    """Give the keystore a key file of its own when nothing else was named to unlock it."""
    if settings.keystore_passphrase or settings.keystore_key_file or settings.token:
        return settings
    key_file = settings.var / "unlock.key"
    if not key_file.exists():
        new_key_file(key_file)
    return replace(settings, keystore_key_file=key_file)


def _keystore(settings: Settings, *, is_pinned: bool) -> Keystore:
    """Open the keystore, or make it; one that the settings pin was made before, and never makes way for another."""
    unlock = unlock_of(settings)
    try:
        keystore = Keystore.open(settings.keystore, unlock)
        keystore.ensure_epoch(system_clock())
    except KeystoreMissing:
        if is_pinned:
            raise KeystoreMissing(
                f"the keystore that {PREFIX}VERIFY_KEY pins is not at {settings.keystore}: mount or restore it"
            ) from None
        keystore = Keystore.create(settings.keystore, settings.public_keys, unlock, system_clock())
    return keystore


def _upgrade_silos(settings: Settings) -> None:
    db = Databases(settings.databases)
    try:
        silos.upgrade(db)
        silo_rights.grant(db)
    finally:
        db.dispose()
