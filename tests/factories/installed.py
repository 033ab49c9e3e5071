"""An installation made by `paravent setup`, once, and copied for each test that breaks it."""

import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from app.cli.environment import file_of, open_vault, read_file, settings_of
from app.cli.findings import Place
from app.clock import system_clock
from app.config import Settings, Zone, load_settings
from app.db import Databases


def copied(made: Path, var: Path) -> Path:
    """Copy an installation's folder to another place, and let its files say so."""
    shutil.copytree(made, var)
    for path in (var / "env").iterdir():
        path.write_text(path.read_text().replace(str(made), str(var)))
    return var


def settings_in(var: Path, zone: Zone) -> Settings:
    """Return a zone's settings as its file says them."""
    return load_settings(read_file(file_of(var, zone)))


def place_in(var: Path, changes: Mapping[str, Any] | None = None, **place: Any) -> Place:
    """Return what `paravent doctor` looks at, with some settings changed, on a machine in order."""
    settings = replace(settings_of({"PARAVENT_VAR": str(var)}), **(changes or {}))
    zones: dict[Zone, Settings] = {
        zone: replace(settings_in(var, zone), **(changes or {})) for zone in ("patient", "clinic", "worker")
    }
    db = Databases(settings.databases, 1)
    known: dict[str, Any] = {
        "settings": settings,
        "zones": zones,
        "db": db,
        "keystore": open_vault(settings, db).keystore,
        "now": system_clock(),
        "users": {"somebody": 1}.get,
        "proc": a_machine(var.parent / "proc"),
    }
    return Place(**(known | place))


def a_machine(proc: Path, *, core: str = "core", swaps: str = "", ptrace: str | None = "2") -> Path:
    """Write what a machine says of itself below `/proc`."""
    (proc / "sys/kernel/yama").mkdir(parents=True, exist_ok=True)
    (proc / "sys/kernel/core_pattern").write_text(f"{core}\n")
    (proc / "swaps").write_text(f"Filename Type Size Used Priority\n{swaps}")
    scope = proc / "sys/kernel/yama/ptrace_scope"
    scope.unlink(missing_ok=True)
    if ptrace is not None:
        scope.write_text(f"{ptrace}\n")
    return proc
