"""Who has which five minutes of whom: the one authority on occupancy.

A cell is a resource (practitioner or room) and a moment divided by five minutes; its primary key is what makes a
double booking impossible. Every function that changes cells first waits for its turn (`agenda_turns`), so that
changes follow one another on every database, and a caller may catch SlotTaken and go on with its transaction.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    CursorResult,
    Integer,
    and_,
    cast,
    delete,
    func,
    insert,
    literal_column,
    or_,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.db import insert_for
from app.front.models import AgendaTurn, SlotCell

Kind = Literal["hold", "appointment", "proposal", "absence"]

CELL_SECONDS = 300
_WORD = 60
"""Cells gathered in one integer by the database: a bit each, within the 63 of a signed big integer."""
_WORD_INLINE = literal_column(str(_WORD), Integer)  # PostgreSQL wants the grouped expression without parameters
_BATCH = 500


class SlotTaken(Exception):
    """At least one of the cells wanted belongs to somebody else."""


def cell_of(moment: datetime) -> int:
    """Return the cell an aware moment falls in."""
    return int(moment.timestamp()) // CELL_SECONDS


def start_of(cell: int) -> datetime:
    """Return the moment a cell starts, in UTC."""
    return datetime.fromtimestamp(cell * CELL_SECONDS, UTC)


def wait_turn(session: Session) -> None:
    """Wait until no other transaction is changing occupancy; ours has its turn until it ends."""
    statement = insert_for(session, AgendaTurn).values(id=1, turn=1)
    session.execute(
        statement.on_conflict_do_update(index_elements=[AgendaTurn.id], set_={"turn": AgendaTurn.turn + 1})
    )


def take(
    session: Session,
    resources: Iterable[UUID],
    start_cell: int,
    n: int,
    owner: UUID,
    kind: Kind,
    expires_at: datetime | None,
    *,
    now: datetime,
) -> None:
    """Take `n` cells of every resource, over whatever expired there. Raises SlotTaken, and then takes none."""
    wait_turn(session)
    wanted = tuple(resources)
    _clear_expired(session, wanted, range(start_cell, start_cell + n), now)
    if session.scalar(select(SlotCell.owner).where(_within(wanted, start_cell, start_cell + n)).limit(1)):
        raise SlotTaken
    rows = list(_rows(wanted, range(start_cell, start_cell + n), owner, kind, expires_at))
    try:  # the primary key has the last word, over whoever did not wait for a turn
        with session.begin_nested():
            session.execute(insert(SlotCell), rows)
    except IntegrityError:
        raise SlotTaken from None


def take_what_is_free(session: Session, resource: UUID, cells: range, owner: UUID, now: datetime) -> None:
    """Take every cell of a range that nobody has, as an absence. Taking again fills what became free since."""
    wait_turn(session)
    _clear_expired(session, (resource,), cells, now)
    statement = insert_for(session, SlotCell).on_conflict_do_nothing()
    for first in range(cells.start, cells.stop, _BATCH):
        batch = range(first, min(first + _BATCH, cells.stop))
        session.execute(statement, list(_rows((resource,), batch, owner, "absence", None)))


def free(session: Session, owner: UUID) -> int:
    """Give back every cell of an owner, if it has any; return how many there were."""
    wait_turn(session)
    return _execute(session, delete(SlotCell).where(SlotCell.owner == owner))


def move(session: Session, owner: UUID, resources: Iterable[UUID], start_cell: int, n: int, now: datetime) -> None:
    """Move an appointment to other cells, its own old ones included. Raises SlotTaken, and then moves nothing."""
    with session.begin_nested():
        free(session, owner)
        take(session, resources, start_cell, n, owner, "appointment", None, now=now)


def settle(
    session: Session, keeper: UUID, owner: UUID, resources: Sequence[UUID], start_cell: int, n: int, now: datetime
) -> None:
    """Turn what `keeper` kept (a hold, a proposal) into the appointment of `owner`.

    Where the cells were lost in the meantime, they are taken again if nobody has them. What else the keeper or the
    owner had is given back. Raises SlotTaken, and then changes nothing.
    """
    wait_turn(session)
    with session.begin_nested():
        free(session, owner)
        if not _covers(session, keeper, resources, start_cell, n):
            free(session, keeper)
            take(session, resources, start_cell, n, owner, "appointment", None, now=now)
            return
        kept = and_(SlotCell.owner == keeper, _within(resources, start_cell, start_cell + n))
        _execute(session, update(SlotCell).where(kept).values(owner=owner, kind="appointment", expires_at=None))
        free(session, keeper)


def hand_over(session: Session, owner: UUID, new_owner: UUID) -> None:
    """Give the cells of an owner to another, as they are."""
    wait_turn(session)
    _execute(session, update(SlotCell).where(SlotCell.owner == owner).values(owner=new_owner))


def prolong(session: Session, owner: UUID, expires_at: datetime) -> None:
    """Give the cells of an owner, which expire, another end."""
    wait_turn(session)
    kept = and_(SlotCell.owner == owner, SlotCell.expires_at.is_not(None))
    _execute(session, update(SlotCell).where(kept).values(expires_at=expires_at))


def purge_expired(session: Session, now: datetime) -> int:
    """Remove every cell that expired; return how many there were."""
    wait_turn(session)
    return _execute(session, delete(SlotCell).where(SlotCell.expires_at <= now))


def occupied(
    session: Session,
    resources: Iterable[UUID],
    from_cell: int,
    to_cell: int,
    now: datetime,
    ignoring: UUID | None = None,
) -> dict[UUID, int]:
    """Return, for each resource with taken cells, a bit mask of them: bit 0 is `from_cell`; `to_cell` is excluded.

    Cells that expired, and those of the owner to ignore, count as free.
    """
    # Columns of the table, not of the model: hundreds of rows come back and none is an object.
    column = SlotCell.__table__.c
    bit = cast(1, BigInteger).bitwise_lshift(column.cell % _WORD_INLINE)
    statement = (
        select(column.resource, (column.cell // _WORD_INLINE).label("word"), cast(func.sum(bit), BigInteger))
        .where(column.resource.in_(tuple(resources)), column.cell >= from_cell, column.cell < to_cell)
        .where(or_(column.expires_at.is_(None), column.expires_at > now))
        .group_by(column.resource, "word")
    )
    if ignoring is not None:
        statement = statement.where(column.owner != ignoring)
    masks: dict[UUID, int] = {}
    for resource, number, bits in session.execute(statement).all():
        shift = number * _WORD - from_cell
        masks[resource] = masks.get(resource, 0) | (bits << shift if shift >= 0 else bits >> -shift)
    return masks


def owners(session: Session, resource: UUID, cells: range, now: datetime) -> dict[UUID, str]:
    """Return who has cells of a resource in a range, with the kind of each."""
    in_range = _within((resource,), cells.start, cells.stop)
    statement = select(SlotCell.owner, SlotCell.kind).where(in_range, _in_force(now)).distinct()
    return {found.owner: found.kind for found in session.execute(statement)}


def owned(session: Session, owner: UUID) -> dict[UUID, range]:
    """Return what an owner has: for each resource, its first to its last cell."""
    extent = select(SlotCell.resource, func.min(SlotCell.cell), func.max(SlotCell.cell))
    found = session.execute(extent.where(SlotCell.owner == owner).group_by(SlotCell.resource))
    return {resource: range(first, last + 1) for resource, first, last in found}


def _clear_expired(session: Session, resources: Sequence[UUID], cells: range, now: datetime) -> None:
    wanted = _within(resources, cells.start, cells.stop)
    _execute(session, delete(SlotCell).where(wanted, SlotCell.expires_at <= now))


def _covers(session: Session, owner: UUID, resources: Sequence[UUID], start_cell: int, n: int) -> bool:
    mine = and_(SlotCell.owner == owner, _within(resources, start_cell, start_cell + n))
    return session.scalar(select(func.count()).select_from(SlotCell).where(mine)) == n * len(resources)


def _within(resources: Sequence[UUID], from_cell: int, to_cell: int) -> ColumnElement[bool]:
    return and_(SlotCell.resource.in_(resources), SlotCell.cell >= from_cell, SlotCell.cell < to_cell)


def _in_force(now: datetime) -> ColumnElement[bool]:
    return or_(SlotCell.expires_at.is_(None), SlotCell.expires_at > now)


def _rows(
    resources: Iterable[UUID], cells: range, owner: UUID, kind: Kind, expires_at: datetime | None
) -> Iterator[dict[str, Any]]:
    for resource in sorted(resources):
        for cell in cells:
            yield {"resource": resource, "cell": cell, "owner": owner, "kind": kind, "expires_at": expires_at}


def _execute(session: Session, statement: Any) -> int:
    result = session.execute(statement, execution_options={"synchronize_session": False})
    return result.rowcount if isinstance(result, CursorResult) else 0
