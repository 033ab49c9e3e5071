"""The silos: one database each, its own metadata, and two ways in: reading and writing.

No transaction spans silos. SQLite files are opened in WAL mode with `secure_delete`, and a writer takes its
lock at once (`BEGIN IMMEDIATE`), so that it waits instead of failing half-way. One pool of connections serves a
silo; how durable a commit is gets said transaction by transaction.
"""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from typing import Any, Literal, get_args

from sqlalchemy import Connection, DateTime, Dialect, Engine, Executable, MetaData, create_engine, event, make_url
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session
from sqlalchemy.sql.dml import Insert
from sqlalchemy.types import TypeDecorator

from app.plain import Plain, Ready
from app.writer import Sealer, Writer

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
    "secure_delete=ON",
    "foreign_keys=ON",
    "busy_timeout=5000",
    "temp_store=MEMORY",
    "journal_size_limit=4194304",
)
_POOL_TIMEOUT_SECONDS = 3
_SQLITE_CONNECTIONS = 64
"""As many as a patient process has threads: a connection to a file costs next to nothing."""
_NESTED = 4
"""Connections beyond the pool, for what is read while a change is under way."""


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
    """The engines of one process, one for each silo it was given a URL for, and its `writer` of events.

    `connections` is how many a silo on PostgreSQL keeps open at most; SQLite files have one for each thread.
    Without a `sealer` (app/ledger/sealed.py) a process may read the ledger and not write what concerns anybody.
    """

    def __init__(self, urls: Mapping[Silo, str], connections: int = 8, sealer: Sealer | None = None) -> None:
        self._engines = {silo: _engine(url, connections) for silo, url in urls.items()}
        self._writers = {silo: one.execution_options(paravent_writing=True) for silo, one in self._engines.items()}
        self._ready: dict[Silo, dict[Executable, Ready]] = {silo: {} for silo in urls}
        self.writer, self.sealer = Writer(), sealer

    def engine(self, silo: Silo) -> Engine:
        """Return a silo's engine, for migrations and checks."""
        return self._engines[silo]

    @contextmanager
    def reading(self, silo: Silo) -> Iterator[Session]:
        """Open a session that sees one snapshot and keeps nothing. Raises SiloUnavailable."""
        with _translated(silo), Session(self._engines[silo], expire_on_commit=False) as session:
            yield session

    def glancing(self, silo: Silo) -> AbstractContextManager[Plain]:
        """Open a plain connection for a single SELECT, which is its own snapshot. Raises SiloUnavailable."""
        return self._plain(silo)

    @contextmanager
    def writing(self, silo: Silo) -> Iterator[Session]:
        """Open a session that commits at the end, or rolls back when the block raises.

        Only services and worker files call this (a rules test says which). Raises SiloUnavailable.
        """
        with _translated(silo), Session(self._writers[silo], expire_on_commit=False) as session, session.begin():
            yield session

    @contextmanager
    def noting(self, silo: Silo) -> Iterator[Plain]:
        """Open a plain connection for one change, and commit it without waiting for the disk.

        It outlives a killed process but maybe not a power cut: enough for an answer not sent yet. The next
        commit of `writing` in this silo carries it to the disk too. Raises SiloUnavailable.
        """
        with self._plain(silo) as plain:
            _begin_noting(plain, self._engines[silo].dialect.name)
            yield plain
            plain.connection.commit()

    def dispose(self) -> None:
        """Close every connection, before a fork or at the end of a test."""
        for engine in self._engines.values():
            engine.dispose()

    @contextmanager
    def _plain(self, silo: Silo) -> Iterator[Plain]:
        """Take a connection from the pool and give it back; what was not committed is rolled back."""
        engine = self._engines[silo]
        with _translated(silo), _driver_translated(silo, engine.dialect.loaded_dbapi):
            connection = engine.raw_connection()
            try:
                yield Plain(connection, engine.dialect, self._ready[silo])
            finally:
                connection.close()


def insert_for(session: Session, table: Any) -> Any:
    """Return the dialect's INSERT for a table or model, which knows `on_conflict_do_nothing` and `_do_update`."""
    dialect = session.get_bind().dialect.name
    construct: type[Insert] = postgresql.Insert if dialect == "postgresql" else sqlite.Insert
    return construct(table)


@contextmanager
def _translated(silo: Silo) -> Iterator[None]:
    """Turn an operational fault (stopped, locked, full, busy) into SiloUnavailable; integrity errors pass."""
    try:
        yield
    except PoolTimeout as error:
        raise SiloUnavailable(silo) from error
    except DBAPIError as error:
        if _is_outage(error):
            raise SiloUnavailable(silo) from error
        raise


@contextmanager
def _driver_translated(silo: Silo, driver: Any) -> Iterator[None]:
    """Do the same for the errors of a driver, which SQLAlchemy did not see."""
    try:
        yield
    except (driver.IntegrityError, driver.ProgrammingError, driver.DataError):
        raise
    except driver.Error as error:
        raise SiloUnavailable(silo) from error


def _is_outage(error: DBAPIError) -> bool:
    return type(error).__name__ in {"OperationalError", "InterfaceError", "DatabaseError", "InternalError"}


def _engine(url: str, connections: int) -> Engine:
    """Return the engine of a silo."""
    if url.startswith("postgresql"):
        pool = _pool(connections) | {"pool_pre_ping": True, "connect_args": {"connect_timeout": 3}}
        return create_engine(url, hide_parameters=True, **pool)
    in_a_file = bool(make_url(url).database)
    engine = create_engine(url, hide_parameters=True, **(_pool(_SQLITE_CONNECTIONS) if in_a_file else {}))
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _pool(connections: int) -> dict[str, Any]:
    return {"pool_size": connections, "max_overflow": _NESTED, "pool_timeout": _POOL_TIMEOUT_SECONDS}


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves
    cursor = connection.cursor()
    for pragma in _SQLITE_PRAGMAS:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    """Begin as the session's user means to go on. A durable commit waits for the disk."""
    if connection.info.get("synchronous") != "FULL":  # It can't be changed once the transaction has begun.
        connection.exec_driver_sql("PRAGMA synchronous=FULL")
        connection.info["synchronous"] = "FULL"
    writes = connection.get_execution_options().get("paravent_writing", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _begin_noting(plain: Plain, dialect: str) -> None:
    """Begin a change whose commit does not wait for the disk."""
    cursor, info = plain.connection.cursor(), plain.connection.info
    if dialect == "postgresql":
        cursor.execute("SET LOCAL synchronous_commit = off")  # The driver has begun by itself.
        return
    if info.get("synchronous") != "NORMAL":
        cursor.execute("PRAGMA synchronous=NORMAL")
        info["synchronous"] = "NORMAL"
    cursor.execute("BEGIN IMMEDIATE")
