"""`paravent metrics`: what the running processes counted, summed."""

import argparse
from collections.abc import Mapping

from app.config import load_settings
from app.web.metrics import summed


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declare the command."""
    parser = commands.add_parser("metrics", help="print what the running processes counted")
    parser.set_defaults(act=act)


def act(_arguments: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Print one figure a line. Raises SettingsError."""
    for series, count in summed(load_settings(environ).var).items():
        print(f"{series} {count}")
    return 0
