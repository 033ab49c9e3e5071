"""Checks of `paravent doctor`: who may read what of this installation, and what its zones hold."""

import stat
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from app.cli.environment import file_of, read_file
from app.cli.findings import Finding, Place, fault, warning, well
from app.config import ROOT, Zone

_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_ZONES: tuple[Zone, ...] = ("patient", "clinic", "worker")
_PRIVATE = ("KEYSTORE", "PKCS11")
_BACKUP_MARK = "last-backup"
_BACKUP_EVERY = timedelta(hours=36)
"""A day, and the time a slow night may take."""
_ALONE = "import app.patient.factory; from app.process import check_confined; check_confined('patient')"


def folders(place: Place) -> Iterator[Finding]:
    """Check that the folder of this installation's state is closed to others, and belongs to one user."""
    var = place.settings.var
    if not var.is_dir():
        yield fault("folder", f"there is no folder {var}", "run paravent setup, or set PARAVENT_VAR")
        return
    if _open(var):
        yield fault("folder", f"other users can enter {var}", f"chmod 700 {var}")
    else:
        yield well("folder", f"{var} is closed to other users")
    owner = var.stat().st_uid
    strange = sorted(path.name for path in var.iterdir() if path.lstat().st_uid != owner)
    if strange:
        yield fault(
            "owner",
            f"{', '.join(strange)} in {var} belong to another user than the folder",
            f"give them to the user of the folder (chown -R), and run paravent as that user, never as root: {var}",
        )


def zone_files(place: Place) -> Iterator[Finding]:
    """Check each zone's environment file: there, closed to others, and the patient's without a way to a key."""
    for zone in _ZONES:
        path = file_of(place.settings.var, zone)
        if not path.exists():
            if place.settings.zone == "cli":
                yield warning(
                    "zone files",
                    f"{zone}.env is not here",
                    f"if that zone runs on another machine, run paravent doctor --zone {zone} there",
                )
        elif _open(path):
            yield fault("zone files", f"other users can read {zone}.env", f"chmod 600 {path}")
        else:
            yield well("zone files", f"{zone}.env is closed to other users")
    if any(word in name for name in read_file(file_of(place.settings.var, "patient")) for word in _PRIVATE):
        yield fault(
            "zone files",
            "patient.env names the keystore or what unlocks it",
            "remove those lines: the patient zone must have no way to a private key",
        )


def keystore_files(place: Place) -> Iterator[Finding]:
    """Check that the keystore is closed, and not the patient's user's own; that a patient machine has none."""
    keystore = place.settings.keystore
    if place.settings.zone == "patient":
        if keystore.exists():
            yield fault("keystore", "there is a keystore where the patient zone runs", f"take it away: {keystore}")
        return
    if not keystore.is_dir():
        yield fault(
            "keystore", f"there is no keystore at {keystore}", "restore its folder, or set PARAVENT_KEYSTORE"
        )
        return
    unlocking = place.settings.keystore_key_file
    kept = [keystore, *keystore.iterdir(), *([unlocking] if unlocking and unlocking.exists() else [])]
    loose = sorted(path.name for path in kept if _open(path))
    if loose:
        yield fault("keystore", f"other users can read {', '.join(loose)}", "chmod 600 the files, 700 the folder")
    else:
        yield well("keystore", "the keystore is closed to other users")
    yield from _kept_from_patients(place, kept)


def _kept_from_patients(place: Place, kept: list[Path]) -> Iterator[Finding]:
    user = place.users(place.patient_user)
    if user is None:
        yield warning(
            "keystore",
            f"no user {place.patient_user} is on this machine: it can't be said that patients' pages run apart",
            "run the patient zone under a user of its own (docs/deploy/systemd), or on its own machine",
        )
    elif any(path.stat().st_uid == user for path in kept):
        yield fault(
            "keystore",
            f"{place.patient_user} owns a part of the keystore or what unlocks it",
            "give it to the clinic's user (chown -R)",
        )
    else:
        yield well("keystore", f"{place.patient_user} can't read the keystore")


def pinned_key(place: Place) -> Iterator[Finding]:
    """Check that every zone trusts the keystore's own signature."""
    if place.keystore is None:
        return
    for zone, settings in place.everyone.items():
        if settings.verify_key != place.keystore.verify_key:
            yield fault(
                "pinned key",
                f"PARAVENT_VERIFY_KEY of {zone}.env is not the keystore's: what that zone seals may be for another",
                f"find out who changed it; paravent keys status says the key, paravent setup writes {zone}.env",
            )
            return
    yield well("pinned key", "every zone trusts the keystore's signature, and no other")


def patient_code(place: Place) -> Iterator[Finding]:
    """Start a process that imports what the patient zone serves, and let it say what it holds."""
    environ = {"PATH": "/usr/bin:/bin"}
    command = [sys.executable, "-c", _ALONE]
    done = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=False)  # noqa: S603 - our own command
    if done.returncode == 0:
        yield well("patient code", "the patient zone's code brings no key and nothing of the clinic's with it")
        return
    last = (done.stderr.strip().splitlines() or ["it did not start"])[-1]
    yield fault(
        "patient code",
        f"the patient zone's code does not stand alone: {last}",
        "put back the release's own files: this code is not as it was shipped",
    )


def backups(place: Place) -> Iterator[Finding]:
    """Check the mark that the operator's backup leaves: no other program tells."""
    mark = place.settings.var / _BACKUP_MARK
    if place.settings.zone == "patient":
        return
    if not mark.exists():
        yield warning(
            "backups",
            "nothing says when the last backup was made",
            f"let whatever makes backups end with: touch {mark}",
        )
        return
    made = datetime.fromtimestamp(mark.stat().st_mtime, UTC)
    if place.now - made > _BACKUP_EVERY:
        yield fault(
            "backups", f"the last backup is of {made:%Y-%m-%d %H:%M} UTC", "find out why none was made since"
        )
    else:
        yield well("backups", f"the last backup is of {made:%Y-%m-%d %H:%M} UTC")


def _open(path: Path) -> bool:
    return bool(stat.S_IMODE(path.stat().st_mode) & _OTHERS)
