"""What Alembic runs for every silo: the connection and the silo's metadata come from `app.cli.silos`.

On PostgreSQL a migration gives up rather than queue before a live table, and two never run at once.
"""

from typing import Any, Literal

from alembic import context
from sqlalchemy import Connection, MetaData, text

from app.db import UTCDateTime

_POSTGRESQL_FIRST = (
    "SET LOCAL lock_timeout = '4s'",
    "SET LOCAL statement_timeout = '60s'",
    "SELECT pg_advisory_xact_lock(7064201)",  # any constant number, the same in every release
)


def _render(kind: str, item: Any, _context: Any) -> str | Literal[False]:
    """Write our own column type as the plain one below it: a revision must not depend on today's code."""
    return "sa.DateTime()" if kind == "type" and isinstance(item, UTCDateTime) else False


def _run(connection: Connection, metadata: MetaData) -> None:
    if connection.dialect.name == "postgresql":
        for statement in _POSTGRESQL_FIRST:
            connection.execute(text(statement))
    context.configure(
        connection=connection,
        target_metadata=metadata,
        render_item=_render,
        render_as_batch=True,
        transactional_ddl=True,
    )
    with context.begin_transaction():
        context.run_migrations()


_run(context.config.attributes["connection"], context.config.attributes["metadata"])
