"""Hours that overlap, rooms in use, and the shipped rules."""

from datetime import date, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy.orm import Session

from app.db import Databases
from app.desk import places
from app.desk.errors import PlaceInUse
from app.desk.models import ClinicRules, OpeningHours, Practitioner, Room, Site
from tests.factories.desk_silo import NOW, a_visit


def clinic(session: Session) -> tuple[UUID, UUID, UUID]:
    """Write a site, a room and a practitioner; return their ids."""
    words = dict.fromkeys(("name", "address", "door", "desk_words", "phone"), "x")
    site = Site(id=uuid4(), step_free=True, timezone="Europe/Paris", **words)
    places.save(session, site)
    room = Room(id=uuid4(), site_id=site.id, name="1", step_free=True)
    person = Practitioner(id=uuid4(), staff_id=None, name="A", kinds="gardener", gender="unsaid")
    places.save(session, room)
    places.save(session, person)
    return site.id, room.id, person.id


def presence(
    site: UUID, person: UUID, starts: int, ends: int, first: date | None = None, last: date | None = None
) -> OpeningHours:
    """Return Monday hours."""
    return OpeningHours(
        id=uuid4(),
        practitioner_id=person,
        site_id=site,
        weekday=0,
        starts_minute=starts,
        ends_minute=ends,
        valid_from=first,
        valid_until=last,
    )


@pytest.mark.parametrize(
    ("starts", "ends", "first", "last", "overlaps"),
    [
        (540, 720, None, None, True),
        (719, 800, None, None, True),
        (720, 800, None, None, False),
        (500, 540, None, None, False),
        (540, 720, date(2027, 2, 1), None, False),
        (540, 720, date(2027, 1, 31), None, True),
        (540, 720, None, date(2026, 12, 31), False),
    ],
)
def test_nobody_is_in_two_places_at_once(
    db: Databases, starts: int, ends: int, first: date | None, last: date | None, overlaps: bool
) -> None:
    with db.writing("desk") as session:
        site, _room, person = clinic(session)
        places.save(session, presence(site, person, 540, 720, date(2027, 1, 1), date(2027, 1, 31)))
        assert places.new_hours_overlap(session, presence(site, person, starts, ends, first, last)) is overlaps


def test_a_room_that_a_visit_to_come_needs_stays(db: Databases) -> None:
    with db.writing("desk") as session:
        _site, room, _person = clinic(session)
        a_visit(session, room_id=room, starts_at=NOW - timedelta(days=1))
        a_visit(session, room_id=room, state="cancelled")
        visit = a_visit(session, room_id=room)
        with pytest.raises(PlaceInUse):
            places.remove_room(session, room, NOW)
        places.remove_room(session, room, NOW + timedelta(hours=2))
        assert visit
        assert places.rooms(session) == []


def test_rules_are_the_shipped_ones_until_set(db: Databases) -> None:
    with db.writing("desk") as session:
        assert places.rules(session).cancel_hours == 24
        numbers = dict.fromkeys(("notice_hours", "horizon_days", "cancel_hours"), 7)
        places.save(session, ClinicRules(id=1, call_starts_minute=0, call_ends_minute=60, **numbers))
        assert places.rules(session).cancel_hours == 7
