"""Files whose term has come are withdrawn: unopenable from then on, and destroyed by the round that follows.

A contact or a case without a line in the agenda (silos restored from unlike days) comes to its term as late as any
visit could be. Files under a legal hold stay as they are. What a wrong clock withdrew too early is given back once
it is right.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from itertools import chain
from uuid import UUID

from sqlalchemy import and_, or_, select

from app.clock import Clock
from app.db import Databases
from app.desk import legal_holds
from app.desk.models import Visit
from app.ledger.genuine import say, seconds
from app.ledger.service import PURPOSES
from app.retention import FARTHEST_AHEAD, term_of, term_without_line
from app.vault import withdrawals
from app.vault.door import Vault
from app.vault.models import Withdrawal
from app.worker.intake import sent_before

BATCH = 200
"""Most files of one page, and of one transaction."""


def end_terms(db: Databases, vault: Vault, clock: Clock, kept_days: int) -> int:
    """Withdraw every file whose term has come; return how many files changed. Raises SiloUnavailable."""
    now = clock()
    changed = _give_back(db, vault, now)
    for page in chain(_over(db, now, kept_days), _without_line(db, now, kept_days)):
        with db.reading("keys") as session:
            known = withdrawals.withdrawn_in_full(session, list(page), PURPOSES)
        fresh = {pseudonym: term for pseudonym, term in page.items() if pseudonym not in known}
        if fresh:
            _withdraw(db, vault, fresh, now)
        changed += len(fresh)
    return changed


def _over(db: Databases, now: datetime, kept_days: int) -> Iterator[Mapping[UUID, datetime]]:
    """Walk the files that are not held and whose term has come, with that term, a page at a time."""
    with db.reading("desk") as session:
        held = set(legal_holds.held(session))
    before = now - timedelta(days=kept_days)
    by_sending = and_(Visit.starts_at.is_(None), Visit.created_at <= before)
    query = select(Visit.id, Visit.pseudonym, Visit.starts_at, Visit.minutes, Visit.created_at)
    query = query.where(or_(Visit.starts_at <= before, by_sending)).order_by(Visit.id).limit(BATCH)
    last: UUID | None = None
    while True:
        with db.reading("desk") as session:
            page = session.execute(query if last is None else query.where(Visit.id > last)).all()
        terms = {row.pseudonym: term_of(row.starts_at, row.minutes, row.created_at, kept_days) for row in page}
        yield {of: term for of, term in terms.items() if term <= now and of not in held}
        if len(page) < BATCH:
            return
        last = page[-1].id


def _without_line(db: Databases, now: datetime, kept_days: int) -> Iterator[Mapping[UUID, datetime]]:
    """Walk what identity or care have of files that no line of the agenda tells of, as `_over` does."""
    sent = sent_before(db, now - timedelta(days=kept_days) - FARTHEST_AHEAD)
    with db.reading("desk") as session:
        held = set(legal_holds.held(session))
    walk = sorted(sent.keys() - held)
    for start in range(0, len(walk), BATCH):
        some = walk[start : start + BATCH]
        with db.reading("desk") as session:
            known = set(session.scalars(select(Visit.pseudonym).where(Visit.pseudonym.in_(some))))
        yield {of: term_without_line(sent[of], kept_days) for of in some if of not in known}


def _withdraw(db: Databases, vault: Vault, files: Mapping[UUID, datetime], now: datetime) -> None:
    for pseudonym, term in files.items():
        for purpose in sorted(PURPOSES):
            _say(db, vault, now, "purpose.withdrawn", pseudonym, purpose, term, origin="term", restricted="no")
    with db.writing("keys") as session:
        for pseudonym, term in files.items():
            withdrawals.withdraw(session, pseudonym, PURPOSES, "term", now, term)


def _give_back(db: Databases, vault: Vault, now: datetime) -> int:
    """Give back the files whose term is to come after all: the clock was wrong when they were withdrawn."""
    early = Withdrawal.origin == "term", Withdrawal.due_at > now
    with db.reading("keys") as session:
        rows = session.scalars(select(Withdrawal).where(*early).order_by(Withdrawal.pseudonym)).all()
    for row in rows:
        _say(db, vault, now, "purpose.restored", row.pseudonym, row.purpose, row.due_at)
    found = {row.pseudonym for row in rows}
    for pseudonym in sorted(found):
        with db.writing("keys") as session:
            withdrawals.take_back(session, pseudonym, now, "term")
    return len(found)


def _say(
    db: Databases, vault: Vault, now: datetime, name: str, of: UUID, purpose: str, due: datetime, **fields: str
) -> None:
    told = {"actor": None, "role": "worker", "purpose": purpose, "due": seconds(due), **fields}
    say(db, vault.keystore, now, "worker", name, of, **told)
