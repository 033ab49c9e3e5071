"""`paravent ledger`: what the ledger holds, a bundle or a SIEM's formats of it, and its verification.

The verifier is a program of its own with a key that was pinned beforehand: nothing that this installation says of
itself is taken for granted.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from sqlalchemy import func, select

from app.cli import ledger_complete, ledger_elsewhere
from app.cli.environment import open_vault, settings_of
from app.clock import system_clock
from app.config import ROOT, Settings, SettingsError
from app.db import Databases
from app.ledger.cef import cef_line
from app.ledger.ecs import ecs_line
from app.ledger.export import bundle
from app.ledger.models import Event, Leaf
from app.ledger.notes import time_of
from app.ledger.opening import EventKeys
from app.ledger.sequence import newest_checkpoint
from app.ledger.siem import Told, all_placed, tell
from app.ledger.syslog import syslog_message
from app.worker.chain import last_anchored, signer_of
from app.worker.forwarding import ForwardedUnreadable, sent_so_far

VERIFIER: Path = ROOT / "app" / "ledger" / "verify.py"
_LINES: Mapping[str, Callable[[Told], str]] = {
    "ecs": ecs_line,
    "cef": cef_line,
    "rfc5424": lambda told: syslog_message(told, "ecs"),
}
"""How an event is written for a SIEM, one a line."""


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declare the commands."""
    parser = commands.add_parser("ledger", help="count, export or verify what was recorded")
    actions = parser.add_subparsers(dest="action", required=True)
    actions.add_parser("status", help="count events, and print the key to pin").set_defaults(act=_status)
    out = actions.add_parser("export", help="write a bundle that can be verified elsewhere")
    out.add_argument("file", type=Path, help="a new file; it holds who opened what, a bundle pseudonyms too")
    out.add_argument(
        "--format", choices=("jsonl", *_LINES), default="jsonl", help="jsonl: the bundle (default); else for a SIEM"
    )
    out.add_argument(
        "--subjects", action="store_true", help="in a SIEM's format too, say which patients, by their pseudonyms"
    )
    opened = "release the keys of what events say, and say which patients: for who is entitled to read it all"
    out.add_argument("--opened", action="store_true", help=opened)
    out.set_defaults(act=_export)
    whole = actions.add_parser("complete", help="compare openings and stored ciphertexts with the events")
    whole.set_defaults(act=ledger_complete.run)
    check = actions.add_parser("verify", help="verify this ledger, or a bundle, by the pinned key")
    check.add_argument("file", type=Path, nargs="?", help="a bundle (default: this installation's ledger)")
    check.add_argument("--anchors", type=Path, help="folder of anchored notes (default: this installation's)")
    check.add_argument("--opened", action="store_true", help="open what events say too, by this keystore")
    check.set_defaults(act=_verify)
    ledger_elsewhere.add_to(actions)


def _status(_arguments: argparse.Namespace, environ: Mapping[str, str]) -> int:
    settings = settings_of(environ)
    db = Databases(settings.databases)
    with db.reading("ledger") as session:
        events = session.scalar(select(func.count()).select_from(Event))
        placed = session.scalar(select(func.count()).select_from(Leaf))
        newest = newest_checkpoint(session)
    print(f"events: {events}, in the tree: {placed}")
    print(f"newest checkpoint: {f'{newest.size} events, {time_of(newest.at)}' if newest else 'none'}")
    print(f"newest anchor: {last_anchored(settings.anchors) or 'none'}")
    if settings.siem:
        print(f"confirmed by the SIEM: {_confirmed(settings)}")
    key = signer_of(open_vault(settings, db).keystore).public_key().public_bytes_raw().hex()
    print(f"verifying key: {key}")
    db.dispose()
    return 0


def _confirmed(settings: Settings) -> str:
    try:
        return f"{sent_so_far(settings.anchors).position} events"
    except ForwardedUnreadable as error:
        return str(error)


def _export(arguments: argparse.Namespace, environ: Mapping[str, str]) -> int:
    bundled = arguments.format == "jsonl"
    if arguments.opened and not bundled:
        print("paravent: --opened is for the bundle (--format jsonl) alone", file=sys.stderr)
        return 2
    if arguments.subjects and bundled:
        print("paravent: --subjects is for a SIEM's format; a bundle tells them with --opened", file=sys.stderr)
        return 2
    settings = settings_of(environ)
    try:
        file = _new_file(arguments.file)
    except OSError as error:
        print(f"paravent: the bundle can't be written: {error.strerror}. Name a new file.", file=sys.stderr)
        return 1
    with file:
        file.writelines(_bundled(settings, opened=arguments.opened) if bundled else _told(settings, arguments))
    if bundled and not arguments.opened:
        print(f"Written to {arguments.file}. What its events say is sealed; hand it over as you would a record.")
    elif bundled or arguments.subjects:
        print(f"Written to {arguments.file}. It holds pseudonyms: hand it over as you would a record.")
    else:
        print(f"Written to {arguments.file}. It says who of staff did what, and not on whom.")
    return 0


def _verify(arguments: argparse.Namespace, environ: Mapping[str, str]) -> int:
    settings = settings_of(environ)
    if settings.ledger_key is None:
        raise SettingsError(
            [
                "PARAVENT_LEDGER_KEY is missing: pin the ledger's key. Have `paravent ledger status` print it "
                "once, on a day you trust, and keep it away from this machine's silos"
            ]
        )
    # -I: nothing but the standard library and the installed packages, whatever stands in this folder.
    command = [sys.executable, "-I", str(VERIFIER), "--key", settings.ledger_key.hex()]
    if arguments.file is not None:
        command += ["--anchors", str(arguments.anchors)] if arguments.anchors else []
        return subprocess.run([*command, str(arguments.file)], check=False).returncode  # noqa: S603 - our own command
    with tempfile.TemporaryDirectory() as copy:
        # First the anchors: a note that the worker adds meanwhile is of events that the export may not have.
        for notes in sorted((arguments.anchors or settings.anchors).glob("*.notes")):
            with _new_file(Path(copy, notes.name)) as file:
                file.write(notes.read_bytes())
        return _fed([*command, "--anchors", copy], _bundled(settings, opened=arguments.opened))


def _fed(command: list[str], lines: Iterable[bytes]) -> int:
    """Run the verifier on lines that are never kept; return its exit status."""
    with subprocess.Popen([*command, "-"], stdin=subprocess.PIPE) as child:  # noqa: S603 - our own command
        assert child.stdin is not None  # noqa: S101 - for the type checker
        with suppress(BrokenPipeError), child.stdin:
            child.stdin.writelines(lines)
    return child.returncode


def _new_file(path: Path) -> BinaryIO:
    """Open a file that is not there yet, for its owner alone. Raises OSError."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


def _told(settings: Settings, arguments: argparse.Namespace) -> Iterator[bytes]:
    """Yield the events that have a place, in a SIEM's format."""
    db, now, write = Databases(settings.databases), system_clock(), _LINES[arguments.format]
    with db.reading("ledger") as session:
        keys = EventKeys(db, open_vault(settings, db).keystore)
        for placed in all_placed(session):
            yield write(tell(placed, now, keys, subjects=arguments.subjects)).encode() + b"\n"
    db.dispose()


def _bundled(settings: Settings, *, opened: bool) -> Iterable[bytes]:
    db = Databases(settings.databases)
    keys = EventKeys(db, open_vault(settings, db).keystore) if opened else None
    with db.reading("ledger") as session:
        for line in bundle(session, system_clock(), keys):
            yield line.encode()
    db.dispose()
