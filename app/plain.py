"""Core statements run straight on the driver: what is read or written at each step of a journey.

SQLAlchemy makes each statement ready once, and its types convert each value; what is left out is its execution,
which cost ten times what the database did. Only for a few constant statements: each is kept for good.
"""

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import BindParameter, Dialect, Executable, PoolProxiedConnection, Select
from sqlalchemy.engine.interfaces import DBAPICursor
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.types import TypeEngine

Convert = Callable[[Any], Any]


class Ready:
    """A statement in a dialect's words, with how to convert what goes in and what comes out."""

    def __init__(self, statement: Executable, dialect: Dialect) -> None:
        compiled = statement.compile(dialect=dialect)  # type: ignore[attr-defined]  # every Core statement has it
        assert isinstance(compiled, SQLCompiler)  # noqa: S101 - for the type checker
        self.text = compiled.string
        self._order = compiled.positiontup
        self._given = {name: _inwards(bind, dialect) for name, bind in compiled.binds.items()}
        columns = statement.selected_columns if isinstance(statement, Select) else ()
        self._found = tuple(_outwards(column.type, dialect) for column in columns)

    def parameters(self, values: Mapping[str, Any]) -> Any:
        """Return the values as the driver takes them: in order, or by name."""
        given = {name: convert(values[name]) for name, convert in self._given.items()}
        return given if self._order is None else [given[name] for name in self._order]

    def row(self, found: Any) -> tuple[Any, ...] | None:
        """Return a row of the driver's as the statement's types mean it."""
        if found is None or not self._found:
            return found and tuple(found)
        return tuple(convert(value) for convert, value in zip(self._found, found, strict=True))


class Outcome:
    """What a statement did."""

    def __init__(self, cursor: DBAPICursor, ready: Ready) -> None:
        self._cursor, self._ready = cursor, ready

    @property
    def rowcount(self) -> int:
        """How many rows were changed."""
        return self._cursor.rowcount

    def first(self) -> tuple[Any, ...] | None:
        """Return the first row, or None."""
        return self._ready.row(self._cursor.fetchone())


class Plain:
    """A connection of the pool, used without SQLAlchemy's execution. Errors are the driver's."""

    def __init__(self, connection: PoolProxiedConnection, dialect: Dialect, ready: dict[Executable, Ready]) -> None:
        self.connection, self._dialect, self._ready = connection, dialect, ready

    def execute(self, statement: Executable, values: Mapping[str, Any] | None = None) -> Outcome:
        """Run a statement that is made once and used for ever."""
        ready = self._ready.get(statement)
        if ready is None:
            ready = self._ready[statement] = Ready(statement, self._dialect)
        cursor = self.connection.cursor()
        cursor.execute(ready.text, ready.parameters(values or {}))
        return Outcome(cursor, ready)


def _inwards(bind: BindParameter[Any], dialect: Dialect) -> Convert:
    return bind.type.dialect_impl(dialect).bind_processor(dialect) or _unchanged


def _outwards(kind: TypeEngine[Any], dialect: Dialect) -> Convert:
    return kind.dialect_impl(dialect).result_processor(dialect, None) or _unchanged


def _unchanged(value: Any) -> Any:
    return value
