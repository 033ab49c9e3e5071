"""Rows of unsent journeys. What they say is sealed; only the patient's cookie, or their words, opens them.

Statements are built once and rows are read as plain values: a draft is read or written at every step.
"""

from datetime import datetime
from typing import Any, NamedTuple, cast
from uuid import UUID

from sqlalchemy import CursorResult, Table, bindparam, delete, select, update
from sqlalchemy.orm import Session

from app.db import insert_for
from app.front.models import Draft
from app.plain import Plain


class DraftRow(NamedTuple):
    """One stored draft, as the columns of `models.Draft` say."""

    id: UUID
    sealed: bytes
    version: int
    expires_at: datetime
    locator: bytes | None
    sealed_token: bytes | None


_TABLE = cast(Table, Draft.__table__)
_WRITTEN = ("sealed", "version", "expires_at", "locator", "sealed_token")
_COLUMNS = select(*(_TABLE.c[name] for name in DraftRow._fields))
_LOAD = select(*(_TABLE.c[name] for name in _WRITTEN)).where(_TABLE.c.id == bindparam("draft"))
_LOAD_LOCKED = _LOAD.with_for_update()
_LOAD_BY_LOCATOR = _COLUMNS.where(_TABLE.c.locator == bindparam("wanted"), _TABLE.c.expires_at > bindparam("now"))
_NEXT_VERSION = (
    update(_TABLE)
    .where(_TABLE.c.id == bindparam("draft"), _TABLE.c.version == bindparam("former"))
    .values({name: bindparam(name) for name in _WRITTEN})
)


def load(session: Session | Plain, draft_id: UUID, now: datetime, *, locked: bool = False) -> DraftRow | None:
    """Return a draft that has not expired, or None. `locked` keeps parallel writers of the same draft waiting."""
    row = session.execute(_LOAD_LOCKED if locked else _LOAD, {"draft": draft_id}).first()
    found = DraftRow(draft_id, *row) if row else None
    return found if found and found.expires_at > now else None


def load_by_locator(session: Session, locator: bytes, now: datetime) -> DraftRow | None:
    """Return the unexpired draft that these code words point to, or None."""
    row = session.execute(_LOAD_BY_LOCATOR, {"wanted": locator, "now": now}).first()
    return DraftRow(*row) if row else None


def save(session: Session, draft: DraftRow, now: datetime) -> bool:
    """Write a draft over its former version; return False, having written nothing, when that one is gone.

    The first version is written where there is no draft, or an expired one.
    """
    if draft.version > 1:
        return cast(CursorResult[Any], session.execute(_NEXT_VERSION, _next_version(draft))).rowcount == 1
    columns = _columns(draft)
    first = insert_for(session, _TABLE).values(id=draft.id, **columns)
    first = first.on_conflict_do_update(index_elements=["id"], set_=columns, where=_TABLE.c.expires_at <= now)
    done = session.execute(first, execution_options={"preserve_rowcount": True})
    return cast(CursorResult[Any], done).rowcount == 1


def note(plain: Plain, draft: DraftRow) -> bool:
    """Write a draft over its former version, as `save` does, at a fraction of its cost."""
    return plain.execute(_NEXT_VERSION, _next_version(draft)).rowcount == 1


def remove(session: Session, draft_id: UUID) -> None:
    """Remove a draft, if it is there."""
    session.execute(delete(Draft).where(Draft.id == draft_id))


def _columns(draft: DraftRow) -> dict[str, Any]:
    return {name: getattr(draft, name) for name in _WRITTEN}


def _next_version(draft: DraftRow) -> dict[str, Any]:
    return _columns(draft) | {"draft": draft.id, "former": draft.version - 1}
