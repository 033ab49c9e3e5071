"""Withdrawals: purposes nobody may open any more, and when their secrets are destroyed. Rows of the keys silo.

Functions take a session and never commit. A row is what makes a purpose unopenable, and what the worker works off:
it is removed when everything it stands for is destroyed, and by nothing else but a change of mind in time.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, get_args
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.engine import CursorResult
from sqlalchemy.orm import Session

from app.db import insert_for
from app.retention import ON_TIME
from app.vault.models import Withdrawal

Origin = Literal["patient", "staff", "term"]
ORIGINS: tuple[Origin, ...] = get_args(Origin)
"""Who asked, the strongest will first: a patient's is never counted, held up or undone by somebody else."""


def withdraw(
    session: Session,
    pseudonym: UUID,
    purposes: Iterable[str],
    origin: Origin,
    asked_at: datetime,
    due_at: datetime,
) -> None:
    """Make purposes unopenable, from this commit on, and have their secrets destroyed once `due_at` has come.

    Again: the earlier moment counts, and the stronger will.
    """
    for purpose in sorted(set(purposes)):
        fresh = {"pseudonym": pseudonym, "purpose": purpose, "origin": origin}
        row = insert_for(session, Withdrawal).values(**fresh, asked_at=asked_at, due_at=due_at)
        session.execute(row.on_conflict_do_nothing())
        _strengthen(_locked(session, pseudonym, purpose), origin, asked_at, due_at)


def take_back(session: Session, pseudonym: UUID, now: datetime, *origins: Origin) -> bool:
    """Remove a pseudonym's withdrawals whose moment has not come; return whether there were any.

    `origins` limits it to what these asked for; none is all of them.
    """
    mine = Withdrawal.pseudonym == pseudonym, Withdrawal.due_at > now, Withdrawal.origin.in_(origins or ORIGINS)
    return _rowcount(session.execute(delete(Withdrawal).where(*mine))) > 0


def restrict(session: Session, pseudonym: UUID, purposes: Collection[str], term: datetime) -> None:
    """Keep withdrawn purposes unopenable until a term: the law keeps what they are about after all."""
    mine = Withdrawal.pseudonym == pseudonym, Withdrawal.purpose.in_(purposes), Withdrawal.due_at < term
    session.execute(update(Withdrawal).where(*mine).values(due_at=term))


def strength(origin: str) -> int:
    """Return an origin's place in `ORIGINS`: the lower, the stronger."""
    return [str(one) for one in ORIGINS].index(origin)


def withdrawals_of(session: Session, pseudonym: UUID) -> Mapping[str, Withdrawal]:
    """Return a pseudonym's withdrawals, by purpose."""
    found = session.scalars(select(Withdrawal).where(Withdrawal.pseudonym == pseudonym))
    return {row.purpose: row for row in found}


def due(session: Session, now: datetime) -> Sequence[Withdrawal]:
    """Return what is due, the longest first."""
    order = Withdrawal.due_at, Withdrawal.pseudonym, Withdrawal.purpose
    return session.scalars(select(Withdrawal).where(Withdrawal.due_at <= now).order_by(*order)).all()


def waiting_for_two(session: Session, now: datetime) -> list[Withdrawal]:
    """Return what is due, counts towards the most of an hour, and has not got the agreement of two persons.

    While there are few, the worker destroys them all the same within seconds; what stays here waits for two.
    """
    return [row for row in due(session, now) if needs_two(row, now)]


def is_counted(row: Withdrawal, now: datetime) -> bool:
    """Say whether a withdrawal counts towards the most of an hour: staff's, and a term's that is long overdue."""
    return row.origin == "staff" or (row.origin == "term" and row.due_at < now - ON_TIME)


def needs_two(row: Withdrawal, now: datetime) -> bool:
    """Say whether a withdrawal counts and has not got the agreement of two persons."""
    return is_counted(row, now) and not is_agreed(row)


def is_agreed(row: Withdrawal) -> bool:
    """Say whether two different persons agreed."""
    return None not in (row.first_by, row.second_by) and row.first_by != row.second_by


def agree(session: Session, pseudonym: UUID, by: UUID) -> None:
    """Note that somebody agrees to what is withdrawn of a pseudonym: the first, then another; again counts once."""
    mine = select(Withdrawal).where(Withdrawal.pseudonym == pseudonym).with_for_update()
    for row in session.scalars(mine):
        if row.first_by is None:
            row.first_by = by
        elif row.first_by != by and row.second_by is None:
            row.second_by = by


def count(session: Session) -> int:
    """Return of how many pseudonyms something is withdrawn."""
    return session.scalar(select(func.count(Withdrawal.pseudonym.distinct()))) or 0


def withdrawn_in_full(session: Session, pseudonyms: Collection[UUID], purposes: Collection[str]) -> set[UUID]:
    """Return those of the pseudonyms of which each of these purposes is withdrawn already."""
    mine = Withdrawal.pseudonym.in_(pseudonyms), Withdrawal.purpose.in_(purposes)
    grouped = select(Withdrawal.pseudonym).where(*mine).group_by(Withdrawal.pseudonym)
    return set(session.scalars(grouped.having(func.count() == len(set(purposes)))))


def forget(session: Session, pseudonym: UUID, purposes: Iterable[str]) -> None:
    """Remove the rows of purposes that were destroyed, the last step of all; or given back, as the ledger tells."""
    mine = Withdrawal.pseudonym == pseudonym, Withdrawal.purpose.in_(list(purposes))
    session.execute(delete(Withdrawal).where(*mine))


def _locked(session: Session, pseudonym: UUID, purpose: str) -> Withdrawal:
    return session.get_one(
        Withdrawal, {"pseudonym": pseudonym, "purpose": purpose}, with_for_update=True, populate_existing=True
    )


def _strengthen(row: Withdrawal, origin: Origin, asked_at: datetime, due_at: datetime) -> None:
    if strength(origin) < strength(row.origin):
        row.origin, row.asked_at = origin, asked_at
    row.due_at = min(row.due_at, due_at)


def _rowcount(result: Any) -> int:
    return int(result.rowcount) if isinstance(result, CursorResult) else 0
