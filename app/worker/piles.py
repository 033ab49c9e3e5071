"""What may be destroyed now: what is due, unless it is held, its patient must be heard first, or it is of a pile.

More than a few at once wait for two persons; what patients ask for, and what comes to its term in time, does not.
"""

import logging
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select

from app.clock import Clock
from app.db import Databases
from app.desk import legal_holds
from app.front.models import FrontOutbox
from app.ledger.genuine import is_genuine
from app.ledger.opening import EventKeys
from app.ledger.service import events_named
from app.retention import FEW_AN_HOUR, GRACE, ON_TIME
from app.vault import withdrawals
from app.vault.keystore import Keystore
from app.vault.models import Withdrawal

BEGUN = "destruction.begun"
HEARD_FOR = timedelta(hours=1)
"""How long an act that waits in the patient's outbox may hold a destruction up; a timely taking back, for ever."""

_AN_HOUR = timedelta(hours=1)
_UNHEARD_FOR = timedelta(days=1)
_log = logging.getLogger("paravent.worker")


def let_through(db: Databases, keystore: Keystore, now: datetime) -> dict[UUID, list[Withdrawal]]:
    """Return what may be destroyed now, by pseudonym, the longest due first.

    Raises SiloUnavailable, KeystoreError.
    """
    with db.reading("keys") as session:
        rows = withdrawals.due(session, now)
    if not rows:
        return {}
    with db.reading("desk") as session:
        kept = set(legal_holds.held(session))
    acts = _acts(db)
    files: dict[UUID, list[Withdrawal]] = {}
    for row in rows:
        if row.pseudonym not in kept and not _is_unheard(acts.get(row.pseudonym, ()), row, now):
            files.setdefault(row.pseudonym, []).append(row)
    return _without_piles(db, keystore, files, now)


def still_due(db: Databases, pseudonym: UUID, purposes: Collection[str], now: datetime) -> list[Withdrawal]:
    """Return what of these purposes may still be destroyed: somebody may have held or taken back the file since."""
    with db.reading("desk") as session:
        if legal_holds.of(session, pseudonym) is not None:
            return []
    acts = _acts(db, pseudonym).get(pseudonym, ())
    with db.reading("keys") as session:
        rows = withdrawals.withdrawals_of(session, pseudonym)
    return [
        row for of, row in rows.items() if of in purposes and row.due_at <= now and not _is_unheard(acts, row, now)
    ]


def tell_unheard(db: Databases, clock: Clock) -> int:
    """Log how many files are not destroyed because a taking back waits for more than a day; change nothing."""
    late = clock() - _UNHEARD_FOR
    of = {one for one, acts in _acts(db).items() if any(kind == "keep" and at < late for kind, at in acts)}
    with db.reading("keys") as session:
        stuck = of & {row.pseudonym for row in withdrawals.due(session, clock())}
    if stuck:
        _log.error(
            "files were taken back by acts that could not be carried for a day; they stay closed, and are not "
            "destroyed: see why the worker leaves these acts",
            extra={"count": len(stuck)},
        )
    return 0


_Acts = Sequence[tuple[str, datetime]]


def _acts(db: Databases, *pseudonyms: UUID) -> Mapping[UUID, _Acts]:
    """Return the kind and moment of each act that waits, by pseudonym."""
    wanted = select(FrontOutbox.pseudonym, FrontOutbox.kind, FrontOutbox.created_at)
    if pseudonyms:
        wanted = wanted.where(FrontOutbox.pseudonym.in_(pseudonyms))
    found: dict[UUID, list[tuple[str, datetime]]] = defaultdict(list)
    with db.reading("front") as session:
        for row in session.execute(wanted):
            found[row.pseudonym].append((row.kind, row.created_at))
    return found


def _is_unheard(acts: _Acts, row: Withdrawal, now: datetime) -> bool:
    """Say whether an act that waits must be carried before this is destroyed."""
    taken_back = row.origin == "patient" and any(kind == "keep" and at < row.due_at for kind, at in acts)
    return taken_back or (bool(acts) and row.due_at > now - HEARD_FOR)


def _without_piles(
    db: Databases, keystore: Keystore, files: Mapping[UUID, list[Withdrawal]], now: datetime
) -> dict[UUID, list[Withdrawal]]:
    """Leave out what must wait for two persons: all that needs them, once they are more than a few.

    What was agreed to and what the last hour destroyed count with them, so that a pile does not go by a few at a
    time; what was begun is finished. Files long overdue wait for a day after they were withdrawn even when they are
    few: a clock that is wrong is put right in that time, and they are then given back. As long, nothing else goes
    whose moment is a term, since it is the same clock that says so.
    """
    need = {of for of, rows in files.items() if any(withdrawals.needs_two(row, now) for row in rows)}
    if not need:
        return dict(files)
    lately = _lately(db, keystore, now)
    counted = {of for of, rows in files.items() if any(withdrawals.is_counted(row, now) for row in rows)}
    fresh = {of for of in need if any(_is_fresh_pile(row, now) for row in files[of])} - lately
    barred = (need if len(counted | lately) > FEW_AN_HOUR else fresh) - lately
    left = {of: rows for of, rows in files.items() if of not in barred}
    if not fresh:
        return left
    trusted = {of: rows if of in lately else _without_terms(rows) for of, rows in left.items()}
    return {of: rows for of, rows in trusted.items() if rows}


def _is_fresh_pile(row: Withdrawal, now: datetime) -> bool:
    return row.origin == "term" and withdrawals.needs_two(row, now) and row.asked_at > now - ON_TIME


def _without_terms(rows: Iterable[Withdrawal]) -> list[Withdrawal]:
    """Return what was agreed to, or whose moment is but the end of the grace."""
    return [row for row in rows if withdrawals.is_agreed(row) or not _is_at_a_term(row)]


def _is_at_a_term(row: Withdrawal) -> bool:
    return row.origin == "term" or row.due_at - row.asked_at > GRACE


def _lately(db: Databases, keystore: Keystore, now: datetime) -> set[UUID]:
    """Return the pseudonyms whose destruction began within the last hour and counted."""
    found = events_named(db, BEGUN, now - _AN_HOUR, EventKeys(db, keystore))
    genuine = (one.content for one in found if is_genuine(keystore, one, "worker"))
    return {UUID(of) for said in genuine if said and said.fields["counted"] == "yes" for of in said.subjects}
