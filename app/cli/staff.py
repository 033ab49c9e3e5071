"""`paravent staff invite`: the way in for the first administrator, and for whoever is locked out of everything."""

import argparse
from collections.abc import Mapping

from app.cli.environment import settings_of, silos_of
from app.clock import system_clock
from app.config import Settings
from app.desk import staff
from app.desk.errors import LoginTaken
from app.ledger.service import record


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declare the commands."""
    parser = commands.add_parser("staff", help="invite staff")
    actions = parser.add_subparsers(dest="action", required=True)
    invite = actions.add_parser("invite", help="print a code that opens an account once")
    invite.add_argument(
        "--admin", action="store_true", required=True, help="an administrator, who invites the others"
    )
    invite.add_argument("--login", default="admin", help="what they sign in with (default: admin)")
    invite.add_argument("--name", default="Administration", help="how colleagues read them")
    invite.set_defaults(act=_invite)


def _invite(arguments: argparse.Namespace, environ: Mapping[str, str]) -> int:
    settings = settings_of(environ)
    code = invite_administrator(settings, arguments.login, arguments.name)
    if code is None:
        print(
            f"There is an account {arguments.login} already: an administrator can invite it again, or use --login."
        )
        return 1
    print(
        f"Open {settings.clinic_address}/invitation within {staff.INVITATION_HOURS} hours and type this code, once:"
    )
    print(f"  {code}")
    return 0


def invite_administrator(settings: Settings, login: str, name: str) -> str | None:
    """Create an administrator's account and return its code, or None when the login is taken."""
    db, now = silos_of(settings), system_clock()
    try:
        with db.writing("desk") as session:
            person, code = staff.invite(session, login, name, "administrator", now)
            record(db, now, "cli", "staff.changed", actor=None, staff=person, change="invited")
    except LoginTaken:
        return None
    finally:
        db.dispose()
    return code
