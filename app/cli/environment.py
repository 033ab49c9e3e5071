"""Where the command line finds its settings: the environment it was given, over the file that set-up wrote."""

import os
import shlex
from collections.abc import Mapping
from pathlib import Path

from app.config import ROOT, Settings, SettingsError, load_settings
from app.db import Databases
from app.ledger.sealed import sealer_of
from app.vault.door import Vault
from app.vault.keystore import Keystore
from app.vault.unlock import unlock_of

PREFIX = "PARAVENT_"
_HEAD = "# Written by `paravent setup`. What is set in the environment wins over this file.\n"


def var_of(environ: Mapping[str, str]) -> Path:
    """Return where this installation keeps its state."""
    return Path(environ.get(f"{PREFIX}VAR") or ROOT / "var").absolute()


def file_of(var: Path, zone: str) -> Path:
    """Return a zone's environment file."""
    return var / "env" / f"{zone}.env"


def settings_of(environ: Mapping[str, str]) -> Settings:
    """Load the command line's settings, as zone `cli` unless another is named. Raises SettingsError."""
    return load_settings({f"{PREFIX}ZONE": "cli"} | given(environ))


def given(environ: Mapping[str, str]) -> dict[str, str]:
    """Return what the command line's file says, overlaid by the environment."""
    written = read_file(file_of(var_of(environ), "cli"))
    return written | {name: value for name, value in environ.items() if name.startswith(PREFIX)}


def silos_of(settings: Settings) -> Databases:
    """Return the silos of the settings, with what their events are sealed by. The caller disposes of them."""
    return Databases(settings.databases, sealer=sealer_of(settings))


def open_vault(settings: Settings, db: Databases) -> Vault:
    """Open the keystore with what the settings give. Raises KeystoreError."""
    return Vault(Keystore.open(settings.keystore, unlock_of(settings)), db)


def read_file(path: Path) -> dict[str, str]:
    """Read an environment file: a `NAME=value` a line, quoted as for a shell. One that is not there is empty."""
    if not path.exists():
        return {}
    lines = (line.strip() for line in path.read_text(encoding="utf-8").split("\n"))
    pairs = (line.partition("=") for line in lines if line and not line.startswith("#"))
    return {name: _unquoted(value) for name, _, value in pairs}


def write_file(path: Path, values: Mapping[str, str]) -> None:
    """Write an environment file that its owner alone can read (0600), whole or not at all, for a shell to read too.

    Raises SettingsError for a value of more than one line.
    """
    broken = sorted(name for name, value in values.items() if "\n" in value or "\r" in value)
    if broken:
        raise SettingsError([f"{name} must be one line" for name in broken])
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    beside = path.with_suffix(".new")
    beside.unlink(missing_ok=True)
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(_HEAD + "".join(f"{name}={shlex.quote(value)}\n" for name, value in sorted(values.items())))
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)


def _unquoted(value: str) -> str:
    """Return what a shell reads in a value; one written by hand that is no single word to it stays as it is."""
    try:
        words = shlex.split(value)
    except ValueError:
        return value
    return words[0] if len(words) == 1 else value
