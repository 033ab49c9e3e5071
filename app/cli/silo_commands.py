"""`paravent silos`: schemas of the silos, and what a killed process may have left in them."""

import argparse
import sys
import time
from collections import Counter
from collections.abc import Mapping
from functools import partial

from sqlalchemy import select

from app.cli import silos
from app.cli.environment import open_vault, settings_of
from app.clock import system_clock
from app.db import SILOS, Databases, SiloUnavailable
from app.vault.intake import intake_epoch
from app.vault.models import MailboxEntry, Secret
from app.worker.reconcile import TooManyOrphans, reconcile

_PAUSE_SECONDS = 2.0


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declare the commands."""
    parser = commands.add_parser("silos", help="upgrade, downgrade, check or reconcile the silos")
    actions = parser.add_subparsers(dest="action", required=True)
    actions.add_parser("upgrade", help="bring every silo to this release").set_defaults(act=_upgrade)
    back = actions.add_parser("downgrade", help="take one silo back to a revision")
    back.add_argument("silo", choices=SILOS)
    back.add_argument("revision")
    back.set_defaults(act=_downgrade)
    actions.add_parser("check", help="say whether each silo is as this release needs it").set_defaults(act=_check)
    clear = actions.add_parser("reconcile", help="find and clear what was never sent")
    clear.add_argument("--dry-run", action="store_true", help="only count")
    clear.add_argument(
        "--really",
        type=int,
        action="append",
        default=[],
        help="clear this many of a kind, though it is more than a few",
    )
    clear.set_defaults(act=_reconcile)
    draft = actions.add_parser("draft", help="for developers: draft a revision from what the models changed")
    draft.add_argument("silo", choices=SILOS)
    draft.add_argument("message")
    draft.set_defaults(act=_draft)
    status = commands.add_parser("keys", help="the keystore").add_subparsers(dest="action", required=True)
    status.add_parser("status", help="count what each key of the day and of the week holds").set_defaults(act=_keys)


def _upgrade(_arguments: argparse.Namespace, environ: Mapping[str, str]) -> int:
    silos.upgrade(Databases(settings_of(environ).databases))
    return 0


def _downgrade(arguments: argparse.Namespace, environ: Mapping[str, str]) -> int:
    silos.downgrade_silo(Databases(settings_of(environ).databases), arguments.silo, arguments.revision)
    return 0


def _draft(arguments: argparse.Namespace, environ: Mapping[str, str]) -> int:
    silos.draft_revision(Databases(settings_of(environ).databases), arguments.silo, arguments.message)
    return 0


def _check(_arguments: argparse.Namespace, environ: Mapping[str, str]) -> int:
    db = Databases(settings_of(environ).databases)
    wrong = 0
    for silo in SILOS:
        try:
            at, differences = silos.current(db, silo), silos.differences(db, silo)
        except SiloUnavailable as error:
            print(f"{silo}: {error}")
            wrong += 1
            continue
        fine = at == silos.head(silo) and not differences
        print(f"{silo}: {at or 'empty'}" + ("" if fine else f", but this release needs {silos.head(silo)}"))
        for difference in differences:
            print(f"  {difference}")
        wrong += not fine
    return 1 if wrong else 0


def _reconcile(arguments: argparse.Namespace, environ: Mapping[str, str]) -> int:
    settings = settings_of(environ)
    db = Databases(settings.databases)
    keystore = open_vault(settings, db).keystore
    pause, dry_run = partial(time.sleep, _PAUSE_SECONDS), arguments.dry_run
    try:
        found = reconcile(db, keystore, system_clock, pause, dry_run=dry_run, really=arguments.really)
    except TooManyOrphans as refusal:
        print(f"paravent: {refusal}", file=sys.stderr)
        return 1
    for kind, count in found.counts().items():
        print(f"{kind}: {count} {'found' if dry_run else 'cleared'}")
    return 0


def _keys(_arguments: argparse.Namespace, environ: Mapping[str, str]) -> int:
    settings = settings_of(environ)
    db = Databases(settings.databases)
    keystore = open_vault(settings, db).keystore
    with db.reading("keys") as session:
        secrets = Counter(session.scalars(select(Secret.epoch)))
        waiting = Counter(session.scalars(select(MailboxEntry.epoch)))
    print(f"verifying key: {keystore.verify_key.hex()}")
    for epoch, count in sorted(secrets.items()):
        print(f"key of {epoch}: {count} secret(s)")
    for epoch, count in sorted(({intake_epoch(system_clock()): 0} | waiting).items()):
        print(f"intake of {epoch}: {count} in the mailbox")
    return 0
