"""Until when a file is kept, and what administrators may change of it: erase, take back, hold, lift, agree.

Each act is written to the ledger first. Erasing makes a file unopenable at once; the worker destroys it later. No
name is read here.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from app.clinic import lists
from app.clinic.being_destroyed import is_being_destroyed
from app.clinic.calling_off import call_off
from app.clinic.errors import AccountTooNew, NotForRole
from app.clinic.journal import write, write_of_file
from app.clinic.people import SignedIn
from app.clinic.services import ClinicServices
from app.desk import agenda, legal_holds, staff
from app.desk.errors import NotPossible, VisitNotFound
from app.desk.legal_holds import Reason
from app.desk.models import LegalHold, Visit
from app.ledger.genuine import seconds
from app.ledger.service import PURPOSES
from app.retention import due_of, term_of, was_held
from app.vault import withdrawals
from app.vault.models import Withdrawal

COMING_DAYS = 14
"""How far ahead the overview counts the files that come to their term."""


@dataclass(frozen=True, slots=True)
class FileState:
    """Until when a file is kept, whether it is withdrawn, by whom and until when, and what this person may do.

    `due_at` is when the first of it is destroyed; `restricted_until` when the rest is, where it is kept closed
    longer. `hold` is the reason of a legal hold.
    """

    term: datetime
    withdrawn: str | None
    due_at: datetime | None
    restricted_until: datetime | None
    hold: str | None
    may_erase: bool
    may_take_back: bool


@dataclass(frozen=True, slots=True)
class Waiting:
    """A file that is destroyed once two persons agreed. `first_by` agreed already, if anybody."""

    pseudonym: UUID
    visit_id: UUID | None
    origin: str
    due_at: datetime
    first_by: UUID | None


@dataclass(frozen=True, slots=True)
class Held:
    """A file under a legal hold."""

    visit_id: UUID
    reason: str
    by: UUID
    at: datetime


@dataclass(frozen=True, slots=True)
class Overview:
    """What comes to its term in the next days, a count a day; how many files are withdrawn; what waits; holds.

    `may_agree` says whether the account of who looks is old enough to agree to what waits.
    """

    coming: tuple[tuple[date, int], ...]
    withdrawn: int
    waiting: tuple[Waiting, ...]
    holds: tuple[Held, ...]
    may_agree: bool


def read_file(services: ClinicServices, person: SignedIn, visit_id: UUID) -> tuple[Visit, FileState]:
    """Return a visit, and until when its file is kept.

    Raises VisitNotFound (missing, or not theirs), SiloUnavailable.
    """
    with services.db.reading("desk") as session:
        visit = _visit(session, person, visit_id)
        hold = legal_holds.of(session, visit.pseudonym)
    with services.db.reading("keys") as session:
        rows = withdrawals.withdrawals_of(session, visit.pseudonym)
    return visit, _state(services, person, visit, hold, rows)


def erase(services: ClinicServices, person: SignedIn, visit_id: UUID) -> None:
    """Withdraw all of a file: unopenable at once, destroyed after the grace, or at its term after a visit.

    A visit still to come is called off first. Who erases is the first of two who agree, should two be needed and
    their account be old enough.
    Raises NotForRole, VisitNotFound, NotPossible when it is withdrawn already, LedgerUnavailable, SiloUnavailable.
    """
    visit, state = _for_act(services, person, visit_id)
    if not state.may_erase:
        raise NotPossible
    now = services.clock()
    held = was_held(visit.state, visit.starts_at, now, confirmed=visit.confirmed)
    if not held and visit.state in agenda.LIVE_STATES:
        call_off(services, person, visit)
    dues = {purpose: due_of(purpose, now, state.term, held=held) for purpose in sorted(PURPOSES)}
    for purpose, due_at in dues.items():
        restricted = "yes" if held and purpose != "space" else "no"
        named: dict[str, Any] = {"origin": "staff", "purpose": purpose, "restricted": restricted}
        write_of_file(services, person, "purpose.withdrawn", visit.pseudonym, **named, due=seconds(due_at))
    agrees = _may_agree(services, person)
    with services.db.writing("keys") as session:
        for purpose, due_at in dues.items():
            withdrawals.withdraw(session, visit.pseudonym, [purpose], "staff", now, due_at)
        if agrees:
            withdrawals.agree(session, visit.pseudonym, person.id)


def take_back(services: ClinicServices, person: SignedIn, visit_id: UUID) -> None:
    """Make a file that staff withdrew openable again, as far as its moment has not come.

    What a patient withdrew is never staff's to give back: a hold stops its destruction, no more. Raises as `erase`
    does.
    """
    visit, state = _for_act(services, person, visit_id)
    if not state.may_take_back:
        raise NotPossible
    with services.db.reading("keys") as session:
        rows = withdrawals.withdrawals_of(session, visit.pseudonym).values()
    for row in rows:
        if row.origin == "staff" and row.due_at > services.clock():
            named: dict[str, Any] = {"purpose": row.purpose, "due": seconds(row.due_at)}
            write_of_file(services, person, "purpose.restored", visit.pseudonym, **named)
    with services.db.writing("keys") as session:
        if not withdrawals.take_back(session, visit.pseudonym, services.clock(), "staff"):
            raise NotPossible


def hold(services: ClinicServices, person: SignedIn, visit_id: UUID, reason: Reason) -> None:
    """Have nothing of a file destroyed until the hold is lifted; again changes nothing.

    Raises as `erase` does; NotPossible too when it came too late, as the worker was destroying the file already.
    """
    visit, state = _for_act(services, person, visit_id)
    write_of_file(services, person, "hold.placed", visit.pseudonym, reason=reason)
    with services.db.writing("desk") as session:
        legal_holds.place(session, visit.pseudonym, reason, person.id, services.clock())
    if state.hold is None and is_being_destroyed(services, visit):
        _let_go(services, person, visit, reason)
        raise NotPossible


def lift(services: ClinicServices, person: SignedIn, visit_id: UUID) -> None:
    """Lift a hold: what is due is destroyed from now on. Raises as `erase` does; NotPossible when there is none."""
    visit, state = _for_act(services, person, visit_id)
    if state.hold is None:
        raise NotPossible
    _let_go(services, person, visit, state.hold)


def agree(services: ClinicServices, person: SignedIn, pseudonym: UUID) -> None:
    """Agree that a file which waits for two persons is destroyed. The same person twice counts once.

    Raises NotForRole, NotPossible when nothing of it waits, AccountTooNew (one person could be two by inviting
    themselves), LedgerUnavailable, SiloUnavailable.
    """
    _require_administrator(person)
    with services.db.reading("keys") as session:
        waiting = withdrawals.waiting_for_two(session, services.clock())
    if not any(row.pseudonym == pseudonym for row in waiting):
        raise NotPossible
    if not _may_agree(services, person):
        raise AccountTooNew
    write(services, person, "shred.agreed", [pseudonym])
    with services.db.writing("keys") as session:
        withdrawals.agree(session, pseudonym, person.id)


def overview(services: ClinicServices, person: SignedIn) -> Overview:
    """Return what comes, is withdrawn, waits and is held, without a name. Raises NotForRole, SiloUnavailable."""
    _require_administrator(person)
    with services.db.reading("keys") as session:
        waiting, withdrawn = withdrawals.waiting_for_two(session, services.clock()), withdrawals.count(session)
    with services.db.reading("desk") as session:
        held = {row.pseudonym: row for row in legal_holds.every(session)}
        about = {row.pseudonym for row in waiting} | held.keys()
        visits = session.execute(select(Visit.pseudonym, Visit.id).where(Visit.pseudonym.in_(about))).all()
    known = {one.pseudonym: one.id for one in visits}
    return Overview(
        coming=_coming(services),
        withdrawn=withdrawn,
        waiting=_waiting([row for row in waiting if row.pseudonym not in held], known),
        holds=tuple(Held(known[of], row.reason, row.by, row.at) for of, row in held.items() if of in known),
        may_agree=_may_agree(services, person),
    )


def _visit(session: Session, person: SignedIn, visit_id: UUID) -> Visit:
    """Return a visit that this person may know of: an administrator any, since no name stands here."""
    if person.role != "administrator":
        return agenda.get_visit(session, visit_id, person.viewer)
    visit = session.get(Visit, visit_id)
    if visit is None:
        raise VisitNotFound
    return visit


def _state(
    services: ClinicServices,
    person: SignedIn,
    visit: Visit,
    hold_of_it: LegalHold | None,
    rows: Mapping[str, Withdrawal],
) -> FileState:
    now, administrator = services.clock(), person.role == "administrator"
    dues = sorted(row.due_at for row in rows.values())
    origins = {row.origin for row in rows.values() if row.due_at > now}
    return FileState(
        term=term_of(visit.starts_at, visit.minutes, visit.created_at, services.settings.kept_days),
        withdrawn=min((row.origin for row in rows.values()), key=withdrawals.strength, default=None),
        due_at=dues[0] if dues else None,
        restricted_until=dues[-1] if dues and dues[-1] > dues[0] else None,
        hold=hold_of_it.reason if hold_of_it else None,
        may_erase=administrator and not rows,
        may_take_back=administrator and "staff" in origins,
    )


def _for_act(services: ClinicServices, person: SignedIn, visit_id: UUID) -> tuple[Visit, FileState]:
    """Return a visit and the state of its file, for an administrator's act."""
    _require_administrator(person)
    return read_file(services, person, visit_id)


def _let_go(services: ClinicServices, person: SignedIn, visit: Visit, reason: str) -> None:
    write_of_file(services, person, "hold.lifted", visit.pseudonym, reason=reason)
    with services.db.writing("desk") as session:
        legal_holds.lift(session, visit.pseudonym)


def _may_agree(services: ClinicServices, person: SignedIn) -> bool:
    with services.db.reading("desk") as session:
        return staff.is_settled(session, person.id, services.clock())


def _require_administrator(person: SignedIn) -> None:
    if person.role != "administrator":
        raise NotForRole


def _coming(services: ClinicServices) -> tuple[tuple[date, int], ...]:
    """Count the files whose term comes in the next days, by the clinic's day."""
    now, kept = services.clock(), services.settings.kept_days
    zone = ZoneInfo(lists.places_of(services).zone)
    first, last = now - timedelta(days=kept + 1), now - timedelta(days=kept) + timedelta(days=COMING_DAYS)
    by_visit = and_(Visit.starts_at >= first, Visit.starts_at < last)
    by_sending = and_(Visit.starts_at.is_(None), Visit.created_at >= first, Visit.created_at < last)
    columns = Visit.starts_at, Visit.minutes, Visit.created_at
    with services.db.reading("desk") as session:
        found = session.execute(select(*columns).where(or_(by_visit, by_sending))).all()
    terms = (term_of(one.starts_at, one.minutes, one.created_at, kept) for one in found)
    days = Counter(term.astimezone(zone).date() for term in terms if term > now)
    return tuple(sorted(days.items()))


def _waiting(rows: list[Withdrawal], known: Mapping[UUID, UUID]) -> tuple[Waiting, ...]:
    """Return one line for each pseudonym, from the first of its rows."""
    lines = {row.pseudonym: row for row in reversed(rows)}
    found = (Waiting(of, known.get(of), row.origin, row.due_at, row.first_by) for of, row in lines.items())
    return tuple(sorted(found, key=lambda line: (line.due_at, line.pseudonym)))
