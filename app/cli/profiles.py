"""`paravent profiles` and `paravent directory`: what is put in force for patients to choose from."""

import argparse
import sys
from collections.abc import Mapping

from app.cli.environment import settings_of, silos_of
from app.cli.rehearsal import Rehearse, rehearse_once, stems_of
from app.clinic import directory
from app.clock import system_clock
from app.config import Settings
from app.db import Databases, SiloUnavailable
from app.front.directory import Directory
from app.front.models import PublishedProfile
from app.front.published import publish_profile
from app.front.published_directory import NoDirectory, current_directory
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
    put = actions.add_parser("publish", help="check, rehearse, then put every profile in force")
    put.set_defaults(act=_publish)
    places = commands.add_parser("directory", help="the clinic's places, people and hours")
    action = places.add_subparsers(dest="action", required=True).add_parser("publish", help="put them in force")
    action.set_defaults(act=_publish_directory)


def check(_arguments: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Print every fault of every profile, and of what they would show outside; return 1 when there is one."""
    settings = settings_of(environ)
    faults = faults_of(settings) or rehearsed_faults(settings, rehearse_once)
    for fault in faults:
        print(fault, file=sys.stderr)
    print(f"{len(faults)} fault(s)" if faults else "every profile may be published")
    return 1 if faults else 0


def faults_of(settings: Settings) -> list[str]:
    """Return every fault of the specialties folder."""
    return check_directory(settings.specialties, settings.question_pages, stems_of(settings))


def rehearsed_faults(settings: Settings, rehearse: Rehearse) -> list[str]:
    """Return what a rehearsal of every profile finds, in the fullest clinic and in the one in force."""
    return rehearse(settings, list(load_all(settings.specialties).values()), directory_in_force(settings))


def directory_in_force(settings: Settings) -> Directory | None:
    """Return the clinic's directory, or None where none was published yet or the silo has no tables."""
    db = Databases(settings.databases)
    try:
        with db.reading("front") as session:
            return current_directory(session)
    except (NoDirectory, SiloUnavailable):
        return None
    finally:
        db.dispose()


def publish(settings: Settings, rehearse: Rehearse = rehearse_once) -> int:
    """Put every profile in force and return how many changed. Raises ProfileFaults: then none does.

    `rehearse` plays the journeys of what is about to be published and returns what may not leave.
    """
    faults = faults_of(settings) or rehearsed_faults(settings, rehearse)
    if faults:
        raise ProfileFaults(faults)
    db, changed = silos_of(settings), 0
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
    db = silos_of(settings_of(environ))
    print(f"version {directory.publish(db, system_clock, 'cli', None)} of the directory is in force")
    db.dispose()
    return 0
