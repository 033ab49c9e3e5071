"""`paravent silos`: schemas of the silos, and what a killed process may have left in them."""

import argparse
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial

from app.cli import silo_rights, silos
from app.cli.environment import open_vault, settings_of
from app.cli.silo_addresses import check_here
from app.cli.silo_errors import RightsError
from app.clock import system_clock
from app.db import SILOS, Databases, Silo, SiloUnavailable
from app.rights import NameRefused, Names
from app.worker.reconcile import TooManyOrphans, reconcile

_PAUSE_SECONDS = 2.0
_SHARED = "other programs have databases on this PostgreSQL server"
_FILES = "SQLite files enforce no rights: every process on this machine that can read them can read all of them."


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declare the commands."""
    parser = commands.add_parser("silos", help="create, upgrade, downgrade, check or reconcile the silos")
    actions = parser.add_subparsers(dest="action", required=True)
    _add_create(actions)
    actions.add_parser("upgrade", help="bring every silo to this release").set_defaults(act=_upgrade)
    back = actions.add_parser("downgrade", help="take one silo back to a revision")
    back.add_argument("silo", choices=SILOS)
    back.add_argument("revision")
    back.set_defaults(act=_downgrade)
    check = actions.add_parser("check", help="say whether each silo is as this release needs it")
    check.add_argument("--shared-server", action="store_true", help=_SHARED)
    check.set_defaults(act=_check)
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


def _add_create(actions: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = actions.add_parser("create", help="make silos on a PostgreSQL server: roles, databases, rights")
    parser.add_argument(
        "--admin-url",
        required=True,
        help="an administrator's address, such as postgresql://postgres@host:5432; its password is read from "
        "PGPASSFILE too, and is kept nowhere",
    )
    parser.add_argument("--name", default="paravent", help="what roles and databases are called after")
    parser.add_argument(
        "--only", choices=SILOS, action="append", help="a silo to make on this server (default: every one)"
    )
    parser.add_argument("--shared-server", action="store_true", help=_SHARED)
    parser.set_defaults(act=_create)


def _create(arguments: argparse.Namespace, environ: Mapping[str, str]) -> int:
    var, wanted, shared = settings_of(environ).var, tuple(arguments.only or SILOS), arguments.shared_server
    try:
        if not arguments.only:
            check_here(arguments.admin_url, var, wanted)
        differences = silo_rights.create(arguments.admin_url, var, Names(arguments.name), wanted, shared=shared)
    except (RightsError, NameRefused) as refusal:
        print(f"paravent: {refusal}", file=sys.stderr)
        return 1
    print(f"{', '.join(wanted)}: made. Each zone's file in {var / 'env'} has its own logins.")
    for difference in differences:
        print(f"  {difference}")
    return 1 if differences else 0


def _upgrade(_arguments: argparse.Namespace, environ: Mapping[str, str]) -> int:
    with _silos(environ) as db:
        silos.upgrade(db)
        for told in silo_rights.grant(db):
            print(told)
    return 0


def _downgrade(arguments: argparse.Namespace, environ: Mapping[str, str]) -> int:
    silos.downgrade_silo(Databases(settings_of(environ).databases), arguments.silo, arguments.revision)
    return 0


def _draft(arguments: argparse.Namespace, environ: Mapping[str, str]) -> int:
    silos.draft_revision(Databases(settings_of(environ).databases), arguments.silo, arguments.message)
    return 0


def _check(arguments: argparse.Namespace, environ: Mapping[str, str]) -> int:
    with _silos(environ) as db:
        wrong = sum(not _is_right(db, silo, shared=arguments.shared_server) for silo in SILOS)
        if any(db.engine(silo).dialect.name == "sqlite" for silo in SILOS):
            print(_FILES)
    return 1 if wrong else 0


@contextmanager
def _silos(environ: Mapping[str, str]) -> Iterator[Databases]:
    """Open every silo, and close it at the end."""
    db = Databases(settings_of(environ).databases)
    try:
        yield db
    finally:
        db.dispose()


def _is_right(db: Databases, silo: Silo, *, shared: bool) -> bool:
    """Say of a silo at which revision it is, and in what tables and rights differ; return whether in nothing."""
    try:
        at, differences = silos.current(db, silo), silos.differences(db, silo)
        rights = silo_rights.check(db, silo, shared=shared)
    except SiloUnavailable as error:
        print(f"{silo}: {error}")
        return False
    fine = at == silos.head(silo) and not differences
    print(f"{silo}: {at or 'empty'}" + ("" if fine else f", but this release needs {silos.head(silo)}"))
    for difference in (*differences, *rights):
        print(f"  {difference}")
    return fine and not rights


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
