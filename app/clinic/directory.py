"""From the desk's tables to the directory that patients' slots are computed from."""

from typing import Literal
from uuid import UUID

from sqlalchemy.orm import Session

from app.clock import Clock
from app.db import Databases
from app.desk import models, places
from app.front import directory as published
from app.front.published_directory import NoDirectory, check_directory, current_directory, publish_directory
from app.ledger.service import record


def publish(db: Databases, clock: Clock, zone: Literal["clinic", "cli"], actor: UUID | None) -> int:
    """Put the desk's places, hours and rules in force for patients; return the version.

    Publishing what is in force already gives no new version. Raises DirectoryFaults, LedgerUnavailable.
    """
    now = clock()
    wanted = build(db)
    record(db, now, zone, "directory.published", actor=actor, version=_in_force(db) + 1)
    with db.writing("front") as session:
        return publish_directory(session, wanted, now)


def _in_force(db: Databases) -> int:
    with db.reading("front") as session:
        try:
            return current_directory(session).version
        except NoDirectory:
            return 0


def build(db: Databases) -> published.Directory:
    """Return the directory as the desk's tables say it. Its version is given on publishing."""
    with db.reading("desk") as session:
        return _read(session)


def check(session: Session) -> None:
    """Look at what the desk's tables would publish, before a change of them is kept. Raises DirectoryFaults."""
    session.flush()
    check_directory(_read(session))


def _read(session: Session) -> published.Directory:
    rules = places.rules(session)
    return published.Directory(
        version=0,
        sites=tuple(_site(site) for site in places.sites(session)),
        rooms=tuple(
            published.Room(id=room.id, site=room.site_id, name=room.name, step_free=room.step_free)
            for room in places.rooms(session)
        ),
        practitioners=tuple(_practitioner(person) for person in places.practitioners(session)),
        hours=tuple(_hours(row) for row in places.hours(session)),
        rules=published.Rules(
            notice_hours=rules.notice_hours,
            horizon_days=rules.horizon_days,
            cancel_hours=rules.cancel_hours,
            call_starts_minute=rules.call_starts_minute,
            call_ends_minute=rules.call_ends_minute,
        ),
    )


def _site(site: models.Site) -> published.Site:
    return published.Site(
        id=site.id,
        name=site.name,
        address=site.address,
        door=site.door,
        desk_words=site.desk_words,
        phone=site.phone,
        step_free=site.step_free,
        timezone=site.timezone,
    )


def _practitioner(person: models.Practitioner) -> published.Practitioner:
    kinds = tuple(kind for kind in person.kinds.split(",") if kind)
    gender = person.gender if person.gender in ("woman", "man") else "unsaid"
    return published.Practitioner.model_validate(
        {"id": person.id, "name": person.name, "kinds": kinds, "gender": gender}
    )


def _hours(row: models.OpeningHours) -> published.Hours:
    return published.Hours(
        practitioner=row.practitioner_id,
        site=row.site_id,
        weekday=row.weekday,
        starts_minute=row.starts_minute,
        ends_minute=row.ends_minute,
        valid_from=row.valid_from,
        valid_until=row.valid_until,
    )
