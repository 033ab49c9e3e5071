"""Who may be one person: files reached by the same address or number. Only a person joins them, and may part them.

Only the files of adults who came alone are indexed (app/worker/intake.py), so that no other can appear here, on
either side. Nobody is shown, or parts, what they may not open: a practitioner sees the files that have a visit of
theirs, or one that is nobody's yet and may become theirs; who is no practitioner sees every file.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.clinic.contacts import Reach, open_one, opened_with
from app.clinic.journal import write
from app.clinic.people import SignedIn
from app.clinic.services import ClinicServices
from app.desk import agenda
from app.desk.agenda import Viewer
from app.desk.errors import NotPossible, VisitNotFound
from app.desk.models import Visit
from app.identity import persons
from app.vault import blind

MANY = 12
"""Most files that are shown, the joined before the others, the newest first: a house may have one telephone."""


@dataclass(frozen=True, slots=True)
class Likeness:
    """Another file: its line of the agenda, and how its patient is called and reached."""

    visit: Visit
    reach: Reach


@dataclass(frozen=True, slots=True)
class Likenesses:
    """The files that staff said to be the same person's, and those that may be."""

    joined: tuple[Likeness, ...] = ()
    possible: tuple[Likeness, ...] = ()


def possible_same(services: ClinicServices, person: SignedIn, visit: Visit, reach: Reach) -> Likenesses:
    """Return the other files of a visit's patient, certain and possible; `reach` is the patient's, just opened.

    The ledger's row names every file shown, and comes first. Raises LedgerUnavailable, SiloUnavailable.
    """
    alike, joined = _alike(services, visit.pseudonym, reach), _joined(services, visit.pseudonym)
    shown = [*_shown(services, person.viewer, joined), *_shown(services, person.viewer, alike - joined)][:MANY]
    if not shown:
        return Likenesses()
    receipt = write(
        services,
        person,
        "likeness.shown",
        subjects=[visit.pseudonym, *(one.pseudonym for one in shown)],
        purposes=["contact"],
        visit=visit.id,
        count=len(shown),
    )
    reaches = opened_with(services, receipt, [one.pseudonym for one in shown])
    found = [Likeness(one, reaches[one.pseudonym]) for one in shown]
    return Likenesses(
        joined=tuple(one for one in found if one.visit.pseudonym in joined),
        possible=tuple(one for one in found if one.visit.pseudonym not in joined),
    )


def join(services: ClinicServices, person: SignedIn, visit_id: UUID, other_id: UUID) -> None:
    """Say that two files are the same person's; again changes nothing.

    Raises VisitNotFound (missing, or not theirs), NotPossible when they share no contact or are not to be joined,
    LedgerUnavailable, SiloUnavailable.
    """
    with services.db.reading("desk") as session:
        visit = agenda.get_visit(session, visit_id, person.viewer)
        other = agenda.get_visit(session, other_id, person.viewer)
    if other.pseudonym not in _alike(services, visit.pseudonym, open_one(services, person, visit)):
        raise NotPossible
    both = {visit.pseudonym, other.pseudonym}
    concerned = both.union(*(_joined(services, one) for one in both))
    write(services, person, "person.joined", subjects=concerned, visit=visit_id, other=other_id)
    with services.db.writing("identity") as session:
        persons.join(session, visit.pseudonym, other.pseudonym, person.id, services.clock())


def part(services: ClinicServices, person: SignedIn, visit_id: UUID) -> None:
    """Say that a file is not the person's it was joined to. Raises as `join` does; NotPossible, too, when none of
    the files it was joined to is theirs to see, as if there were none.
    """
    with services.db.reading("desk") as session:
        visit = agenda.get_visit(session, visit_id, person.viewer)
    joined = _joined(services, visit.pseudonym)
    if not _shown(services, person.viewer, joined):
        raise NotPossible
    write(services, person, "person.parted", subjects=[visit.pseudonym, *joined], visit=visit_id)
    with services.db.writing("identity") as session:
        persons.part(session, visit.pseudonym)


def _alike(services: ClinicServices, pseudonym: UUID, reach: Reach) -> set[UUID]:
    """Return the other indexed files with the same contact; none for a file that is not indexed itself."""
    values = blind.normal_values({"email": reach.email, "phone": reach.phone})
    keys = blind.index_keys(services.vault.keystore).readable()
    with services.db.reading("keys") as session:
        if not blind.is_indexed(session, pseudonym):
            return set()
        return blind.look_up(session, keys, values) - {pseudonym}


def _joined(services: ClinicServices, pseudonym: UUID) -> set[UUID]:
    with services.db.reading("identity") as session:
        return persons.others_of(session, pseudonym)


def _shown(services: ClinicServices, viewer: Viewer, pseudonyms: Iterable[UUID]) -> list[Visit]:
    """Return the newest visits of these pseudonyms that somebody may see."""
    wanted = select(Visit.id).where(Visit.pseudonym.in_(list(pseudonyms)))
    with services.db.reading("desk") as session:
        ids = session.scalars(wanted.order_by(Visit.created_at.desc(), Visit.id)).all()
        seen = (visit for one in ids if (visit := _seen(session, one, viewer)))
        return list(islice(seen, MANY))


def _seen(session: Session, visit_id: UUID, viewer: Viewer) -> Visit | None:
    try:
        return agenda.get_visit(session, visit_id, viewer)
    except VisitNotFound:
        return None
