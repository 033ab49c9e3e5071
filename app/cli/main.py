"""The command `paravent`. Each command lives in a small file of its own beside this one."""

import argparse
import os
import sys
from collections.abc import Sequence
from types import ModuleType

from app.config import SettingsError
from app.db import SiloUnavailable
from app.front.published_directory import DirectoryFaults
from app.process import DumpsNotForbidden, NotConfined
from app.profiles.faults import ProfileFaults
from app.vault.errors import KeystoreError
from app.vault.pki_errors import PkiError

_TOLD = (
    SettingsError,
    SiloUnavailable,
    ProfileFaults,
    DirectoryFaults,
    KeystoreError,
    PkiError,
    DumpsNotForbidden,
    NotConfined,
)
"""Faults whose message is written for the person at the terminal, and holds nothing secret."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status: 0 done, 1 something is wrong, 2 not a command."""
    words = sys.argv[1:] if argv is None else argv
    parser = argparse.ArgumentParser(prog="paravent", description="The private front door of a clinic.")
    commands = parser.add_subparsers(dest="command", required=True)
    for command in _commands(words[:1]):
        command.add_to(commands)
    arguments = parser.parse_args(words)
    try:
        status: int = arguments.act(arguments, os.environ)
    except _TOLD as error:
        print(f"paravent: {error}", file=sys.stderr)
        return 1
    return status


def _commands(first: Sequence[str]) -> tuple[ModuleType, ...]:
    """Return the commands; `serve` alone for itself, since its forked workers hold all that was imported here."""
    if list(first) == ["serve"]:
        from app.cli import serve

        return (serve,)
    from app.cli import (
        discretion_report,
        doctor,
        keys,
        ledger,
        metrics,
        pki,
        profiles,
        run,
        serve,
        setup,
        silo_commands,
        staff,
    )

    pages = profiles, discretion_report
    return setup, serve, metrics, run, doctor, *pages, silo_commands, keys, ledger, pki, staff


if __name__ == "__main__":
    sys.exit(main())
