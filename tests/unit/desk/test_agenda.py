"""Who sees which visit, in what order, and what may be done to it."""

from datetime import timedelta
from itertools import product
from uuid import UUID, uuid4

import pytest
from sqlalchemy.orm import Session

from app.db import Databases
from app.desk import agenda
from app.desk.agenda import ACTIONS, RULES, Viewer
from app.desk.errors import NotPossible, VersionConflict, VisitNotFound
from app.desk.models import Proposal, Visit, VisitPool
from tests.factories.desk_silo import NOW, a_visit

DESK = Viewer(None)
KINDS = ("appointment", "request", "call", "come", "write")
STATES = (
    *("requested", "booked", "proposed", "move_asked", "arrived"),
    *("seen", "absent", "cancelled", "declined", "answered"),
)


def pool(session: Session, visit: UUID, *people: UUID) -> None:
    """Let these practitioners take a visit."""
    session.add_all(VisitPool(visit_id=visit, practitioner_id=person) for person in people)
    session.flush()


def test_a_practitioner_sees_their_own_visits_and_unclaimed_ones_of_their_pool(db: Databases) -> None:
    mine, other = uuid4(), uuid4()
    with db.writing("desk") as session:
        own = a_visit(session, practitioner_id=mine)
        theirs = a_visit(session, practitioner_id=other)
        unclaimed = a_visit(session, practitioner_id=None, state="requested", starts_at=None)
        elsewhere = a_visit(session, practitioner_id=None, state="requested", starts_at=None)
        pool(session, theirs, mine, other)
        pool(session, unclaimed, mine, other)
        pool(session, elsewhere, other)
        for visit in (own, unclaimed):
            assert agenda.get_visit(session, visit, Viewer(mine)).id == visit
        for visit in (theirs, elsewhere, uuid4()):
            with pytest.raises(VisitNotFound):
                agenda.get_visit(session, visit, Viewer(mine))
        assert {v.id for v in agenda.waiting(session, Viewer(mine))} == {unclaimed}
        assert {v.id for v in agenda.waiting(session, DESK)} == {unclaimed, elsewhere}


def test_requests_come_oldest_first_and_unreachable_patients_last(db: Databases) -> None:
    with db.writing("desk") as session:
        order = []
        for age, reachable in ((1, True), (9, False), (5, True), (2, False)):
            at = NOW - timedelta(hours=age)
            visit = a_visit(session, state="requested", starts_at=None, reachable=reachable, created_at=at)
            order.append((not reachable, -age, visit))
        moved = a_visit(session, state="move_asked", created_at=NOW - timedelta(hours=3))
        order.append((False, -3, moved))
        a_visit(session, state="proposed")
        assert [v.id for v in agenda.waiting(session, DESK)] == [visit for *_rank, visit in sorted(order)]


def test_a_day_shows_what_stands_and_counts_what_was_called_off(db: Databases) -> None:
    span = NOW, NOW + timedelta(days=1)
    with db.writing("desk") as session:
        for state in STATES:
            a_visit(session, state=state)
        a_visit(session, starts_at=NOW - timedelta(seconds=1))
        a_visit(session, starts_at=NOW + timedelta(days=1))
        first = a_visit(session, starts_at=NOW)
        shown = agenda.between(session, DESK, *span)
        assert shown[0].id == first
        assert sorted(v.state for v in shown) == sorted([*STATES[:7], "answered", "booked"])
        assert agenda.called_off(session, DESK, *span) == 2


@pytest.mark.parametrize("action", ACTIONS)
def test_an_action_is_taken_from_its_states_and_no_other(db: Databases, action: agenda.Action) -> None:
    rule, confirmed = RULES[action], action != "confirm"
    with db.writing("desk") as session:
        for kind, state in product(KINDS, STATES):
            visit = a_visit(session, state=state, kind=kind, confirmed=confirmed)
            if state in rule.states and kind in rule.kinds:
                changed, former = agenda.change(session, visit, 1, action, DESK)
                assert (changed.state, changed.version, former) == (rule.to, 2, state)
                continue
            with pytest.raises(NotPossible):
                agenda.change(session, visit, 1, action, DESK)
            assert session.get_one(Visit, visit).version == 1


@pytest.mark.parametrize("state", ["requested", "proposed", "move_asked"])
def test_what_no_practitioner_confirmed_can_be_made_an_appointment_by_a_practitioner_only(
    db: Databases, state: str
) -> None:
    mine = uuid4()
    with db.writing("desk") as session:
        visit = session.get_one(Visit, a_visit(session, state=state, confirmed=False, practitioner_id=mine))
        for_desk = {action for action in ACTIONS if agenda.possible(visit, action, DESK)}
        assert not for_desk & {"keep", "arrive", "see", "miss", "cancel"}
        assert agenda.possible(visit, "cancel", Viewer(mine))
        changed, _former = agenda.change(session, visit.id, 1, "confirm", Viewer(mine))
        assert changed.confirmed
        changed, _former = agenda.change(session, visit.id, 2, "propose", DESK)
        assert {action for action in ("keep", "arrive", "miss", "cancel") if agenda.possible(changed, action, DESK)}
        with pytest.raises(NotPossible):
            agenda.change(session, visit.id, 3, "confirm", Viewer(mine))


def test_what_needs_a_time_is_refused_without_one(db: Databases) -> None:
    with db.writing("desk") as session:
        visit = a_visit(session, state="requested", starts_at=None, practitioner_id=None)
        with pytest.raises(NotPossible):
            agenda.change(session, visit, 1, "confirm", DESK)


def test_a_change_of_an_older_version_is_refused(db: Databases) -> None:
    with db.writing("desk") as session:
        visit = a_visit(session)
        agenda.change(session, visit, 1, "arrive", DESK)
        with pytest.raises(VersionConflict):
            agenda.change(session, visit, 1, "miss", DESK)


def test_a_change_of_somebody_else_s_visit_finds_nothing(db: Databases) -> None:
    with db.writing("desk") as session:
        visit = a_visit(session)
        with pytest.raises(VisitNotFound):
            agenda.change(session, visit, 1, "arrive", Viewer(uuid4()))


def test_an_absence_touches_live_visits_that_overlap_it_unreachable_last(db: Databases) -> None:
    away, start, end = uuid4(), NOW, NOW + timedelta(hours=2)
    with db.writing("desk") as session:
        ends_in = a_visit(session, practitioner_id=away, starts_at=NOW - timedelta(minutes=29), reachable=False)
        inside = a_visit(session, room_id=away)
        a_visit(session, practitioner_id=away, starts_at=NOW - timedelta(minutes=30))
        a_visit(session, practitioner_id=away, starts_at=end)
        a_visit(session, practitioner_id=away, state="cancelled")
        a_visit(session)
        assert [v.id for v in agenda.touched_by(session, away, start, end)] == [inside, ends_in]


def test_withdrawn_proposals_give_the_ids_whose_cells_are_to_be_freed(db: Databases) -> None:
    with db.writing("desk") as session:
        visit, other = a_visit(session), a_visit(session)
        ids = [uuid4(), uuid4()]
        for one, of in ((ids[0], visit), (ids[1], visit), (uuid4(), other)):
            where = {name: uuid4() for name in ("site_id", "room_id", "practitioner_id")}
            session.add(Proposal(id=one, visit_id=of, starts_at=NOW, expires_at=NOW, **where))
        session.flush()
        assert set(agenda.forget_proposals(session, visit)) == set(ids)
        assert agenda.proposals_of(session, visit) == []
        assert len(agenda.proposals_of(session, other)) == 1
