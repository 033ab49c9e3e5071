"""What ran out goes, in small batches, and what has not stays."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import func, select

from app.booking.space import SPACE_KEPT
from app.db import Silo
from app.desk.models import Proposal, StaffSession
from app.front import guesses
from app.front.models import Draft, Guess, Hold, SlotCell, Space, SpaceSession
from app.vault.models import SpaceSecret
from app.worker import tidy as tidying
from app.worker.tidy import tidy
from tests.factories.house import House
from tests.unit.worker.agenda import propose, staff_change, taken_in


def test_what_ran_out_is_removed_and_the_rest_stays(house: House) -> None:
    for minutes in (-1, 1):
        _leave_everything(house, minutes)

    tidy(house.db, house.clock)

    for silo, model in (("front", Draft), ("front", Hold), ("front", SpaceSession), ("front", Space)):
        assert _count(house, silo, model) == 1  # type: ignore[arg-type]
    assert _count(house, "front", SlotCell) == 2


def test_old_guesses_and_staff_sessions_go_after_a_day(house: House) -> None:
    with house.db.writing("front") as session:
        guesses.add(session, bytes(32), house.clock())
    with house.db.writing("desk") as session:
        now = house.clock()
        session.add(StaffSession(id=bytes(32), staff_id=None, data="{}", created_at=now, seen_at=now))
    house.clock.forward(hours=23)
    tidy(house.db, house.clock)
    assert _count(house, "front", Guess) > 0
    assert _count(house, "desk", StaffSession) == 1

    house.clock.forward(hours=3)
    tidy(house.db, house.clock)
    assert _count(house, "front", Guess) == 0
    assert _count(house, "desk", StaffSession) == 0


def test_words_go_some_time_after_the_space_they_opened(house: House) -> None:
    with house.db.writing("keys") as session:
        row = SpaceSecret(locator=bytes(32), submission=uuid4(), sealed=b"", created_at=house.clock())
        session.add(row)
    house.clock.forward(days=SPACE_KEPT.days + 29)
    tidy(house.db, house.clock)
    assert _count(house, "keys", SpaceSecret) == 1

    house.clock.forward(days=1)
    assert tidy(house.db, house.clock) == 1
    assert _count(house, "keys", SpaceSecret) == 0


@pytest.mark.parametrize(("state", "left"), [("proposed", 1), ("move_asked", 1), ("booked", 0), ("cancelled", 0)])
def test_slots_proposed_for_a_visit_that_is_settled_go(house: House, state: str, left: int) -> None:
    sent = taken_in(house)
    propose(house, sent)
    staff_change(house, sent, state)

    tidy(house.db, house.clock)

    assert _count(house, "desk", Proposal) == left


def test_more_than_a_batch_goes_too(house: House) -> None:
    with house.db.writing("front") as session:
        old = house.clock() - timedelta(seconds=1)
        session.add_all(SpaceSession(id=uuid4(), sealed=b"", expires_at=old) for _ in range(2 * tidying.BATCH + 1))

    assert tidy(house.db, house.clock) == 2 * tidying.BATCH + 1
    assert _count(house, "front", SpaceSession) == 0


def _leave_everything(house: House, minutes: int) -> None:
    """Write one of each thing that ends so many minutes from now."""
    ends, one = house.clock() + timedelta(minutes=minutes), uuid4()
    with house.db.writing("front") as session:
        session.add(Draft(id=one, sealed=b"", version=1, expires_at=ends))
        session.add(SpaceSession(id=one, sealed=b"", expires_at=ends))
        session.add(Space(id=one, sealed=b"", version=1, expires_at=ends))
        hold = {"practitioner": uuid4(), "room": uuid4(), "starts_at": ends, "cells": 2, "day": "2026-11-23"}
        session.add(Hold(id=one, draft=one, expires_at=ends, extensions=0, **hold))
        for cell in (1, 2):
            session.add(SlotCell(resource=one, cell=cell, owner=one, kind="hold", expires_at=ends))


def _count(house: House, silo: Silo, model: type[Any]) -> int:
    with house.db.reading(silo) as session:
        return session.scalar(select(func.count()).select_from(model)) or 0
