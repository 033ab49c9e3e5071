"""`paravent pki`: the private authority that signs links between zones and databases, and trials on a telephone."""

import argparse
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

from app.cli.environment import PREFIX
from app.cli.pki_folder import (
    AUTHORITY,
    DATABASE,
    RENEWED_BELOW_DAYS,
    Folder,
    checked,
    client_path,
    folder_of,
    issue_client,
    renew_file,
    server_path,
)
from app.clock import system_clock
from app.db import SILOS, Silo
from app.rights import RIGHTS, ZONES, NameRefused, Names
from app.vault.pki import Facts, Pair, facts_of, issue
from app.vault.pki_errors import AlreadyIssued, PkiError
from app.vault.pki_names import host_of

ALARM_BELOW_DAYS = 14
"""Under this, `status` says so by its exit status: a renewal was missed."""

_RELOAD = {
    "database": "postgresql.pem: copy it to the database server, then there: SELECT pg_reload_conf();",
    "servers": "servers/: start again what serves with them",
    "clients": "the zones: copy each folder to its machine; new connections use it, nothing to start again",
}


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declare the commands."""
    parser = commands.add_parser("pki", help="make, renew and look at the certificates of a private authority")
    actions = parser.add_subparsers(dest="action", required=True)
    init = actions.add_parser("init", help="make the authority, once")
    init.add_argument("--name", help="its name, as a telephone shows it (default: Paravent and the day)")
    init.add_argument("--domain", action="append", default=[], help="a domain it may sign for too")
    init.set_defaults(act=_init)
    new = actions.add_parser("issue", help="sign for a server, a login role, or everything PostgreSQL needs")
    what = new.add_mutually_exclusive_group(required=True)
    what.add_argument("--server", metavar="NAME", help="a server's host name or address")
    what.add_argument("--client", metavar="ROLE", help="a login role")
    what.add_argument("--all", action="store_true", help="the database server, and each zone's login in each silo")
    new.add_argument("--also", metavar="NAME", action="append", default=[], help="another name of the server")
    new.add_argument("--database", metavar="NAME", default="localhost", help="with --all: the database server")
    new.add_argument("--name", default="paravent", help="with --all: that of `paravent silos create`")
    new.set_defaults(act=_issue)
    again = actions.add_parser("renew", help=f"renew what ends in less than {RENEWED_BELOW_DAYS} days, keys too")
    again.add_argument("--all", action="store_true", help="renew everything")
    again.set_defaults(act=_renew)
    status = actions.add_parser("status", help=f"say when each ends; status 1 under {ALARM_BELOW_DAYS} days")
    status.set_defaults(act=_status)


def logins(names: Names) -> dict[str, dict[Silo, str]]:
    """Return each zone's login role in each silo; the command line's is that of migrations, everywhere."""
    zones: dict[str, dict[Silo, str]] = {
        zone: {silo: names.login(zone, silo) for silo in SILOS if zone in RIGHTS[silo]} for zone in ZONES
    }
    return zones | {"cli": dict.fromkeys(SILOS, names.migrations)}


def address(role: str, database: str, host: str, certificate: Path) -> str:
    """Return a database's address for a login, over TLS 1.3 with both sides certified; put its password in.

    libpq: https://www.postgresql.org/docs/15/libpq-connect.html#LIBPQ-PARAMKEYWORDS
    """
    own, trusted = quote(str(certificate)), quote(str(certificate.with_name(AUTHORITY)))
    where = f"[{host}]" if ":" in host else host
    return (
        f"postgresql+psycopg://{role}:PASSWORD@{where}:5432/{database}?sslmode=verify-full"
        f"&sslrootcert={trusted}&sslcert={own}&sslkey={own}&ssl_min_protocol_version=TLSv1.3"
    )


def _init(arguments: argparse.Namespace, environ: Mapping[str, str]) -> int:
    folder, now = folder_of(environ), system_clock()
    authority = folder.create(arguments.name or f"Paravent {now:%Y-%m-%d}", now, tuple(arguments.domain))
    print(f"{folder.path / AUTHORITY}: until {facts_of(authority.certificate).ends:%Y-%m-%d}")
    if folder.passphrase is None:
        print("Its key is not locked: PARAVENT_KEYSTORE_PASSPHRASE was not set. Keep its folder on this machine.")
    return 0


def _issue(arguments: argparse.Namespace, environ: Mapping[str, str]) -> int:
    folder, now = folder_of(environ), system_clock()
    authority = folder.authority()
    if arguments.all:
        _issue_all(folder, authority, _names(arguments.name), [arguments.database, *arguments.also], now)
    elif arguments.client:
        print(issue_client(folder, authority, arguments.client, now))
    else:
        path = server_path(folder, arguments.server)
        folder.keep(path, issue(authority, [arguments.server, *arguments.also], "server", now))
        print(path)
    return 0


def _issue_all(folder: Folder, authority: Pair, names: Names, hosts: Sequence[str], now: datetime) -> None:
    """Sign for the database server and for every login that has no certificate yet; print the addresses to set."""
    _issue_database(folder, authority, hosts, now)
    for zone, roles in logins(names).items():
        for role in roles.values():
            if not client_path(folder, role).exists():
                issue_client(folder, authority, role, now)
        print(f"\n# {zone}.env")
        for silo, role in roles.items():
            said = address(role, names.database(silo), hosts[0], client_path(folder, role))
            print(f"{PREFIX}DB_{silo.upper()}='{said}'")
    print(f"\nPut each login's password for PASSWORD. For the server: {folder.path / DATABASE} and {AUTHORITY};")
    print("docs/deploy/postgresql.md says where, and docs/deploy/pg_hba.conf who may enter.")


def _names(name: str) -> Names:
    try:
        return Names(name)
    except NameRefused as refusal:
        raise PkiError(str(refusal)) from None


def _issue_database(folder: Folder, authority: Pair, hosts: Sequence[str], now: datetime) -> None:
    path = folder.path / DATABASE
    if not path.exists():
        folder.keep(path, issue(authority, hosts, "server", now))
    elif missing := sorted({str(host_of(host).value) for host in hosts} - {*facts_of(folder.read(path)).names}):
        raise AlreadyIssued(f"{path} lacks {', '.join(missing)}: move it away to issue it with every name")


def _renew(arguments: argparse.Namespace, environ: Mapping[str, str]) -> int:
    folder, now = folder_of(environ), system_clock()
    authority, renewed, faults = folder.authority(), set[str](), 0
    for path in folder.issued():
        try:
            facts = facts_of(folder.read(path))
            if arguments.all or facts.days_left(now) < RENEWED_BELOW_DAYS:
                facts = renew_file(folder, authority, path, now)
                renewed.add(_reloading(folder, path))
                print(f"{_short(folder, path)}: renewed until {facts.ends:%Y-%m-%d}")
        except PkiError as error:
            print(f"{_short(folder, path)}: {error}", file=sys.stderr)
            faults += 1
    if not renewed:
        print("nothing was renewed")
    for kind in sorted(renewed):
        print(f"To do now: {_RELOAD[kind]}")
    return 1 if faults else 0


def _status(_arguments: argparse.Namespace, environ: Mapping[str, str]) -> int:
    folder, now = folder_of(environ), system_clock()
    late = int(_tell("authority", AUTHORITY, facts_of(folder.authority_certificate()), now))
    for one in checked(folder):
        if one.facts is None:
            print(f"?          {_short(folder, one.path)}: {one.fault}")
            late += 1
        else:
            late += _tell(one.facts.usage or "authority", _short(folder, one.path), one.facts, now)
    return 1 if late else 0


def _tell(kind: str, name: str, facts: Facts, now: datetime) -> bool:
    """Print one certificate's line, and say whether it is past or nearly so."""
    left = facts.days_left(now)
    said = "ENDED" if left < 0 else f"{left} days left"
    if now < facts.begins:
        said += ", but it begins later: look at this machine's clock"
    print(f"{kind:10} {name} ({', '.join(facts.names)}): until {facts.ends:%Y-%m-%d}, {said}")
    return left < ALARM_BELOW_DAYS or now < facts.begins


def _short(folder: Folder, path: Path) -> str:
    return path.relative_to(folder.path).as_posix()


def _reloading(folder: Folder, path: Path) -> str:
    """Return which line of what is to do concerns a renewed file."""
    if path == folder.path / DATABASE:
        return "database"
    return "servers" if path.parent.name == "servers" else "clients"
