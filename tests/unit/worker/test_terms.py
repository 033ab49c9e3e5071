"""A file whose term has come is withdrawn, and destroyed; a wrong clock harms nothing that can't be made good."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import delete

from app.care.models import Case
from app.db import Databases, Silo
from app.desk import legal_holds
from app.desk.models import Visit
from app.identity.models import Contact
from app.retention import FARTHEST_AHEAD
from app.worker.loop import rounds, turn
from app.worker.shredding import shred
from app.worker.terms import BATCH, end_terms
from tests.factories.desk_silo import a_visit
from tests.factories.house import House
from tests.factories.mortal import killed_everywhere
from tests.unit.worker.agenda import staff_change, taken_in
from tests.unit.worker.sending import leave_action
from tests.unit.worker.shredded import ALL, left_of, pass_time, said, visit_in, withdrawn


def _end(house: House, kept_days: int = 90) -> int:
    return end_terms(house.db, house.vault, house.clock, kept_days)


def test_a_term_ends_ninety_days_after_the_end_of_the_visit(house: House) -> None:
    sent = taken_in(house, **visit_in(house, 2))
    pass_time(house, days=92, minutes=29)
    assert _end(house) == 0
    pass_time(house, minutes=1)

    assert _end(house) == 1
    assert _end(house) == 0

    assert {row.origin for row in withdrawn(house, sent).values()} == {"term"}
    assert len(said(house, sent, "purpose.withdrawn")) == len(ALL)
    assert shred(house.db, house.vault, house.clock) == 1
    assert left_of(house, sent) == set()


def test_what_has_no_time_ends_after_its_sending(house: House) -> None:
    sent = taken_in(house, kind="write", state="requested", starts_at=None, practitioner=None, room=None)
    pass_time(house, days=90)

    assert _end(house) == 1
    assert shred(house.db, house.vault, house.clock) == 1
    assert left_of(house, sent) == set()


def test_the_setting_shortens_it(house: House) -> None:
    taken_in(house, **visit_in(house, 2))
    pass_time(house, days=33)

    assert _end(house, 30) == 1


def test_files_on_hold_stay_readable(house: House) -> None:
    sent = taken_in(house, **visit_in(house, 2))
    with house.db.writing("desk") as session:
        legal_holds.place(session, sent.pseudonym, "authority", uuid4(), house.clock())
    pass_time(house, days=100)

    assert _end(house) == 0
    assert withdrawn(house, sent) == {}


def test_every_page_of_files_is_walked(house: House) -> None:
    with house.db.writing("desk") as session:
        for _ in range(BATCH + 3):
            a_visit(session, created_at=house.clock())
    pass_time(house, days=91)

    assert _end(house) == BATCH + 3


@pytest.mark.parametrize("lost", ["desk", "desk and care", "desk and identity"])
def test_what_has_no_line_in_the_agenda_ends_as_late_as_any_visit_could(house: House, lost: str) -> None:
    """As after a restoration of silos from unlike days."""
    sent, other = taken_in(house), taken_in(house)
    columns: dict[Silo, Any] = {"desk": Visit.pseudonym, "care": Case.pseudonym, "identity": Contact.pseudonym}
    for silo, column in columns.items():
        if silo in lost.split():
            with house.db.writing(silo) as session:
                session.execute(delete(column.class_).where(column == sent.pseudonym))
    with house.db.writing("desk") as session:
        legal_holds.place(session, other.pseudonym, "claim", uuid4(), house.clock())
    pass_time(house, days=FARTHEST_AHEAD.days + 90 - 1, hours=23)
    assert _end(house) == 0
    pass_time(house, hours=1)

    assert _end(house) == 1
    assert _end(house) == 0
    assert shred(house.db, house.vault, house.clock) == 1
    assert left_of(house, sent) == set()
    assert withdrawn(house, other) == {}


def test_killed_anywhere_it_is_withdrawn_and_told_once(house: House) -> None:
    sent = taken_in(house, **visit_in(house, 2))
    pass_time(house, days=93)

    def end(db: Databases) -> None:
        end_terms(db, house.vault, house.clock, 90)

    assert killed_everywhere(house.db, end, lambda: None) == 8
    assert withdrawn(house, sent).keys() == set(ALL)
    assert len(said(house, sent, "purpose.withdrawn")) == len(ALL)


@pytest.mark.parametrize("files", [2, 7])
def test_a_clock_a_year_ahead_destroys_nothing_at_its_term_and_is_made_good(house: House, files: int) -> None:
    sents = [taken_in(house, **visit_in(house, 2)) for _ in range(files)]
    on_time = taken_in(house, **visit_in(house, 365 - 90 - 0.5))
    seen = taken_in(house, **visit_in(house, 0.1))
    staff_change(house, seen, "seen")
    leave_action(house, seen, "erase", "seen")
    todo, right = rounds(house.db, house.vault, house.clock), house.clock.now
    turn(todo, house.clock)
    pass_time(house, days=365)
    for _ in range(4):
        turn(todo, house.clock)
        pass_time(house, minutes=2)

    everything = [*sents, on_time]
    assert all("secrets" in left_of(house, sent) for sent in everything)
    assert {"contacts", "cases"} <= left_of(house, seen)
    house.clock.now = right + timedelta(minutes=10)
    assert end_terms(house.db, house.vault, house.clock, 90) == len(everything) + 1, "and the one seen"
    assert all(withdrawn(house, sent) == {} for sent in everything)
    assert all(len(said(house, sent, "purpose.restored")) == len(ALL) for sent in everything)
    assert withdrawn(house, seen).keys() == {"care", "contact"}


def test_the_loop_does_it_by_itself(house: House) -> None:
    sent = taken_in(house, **visit_in(house, 2))
    pass_time(house, days=93)

    turn(rounds(house.db, house.vault, house.clock), house.clock)

    assert left_of(house, sent) == set()
