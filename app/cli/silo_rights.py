"""Rights on PostgreSQL: made on an empty server, given again after an upgrade, compared with the declaration.

`app.rights` says what they are. A server may hold every silo or a few: front and keys are better on servers of
their own, since what a server's catalogue tells (names of roles and databases, estimates of rows) can't be hidden.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import URL, Connection, text
from sqlalchemy.exc import OperationalError, ProgrammingError

from app.cli import silo_catalogue, silos
from app.cli.environment import file_of
from app.cli.silo_addresses import Address, addresses, served, server_of, shown, write_addresses
from app.cli.silo_errors import AdminTooWeak, DatabaseOfAnother, PasswordsElsewhere, RoleTooStrong, ServerAway
from app.db import SILOS, Databases, Silo
from app.rights import (
    FUNCTIONS,
    LOCK,
    LOCKING,
    LOGINS,
    MIGRATIONS_CONNECTIONS,
    RIGHTS,
    WITHDRAWN,
    Names,
    names_of,
)

_NOT_MADE = "its database was not made by `paravent silos create`"


def create(
    admin_url: str, var: Path, names: Names, wanted: Sequence[Silo] = SILOS, *, shared: bool = False
) -> list[str]:
    """Make roles, databases, tables and rights of some silos on a server, and write each zone's addresses.

    Doing it again changes nothing; what a killed one left is gone on with. Returns what still differs from the
    declaration. On a server that is `shared` with others, their databases are left open to everybody. Raises
    RightsError with the next step, and SiloUnavailable.
    """
    server = server_of(admin_url)
    found = addresses(server, var, names, wanted)
    with _connected(server) as connection:
        superuser = _check_admin(connection, server)
        _check_not_in_use(connection, var, names, found)
        _make_roles(connection, names, wanted, found, superuser=superuser)
        for silo in wanted:
            _make_database(connection, names, silo)
        if superuser and not shared:
            _run(connection, ["REVOKE ALL ON DATABASE postgres, template1 FROM PUBLIC"])
    for silo in wanted:
        with _connected(server.set(database=names.database(silo))) as connection:
            _close(connection, names, silo)
    write_addresses(found, var)
    return _fill(Databases({one.silo: shown(one.url) for one in found if one.zone == "cli"}), wanted, shared=shared)


def grant(db: Databases, wanted: Sequence[Silo] = SILOS) -> list[str]:
    """Give each zone exactly what is declared; return a sentence for each silo where nothing could be given.

    Raises SiloUnavailable.
    """
    told = []
    for silo in wanted:
        names = _installed(db, silo)
        if names is not None:
            with db.writing(silo) as session:
                for statement in _grants(silo, names):
                    session.execute(text(statement))
        elif _on_server(db, silo):
            told.append(f"{silo}: {_NOT_MADE}, so no rights are given in it")
    return told


def check(db: Databases, silo: Silo, *, shared: bool = False) -> list[str]:
    """Say in what a silo's rights differ from the declaration; an empty list is the right answer.

    A silo in a file has none, and differs in nothing. Raises SiloUnavailable.
    """
    if not _on_server(db, silo):
        return []
    names = _installed(db, silo)
    if names is None:
        return [f"{_NOT_MADE}, so nobody's rights in it are known"]
    with db.reading(silo) as session:
        there = silo_catalogue.found(session, silo, names, shared=shared)
    wanted = silo_catalogue.declared(silo, names)
    missing = [f"missing: {fact}" for fact in sorted(wanted - there)]
    return missing + [f"not declared: {fact}" for fact in sorted(there - wanted)]


def check_all(db: Databases, wanted: Sequence[Silo] = SILOS, *, shared: bool = False) -> list[str]:
    """Say in what each silo's rights differ from the declaration, the silo's name first. Raises SiloUnavailable."""
    return [f"{silo}: {difference}" for silo in wanted for difference in check(db, silo, shared=shared)]


def _fill(db: Databases, wanted: Sequence[Silo], *, shared: bool) -> list[str]:
    """Make the tables as the migrations' role and give the rights; return what differs."""
    try:
        for silo in wanted:
            silos.upgrade_silo(db, silo)
        grant(db, wanted)
        return check_all(db, wanted, shared=shared)
    finally:
        db.dispose()


@contextmanager
def _connected(url: URL) -> Iterator[Connection]:
    """Open an administrator's connection that commits each statement. Raises ServerAway, AdminTooWeak."""
    db = Databases({"front": shown(url)})
    engine = db.engine("front").execution_options(isolation_level="AUTOCOMMIT")
    try:
        with _reached(url):
            connection = engine.connect()
        with connection:
            yield connection
    except ProgrammingError as error:
        raise AdminTooWeak(str(error.orig).partition("\n")[0]) from error
    finally:
        db.dispose()


@contextmanager
def _reached(url: URL) -> Iterator[None]:
    try:
        yield
    except OperationalError as error:
        raise ServerAway(url.host or "", url.username or "", url.database or "") from error


def _check_admin(connection: Connection, server: URL) -> bool:
    """Return whether the administrator is superuser. Raises AdminTooWeak for one who can't make roles."""
    asked = text("SELECT rolsuper, rolcreaterole, rolcreatedb FROM pg_roles WHERE rolname = current_user")
    superuser, roles, databases = connection.execute(asked).one()
    if not superuser and not (roles and databases):
        raise AdminTooWeak(f"{server.username} may not make roles and databases")
    return bool(superuser)


def _check_not_in_use(connection: Connection, var: Path, names: Names, found: Sequence[Address]) -> None:
    """Check that no password to be set is one that a running installation uses. Raises PasswordsElsewhere."""
    drawn = [one for one in found if one.drawn]
    there = _existing(connection, [one.role for one in drawn])
    in_use = _in_use(connection, names) if there else set()
    ours = [one for one in drawn if one.role in there and (one.silo in in_use or (one.zone == "cli" and in_use))]
    if ours:
        zones = dict.fromkeys(one.zone for one in ours)
        raise PasswordsElsewhere([file_of(var, zone) for zone in zones], sorted({one.role for one in ours}))


def _in_use(connection: Connection, names: Names) -> set[Silo]:
    """Return the silos on this server that have tables: they come only after every address was written."""
    databases = set(connection.scalars(text("SELECT datname FROM pg_database")))
    in_use = set()
    for silo in SILOS:
        if names.database(silo) in databases:
            with _connected(connection.engine.url.set(database=names.database(silo))) as inside:
                if inside.scalar(text("SELECT to_regclass('public.alembic_version') IS NOT NULL")):
                    in_use.add(silo)
    return in_use


def _make_roles(
    connection: Connection, names: Names, wanted: Sequence[Silo], found: Sequence[Address], *, superuser: bool
) -> None:
    """Make owners and logins, with their bounds and settings. Raises RoleTooStrong before anything is changed."""
    limits = _limits(names, wanted)
    there = _existing(connection, list(limits))
    for role, limit in limits.items():
        _run(connection, [f"{'ALTER' if role in there else 'CREATE'} ROLE {role} {limit}"])
    for one in {address.role: address for address in found if address.drawn or address.role not in there}.values():
        if one.url.password:
            verifier = _verifier(connection, one.role, str(one.url.password))
            _run(connection, [f"ALTER ROLE {one.role} PASSWORD '{verifier}'"])
    for zone, silo in served(wanted):
        login = names.login(zone, silo)
        settings = LOGINS[zone].settings().items()
        _run(connection, [f"ALTER ROLE {login} SET {name} TO {_value(value)}" for name, value in settings])
    members = [names.migrations] if superuser else [names.migrations, "CURRENT_USER"]
    _run(connection, [f"GRANT {names.owner(silo)} TO {member}" for silo in wanted for member in members])


def _limits(names: Names, wanted: Sequence[Silo]) -> dict[str, str]:
    """Return each role with whether it may log in, and how many times at once."""
    # An owner inherits: PostgreSQL gives it the rights of `pg_database_owner`, which has the schema, only then.
    owners = {names.owner(silo): "NOLOGIN INHERIT CONNECTION LIMIT 0" for silo in wanted}
    logins = {
        names.login(zone, silo): f"LOGIN NOINHERIT CONNECTION LIMIT {LOGINS[zone].connections}"
        for zone, silo in served(wanted)
    }
    return owners | logins | {names.migrations: f"LOGIN NOINHERIT CONNECTION LIMIT {MIGRATIONS_CONNECTIONS}"}


def _existing(connection: Connection, roles: list[str]) -> set[str]:
    """Return which of these roles there are. Raises RoleTooStrong for one that may do what none of ours may."""
    asked = text(
        "SELECT rolname, rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls"
        " FROM pg_roles WHERE rolname = ANY (CAST(:roles AS text[]))"
    )
    there = connection.execute(asked, {"roles": roles}).all()
    for role, is_strong in there:
        if is_strong:
            raise RoleTooStrong(role)
    return {role for role, _ in there}


def _make_database(connection: Connection, names: Names, silo: Silo) -> None:
    """Make a silo's database, closed to all but its logins. Raises DatabaseOfAnother."""
    database, owner = names.database(silo), names.owner(silo)
    asked = text("SELECT datdba::regrole::text FROM pg_database WHERE datname = :database")
    belongs_to = connection.scalar(asked, {"database": database})
    if belongs_to not in (None, owner):
        raise DatabaseOfAnother(database, belongs_to, owner)
    if belongs_to is None:
        _run(connection, [f"CREATE DATABASE {database} OWNER {owner} TEMPLATE template0 ENCODING 'UTF8'"])
    logins = ", ".join([*names.logins(silo).values(), names.migrations])
    _run(
        connection,
        [
            f"REVOKE ALL ON DATABASE {database} FROM PUBLIC",
            f"GRANT CONNECT ON DATABASE {database} TO {logins}",
            f"ALTER ROLE {names.migrations} IN DATABASE {database} SET role TO {owner}",
        ],
    )


def _close(connection: Connection, names: Names, silo: Silo) -> None:
    """Take back, in a silo's database, what PostgreSQL gives everybody; who isn't superuser can't take back all."""
    asked = text(
        "SELECT oid::regprocedure::text FROM pg_proc"
        " WHERE proname ~ :withdrawn AND pronamespace = 'pg_catalog'::regnamespace"
        " AND has_function_privilege('public', oid, 'EXECUTE')"
    )
    functions = connection.scalars(asked, {"withdrawn": WITHDRAWN}).all()
    owner = names.owner(silo)
    locking = [names.login(zone, silo) for zone in LOCKING.get(silo, ())]
    _run(
        connection,
        [
            f"ALTER SCHEMA public OWNER TO {owner}",
            "REVOKE ALL ON SCHEMA public FROM PUBLIC",
            f"ALTER DEFAULT PRIVILEGES FOR ROLE {owner} REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC",
            *(f"REVOKE EXECUTE ON FUNCTION {function} FROM PUBLIC" for function in functions),
            f"GRANT EXECUTE ON FUNCTION {LOCK} TO {', '.join([owner, *locking])}",
            "REVOKE USAGE ON LANGUAGE plpgsql FROM PUBLIC",
        ],
    )


def _grants(silo: Silo, names: Names) -> Iterator[str]:
    """Yield what takes every right back and gives those declared, for the owner to run in one transaction."""
    for zone, login in names.logins(silo).items():
        for things in ("TABLES", "SEQUENCES", "FUNCTIONS"):
            yield f"REVOKE ALL ON ALL {things} IN SCHEMA public FROM PUBLIC, {login}"
        yield f"REVOKE ALL ON SCHEMA public FROM PUBLIC, {login}"
        yield f"GRANT USAGE ON SCHEMA public TO {login}"
        for table, rights in RIGHTS[silo][zone].items():
            for privilege, column in rights.privileges():
                yield f"GRANT {privilege}{column and f' ({column})'} ON public.{table} TO {login}"
    for function in FUNCTIONS.get(silo, ()):
        for zone in function.zones:
            yield f"GRANT EXECUTE ON FUNCTION public.{function.signature} TO {names.login(zone, silo)}"


def _installed(db: Databases, silo: Silo) -> Names | None:
    """Return the installation whose owner a silo's database belongs to, or None. Raises SiloUnavailable."""
    if not _on_server(db, silo):
        return None
    names = names_of(db.engine(silo).url.database, silo)
    asked = text("SELECT datdba::regrole::text FROM pg_database WHERE datname = current_database()")
    with db.reading(silo) as session:
        belongs_to = session.scalar(asked)
    return names if names is not None and belongs_to == names.owner(silo) else None


def _on_server(db: Databases, silo: Silo) -> bool:
    return db.engine(silo).dialect.name == "postgresql"


def _verifier(connection: Connection, role: str, password: str) -> str:
    """Return what the server keeps of a password (RFC 7677), made here so that no log of the server can hold it."""
    driver = connection.connection.driver_connection
    assert driver is not None  # noqa: S101 - for the type checker
    made: bytes = driver.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256")
    return made.decode()


def _value(value: str) -> str:
    """Write a setting's value, which may be a list of names."""
    return ", ".join(f"'{part}'" for part in value.split(", "))


def _run(connection: Connection, statements: Sequence[str]) -> None:
    for statement in statements:
        connection.exec_driver_sql(statement)
