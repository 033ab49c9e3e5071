"""Why rights can't be made on a server, each with what the operator does next. No message holds a password."""

from collections.abc import Sequence
from pathlib import Path


class RightsError(Exception):
    """Rights could not be made on a PostgreSQL server."""


class NoServer(RightsError):
    """The address given is not that of a PostgreSQL server."""

    def __init__(self) -> None:
        super().__init__(
            "--admin-url must be the address of a PostgreSQL server, such as postgresql://admin@host:5432"
        )


class QueryRefused(RightsError):
    """The address given names a login or a database in its parameters."""

    def __init__(self, parameters: Sequence[str]) -> None:
        super().__init__(
            f"--admin-url must not have {', '.join(parameters)} after the question mark: name the administrator "
            "before the @, such as postgresql://admin@/?host=/run/postgresql, with the password in PGPASSFILE"
        )


class ServerAway(RightsError):
    """The server does not answer, or does not let the administrator in."""

    def __init__(self, host: str, role: str, database: str) -> None:
        super().__init__(
            f"no server answers at {host or 'the local socket'}, or it does not let {role or 'you'} into the "
            f"database {database}: look at its log, at pg_hba.conf and at the password (PGPASSFILE, or in "
            "--admin-url)"
        )


class AdminTooWeak(RightsError):
    """The administrator's role may not do what is needed."""

    def __init__(self, said: str) -> None:
        super().__init__(
            f"the server refused: {said}. Take a superuser, or a role with CREATEROLE and CREATEDB; run it again, "
            "it goes on where it stopped"
        )


class RoleTooStrong(RightsError):
    """A role of a name that is needed may do more than any of ours."""

    def __init__(self, role: str) -> None:
        super().__init__(
            f"the role {role} is there already and is superuser, or may make roles or databases, replicate or pass "
            "over row security: rename it, drop it, or choose another --name"
        )


class DatabaseOfAnother(RightsError):
    """A database of a name that is needed belongs to somebody else."""

    def __init__(self, database: str, belongs_to: str, owner: str) -> None:
        super().__init__(
            f"the database {database} is there already and belongs to {belongs_to}: rename it, choose another "
            f"--name, or, if it is this installation's, give it and all it holds to {owner} (ALTER DATABASE, "
            "REASSIGN OWNED)"
        )


class AddressOfAnother(RightsError):
    """A zone's file names another login or database than the one to be made."""

    def __init__(self, path: Path, setting: str, role: str, database: str) -> None:
        super().__init__(
            f"{path} gives {setting} another login than {role} or another database than {database}: take that line "
            "out of the file if it is no longer used, or give the --name it was made with"
        )


class MadeElsewhere(RightsError):
    """Some silos are on another server already, and nobody said which ones this server is for."""

    def __init__(self, silos: Sequence[str]) -> None:
        super().__init__(
            f"{', '.join(silos)}: on another server already, as cli.env says. Name with --only the silos that this "
            "server is for"
        )


class PasswordsElsewhere(RightsError):
    """Logins of silos in use have passwords that this installation's files don't know."""

    def __init__(self, paths: Sequence[Path], roles: Sequence[str]) -> None:
        super().__init__(
            f"{', '.join(roles)}: there already, with silos in use, and no address for them in "
            f"{', '.join(map(str, paths))}: copy these files from the installation that made them, or choose "
            "another --name. If they are lost, set new passwords (ALTER ROLE) and write the addresses into these "
            "files"
        )


class NotSetUp(RightsError):
    """There is no environment file to write an address into."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"there is no {path}: run `paravent setup` first")
