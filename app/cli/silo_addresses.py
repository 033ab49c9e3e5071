"""The addresses of silos on a PostgreSQL server, as each zone's file has them: one login for each zone and silo."""

import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from app.cli.environment import PREFIX, file_of, read_file, write_file
from app.cli.silo_errors import AddressOfAnother, MadeElsewhere, NoServer, NotSetUp, QueryRefused
from app.db import SILOS, Silo
from app.rights import RIGHTS, ZONES, Names, Zone

_DRIVER = "postgresql+psycopg"
_PORT = 5432
_PASSWORD_BYTES = 24
_OF_THE_SERVER = frozenset({"host", "port", "sslmode", "sslrootcert", "connect_timeout"})
"""The parameters of an administrator's address that zones get too. Any other may be the administrator's own."""
_REFUSED = frozenset({"user", "password", "dbname", "service", "options"})
"""Parameters that would win over the login and database of an address."""


@dataclass(frozen=True, slots=True)
class Address:
    """One login's address in one zone's file. `drawn` when its password was made now, and must be set."""

    zone: str
    silo: Silo
    url: URL
    drawn: bool

    @property
    def role(self) -> str:
        """The login's name."""
        return str(self.url.username)


def server_of(admin_url: str) -> URL:
    """Read an administrator's address; its database is one that every server has. Raises NoServer, QueryRefused."""
    try:
        url = make_url(admin_url)
    except ArgumentError:
        raise NoServer from None
    if url.get_backend_name() != "postgresql":
        raise NoServer
    if refused := sorted(_REFUSED & url.query.keys()):
        raise QueryRefused(refused)
    return url.set(drivername=_DRIVER, database="postgres")


def served(wanted: Sequence[Silo]) -> Iterator[tuple[Zone, Silo]]:
    """Yield each zone with each of these silos that it may connect to."""
    return ((zone, silo) for zone in ZONES for silo in wanted if zone in RIGHTS[silo])


def addresses(server: URL, var: Path, names: Names, wanted: Sequence[Silo]) -> list[Address]:
    """Return every login's address: as its file has it, or new, with a password drawn now.

    The command line has one login for all silos of a server. Raises NotSetUp, AddressOfAnother.
    """
    theirs = [_address(server, var, zone, silo, names.login(zone, silo), names) for zone, silo in served(wanted)]
    ours = [_address(server, var, "cli", silo, names.migrations, names) for silo in wanted]
    known = _known(server, var, names)
    password = known or secrets.token_urlsafe(_PASSWORD_BYTES)
    return theirs + [
        replace(one, url=one.url.set(password=password), drawn=known is None) if one.drawn else one for one in ours
    ]


def check_here(admin_url: str, var: Path, wanted: Sequence[Silo]) -> None:
    """Check that no silo is on another server than this one, by the command line's file. Raises MadeElsewhere."""
    here, urls = _place(server_of(admin_url)), _of_the_command_line(var)
    elsewhere = [silo for silo in wanted if silo in urls and _place(urls[silo]) != here]
    if elsewhere:
        raise MadeElsewhere(elsewhere)


def write_addresses(found: Sequence[Address], var: Path) -> None:
    """Write each zone's addresses into its file, which its owner alone can read; what stands there stays."""
    for zone in dict.fromkeys(one.zone for one in found):
        path = file_of(var, zone)
        written = read_file(path)
        ours = {_setting(one.silo): shown(one.url) for one in found if one.zone == zone}
        if written | ours != written:
            write_file(path, written | ours)


def shown(url: URL) -> str:
    """Return an address whole, its password too: for a file that is private, and for connecting."""
    return url.render_as_string(hide_password=False)


def _known(server: URL, var: Path, names: Names) -> str | None:
    """Return the password that the command line's login has on a server, by any silo made there before."""
    there = [url for url in _of_the_command_line(var).values() if _place(url) == _place(server)]
    return next((url.password for url in there if url.username == names.migrations and url.password), None)


def _of_the_command_line(var: Path) -> dict[Silo, URL]:
    """Return the addresses of every silo on a server that the command line's file has."""
    written = read_file(file_of(var, "cli"))
    found = {silo: written.get(_setting(silo), "") for silo in SILOS}
    return {silo: make_url(url) for silo, url in found.items() if url.startswith("postgresql")}


def _place(url: URL) -> tuple[object, str]:
    """Return a server's host and port, which a parameter gives for a socket's folder."""
    return url.query.get("host", url.host), str(url.query.get("port", url.port or _PORT))


def _address(server: URL, var: Path, zone: str, silo: Silo, role: str, names: Names) -> Address:
    path, database = file_of(var, zone), names.database(silo)
    if not path.exists():
        raise NotSetUp(path)
    written = read_file(path).get(_setting(silo), "sqlite:")
    if written.startswith("sqlite:"):
        password = secrets.token_urlsafe(_PASSWORD_BYTES)
        fresh = server.set(query={name: value for name, value in server.query.items() if name in _OF_THE_SERVER})
        return Address(zone, silo, fresh.set(username=role, password=password, database=database), drawn=True)
    url = make_url(written)
    if (url.username, url.database) != (role, database):
        raise AddressOfAnother(path, _setting(silo), role, database)
    return Address(zone, silo, url, drawn=False)


def _setting(silo: Silo) -> str:
    return f"{PREFIX}DB_{silo.upper()}"
