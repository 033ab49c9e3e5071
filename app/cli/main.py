"""The command `paravent`. Each command lives in a small file of its own beside this one."""

import argparse
import os
import sys
from collections.abc import Sequence

from app.cli import discretion_report, metrics, profiles, run, serve, setup, silo_commands, staff
from app.config import SettingsError
from app.db import SiloUnavailable
from app.front.published_directory import DirectoryFaults
from app.profiles.faults import ProfileFaults
from app.vault.errors import KeystoreError

_TOLD = (SettingsError, SiloUnavailable, ProfileFaults, DirectoryFaults, KeystoreError)
"""Faults whose message is written for the person at the terminal, and holds nothing secret."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status: 0 done, 1 something is wrong, 2 not a command."""
    parser = argparse.ArgumentParser(prog="paravent", description="The private front door of a clinic.")
    commands = parser.add_subparsers(dest="command", required=True)
    for command in (setup, serve, metrics, run, profiles, discretion_report, silo_commands, staff):
        command.add_to(commands)
    arguments = parser.parse_args(argv)
    try:
        status: int = arguments.act(arguments, os.environ)
    except _TOLD as error:
        print(f"paravent: {error}", file=sys.stderr)
        return 1
    return status


if __name__ == "__main__":
    sys.exit(main())
