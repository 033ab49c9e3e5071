"""The silos: one database each, its own metadata, and two ways in: reading and writing.

No transaction spans silos. SQLite files are opened in WAL mode with `secure_delete`, and a writer takes its
lock at once (`BEGIN IMMEDIATE`), so that it waits instead of failing half-way.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Literal, get_args

from sqlalchemy import Connection, DateTime, Dialect, Engine, MetaData, create_engine, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session
from sqlalchemy.sql.dml import Insert
from sqlalchemy.types import TypeDecorator

Silo = Literal["front", "identity", "care", "desk", "keys", "ledger"]
SILOS: tuple[Silo, ...] = get_args(Silo)

_NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
_SQLITE_PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=FULL",
    "secure_delete=ON",
    "foreign_keys=ON",
    "busy_timeout=5000",
    "temp_store=MEMORY",
    "journal_size_limit=4194304",
)


class SiloUnavailable(Exception):
    """A silo does not answer: stopped, locked, full or refused. The message names the silo, never a value."""

    def __init__(self, silo: Silo) -> None:
        super().__init__(f"the {silo} silo is unavailable")
        self.silo = silo


def silo_metadata() -> MetaData:
    """Return fresh metadata with the constraint names that migrations rely on."""
    return MetaData(naming_convention=_NAMING)


class UTCDateTime(TypeDecorator[datetime]):
    """An aware datetime, stored in UTC. A naive one is refused."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Turn an aware datetime into naive UTC for the column."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive datetime was given to a UTC column")
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give the column's value back as an aware UTC datetime."""
        return None if value is None else value.replace(tzinfo=UTC)


class Databases:
    """The engines of one process, one for each silo it was given a URL for."""

    def __init__(self, urls: Mapping[Silo, str]) -> None:
        self._engines = {silo: _engine(url) for silo, url in urls.items()}
        self._glancers = self._optioned(paravent_glancing=True)
        self._writers = self._optioned(paravent_writing=True)
        self._light_writers = self._optioned(paravent_writing=True, paravent_light=True)

    def engine(self, silo: Silo) -> Engine:
        """Return a silo's engine, for migrations and checks."""
        return self._engines[silo]

    @contextmanager
    def reading(self, silo: Silo) -> Iterator[Session]:
        """Open a session that sees one snapshot and keeps nothing. Raises SiloUnavailable."""
        with _translated(silo), Session(self._engines[silo], expire_on_commit=False) as session:
            yield session

    @contextmanager
    def glancing(self, silo: Silo) -> Iterator[Connection]:
        """Open a plain connection for a single SELECT, at half a session's cost. Raises SiloUnavailable."""
        with _translated(silo), self._glancers[silo].connect() as connection:
            yield connection

    @contextmanager
    def writing(self, silo: Silo, *, durable: bool = True) -> Iterator[Session]:
        """Open a session that commits at the end, or rolls back when the block raises.

        What is not `durable` outlives a killed process, but not a power cut: enough for an unsent answer, and it
        spares each step a wait for the disk. A durable commit carries all commits before it to the disk too. Only
        services and worker files call this (a rules test says which). Raises SiloUnavailable.
        """
        writer = (self._writers if durable else self._light_writers)[silo]
        with _translated(silo), Session(writer, expire_on_commit=False) as session, session.begin():
            yield session

    def dispose(self) -> None:
        """Close every connection, before a fork or at the end of a test."""
        for engine in self._engines.values():
            engine.dispose()

    def _optioned(self, **options: bool) -> dict[Silo, Engine]:
        return {silo: engine.execution_options(**options) for silo, engine in self._engines.items()}


def insert_for(session: Session, table: Any) -> Any:
    """Return the dialect's INSERT for a table or model, which knows `on_conflict_do_nothing` and `_do_update`."""
    dialect = session.get_bind().dialect.name
    construct: type[Insert] = postgresql.Insert if dialect == "postgresql" else sqlite.Insert
    return construct(table)


@contextmanager
def _translated(silo: Silo) -> Iterator[None]:
    """Turn an operational fault (stopped, locked, full) into SiloUnavailable; let integrity errors through."""
    try:
        yield
    except DBAPIError as error:
        if _is_outage(error):
            raise SiloUnavailable(silo) from error
        raise


def _is_outage(error: DBAPIError) -> bool:
    return type(error).__name__ in {"OperationalError", "InterfaceError", "DatabaseError", "InternalError"}


def _engine(url: str) -> Engine:
    if url.startswith("postgresql"):
        engine = create_engine(url, hide_parameters=True, pool_pre_ping=True, connect_args={"connect_timeout": 3})
        event.listen(engine, "begin", _begin_postgresql)
        return engine
    engine = create_engine(url, hide_parameters=True)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves
    cursor = connection.cursor()
    for pragma in _SQLITE_PRAGMAS:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    """Begin as the session's user means to go on: one SELECT needs no BEGIN, it is its own snapshot."""
    options = connection.get_execution_options()
    if options.get("paravent_writing", False):
        waits = "NORMAL" if options.get("paravent_light", False) else "FULL"
        connection.exec_driver_sql(f"PRAGMA synchronous={waits}")
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    elif not options.get("paravent_glancing", False):
        connection.exec_driver_sql("BEGIN")


def _begin_postgresql(connection: Connection) -> None:
    if connection.get_execution_options().get("paravent_light", False):
        connection.exec_driver_sql("SET LOCAL synchronous_commit TO OFF")
