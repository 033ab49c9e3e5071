"""`paravent profiles` and `paravent directory`: what is put in force for patients to choose from."""

import argparse
import sys
from collections.abc import Mapping

from app.cli.environment import settings_of
from app.clinic import directory
from app.clock import system_clock
from app.config import Settings
from app.db import Databases
from app.discretion.lexicon import load
from app.front.models import PublishedProfile
from app.front.published import publish_profile
from app.ledger.service import record
from app.profiles.faults import ProfileFaults
from app.profiles.lint import check_directory
from app.profiles.loader import load_all


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declare the commands."""
    parser = commands.add_parser("profiles", help="check or publish the specialties")
    actions = parser.add_subparsers(dest="action", required=True)
    actions.add_parser("check", help="say everything that keeps a profile from being published").set_defaults(
        act=check
    )
    actions.add_parser("publish", help="check, then put every profile in force").set_defaults(act=_publish)
    places = commands.add_parser("directory", help="the clinic's places, people and hours")
    action = places.add_subparsers(dest="action", required=True).add_parser("publish", help="put them in force")
    action.set_defaults(act=_publish_directory)


def check(_arguments: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Print every fault of every profile; return 1 when there is one."""
    faults = faults_of(settings_of(environ))
    for fault in faults:
        print(fault, file=sys.stderr)
    print(f"{len(faults)} fault(s)" if faults else "every profile may be published")
    return 1 if faults else 0


def faults_of(settings: Settings) -> list[str]:
    """Return every fault of the specialties folder."""
    lexicon = load(settings.specialties / "lexicon.txt")
    return check_directory(settings.specialties, settings.question_pages, lexicon)


def publish(settings: Settings) -> int:
    """Put every profile in force and return how many changed. Raises ProfileFaults: then none does."""
    faults = faults_of(settings)
    if faults:
        raise ProfileFaults(faults)
    db, changed = Databases(settings.databases), 0
    for publishable in load_all(settings.specialties).values():
        now = system_clock()
        with db.writing("front") as session:
            version = publish_profile(session, publishable, now)
            row = session.get_one(PublishedProfile, version)
            if row.published_at == now:
                changed += 1
                record(db, now, "cli", "profile.published", actor=None, profile=version, digest=row.digest)
    db.dispose()
    return changed


def _publish(_arguments: argparse.Namespace, environ: Mapping[str, str]) -> int:
    print(f"{publish(settings_of(environ))} profile(s) changed")
    return 0


def _publish_directory(_arguments: argparse.Namespace, environ: Mapping[str, str]) -> int:
    db = Databases(settings_of(environ).databases)
    print(f"version {directory.publish(db, system_clock, 'cli', None)} of the directory is in force")
    db.dispose()
    return 0
