"""The rows of the keys silo as lines of JSON, the same for SQLite and PostgreSQL, and back."""

import base64
import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from itertools import islice
from typing import Any
from uuid import UUID

from sqlalchemy import Column, LargeBinary, Table, Uuid, delete, func, insert, select
from sqlalchemy.orm import Session

from app.db import UTCDateTime
from app.vault.backup_errors import BackupDamaged
from app.vault.models import Base, BlindIndex, MailboxEntry, Secret

LARGEST = 900_000
"""Most bytes of one file of rows: a key file's reader takes a mebibyte."""
_AT_ONCE = 500
_TABLES = {table.name: table for table in Base.metadata.sorted_tables}
_WRAPPED = (("epoch", Secret.epoch), ("intake", MailboxEntry.epoch), ("index", BlindIndex.epoch))
"""Columns that name a key file, by the kind of that file."""


def hold_snapshot(session: Session) -> None:
    """Let a session see one moment from now on, however much it reads. SQLite does so by itself."""
    if session.get_bind().dialect.name == "postgresql":
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})


def key_files_named(session: Session) -> set[str]:
    """Return the names of the key files that rows were wrapped or computed under."""
    return {
        f"{kind}-{name}.key" for kind, column in _WRAPPED for name in session.scalars(select(column).distinct())
    }


def counts(session: Session) -> dict[str, int]:
    """Return how many rows each table has."""
    return {name: session.scalar(select(func.count()).select_from(table)) or 0 for name, table in _TABLES.items()}


def files_of_rows(session: Session) -> Iterator[bytes]:
    """Yield every row of the silo, as the content of files that are none too large."""
    held: list[bytes] = []
    size = 0
    for line in _lines(session):
        if held and size + len(line) > LARGEST:
            yield b"".join(held)
            held, size = [], 0
        held.append(line)
        size += len(line)
    yield b"".join(held)


def put_rows(session: Session, contents: Iterable[bytes]) -> int:
    """Put the rows of files in the place of those there are; return how many. Raises BackupDamaged."""
    for table in reversed(Base.metadata.sorted_tables):
        session.execute(delete(table))
    rows = (row for content in contents for row in rows_of(content))
    done = 0
    while some := list(islice(rows, _AT_ONCE)):
        for name, table in _TABLES.items():
            if mine := [row for of, row in some if of == name]:
                session.execute(insert(table), mine)
        done += len(some)
    return done


def rows_of(content: bytes) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each row of a file with its table's name. Raises BackupDamaged."""
    for line in content.splitlines():
        try:
            said = json.loads(line)
            table = _TABLES[said["table"]]
            yield table.name, _row(table, said["row"])
        except (ValueError, KeyError, TypeError, AttributeError):
            raise BackupDamaged("a row of this copy can't be read: use another copy; nothing was changed") from None


def _lines(session: Session) -> Iterator[bytes]:
    for name, table in _TABLES.items():
        found = session.execute(select(table).execution_options(yield_per=_AT_ONCE)).mappings()
        for row in found:
            said = {key: _said(value) for key, value in row.items()}
            yield json.dumps({"table": name, "row": said}, separators=(",", ":")).encode("ascii") + b"\n"


def _said(value: object) -> Any:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, UUID) else value


def _row(table: Table, said: Mapping[str, Any]) -> dict[str, Any]:
    if said.keys() != set(table.columns.keys()):
        raise KeyError
    return {column.name: _value(column, said[column.name]) for column in table.columns}


def _value(column: Column[Any], said: Any) -> Any:
    if said is None:
        return None
    if isinstance(column.type, LargeBinary):
        return base64.b64decode(said, validate=True)
    if isinstance(column.type, UTCDateTime):
        return datetime.fromisoformat(said)
    return UUID(said) if isinstance(column.type, Uuid) else said
