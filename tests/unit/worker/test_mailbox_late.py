"""What waits in the mailbox for a day is said in the log, whatever it is: nobody has seen it."""

import logging
from uuid import uuid4

import pytest

from app.vault.posting import LATE, post_secrets
from app.worker.loop import rounds, turn
from tests.factories.house import House


def test_what_waits_for_more_than_a_day_is_said_once_an_hour(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    with house.db.writing("keys") as session:
        post_secrets(session, uuid4(), "2026-11-23", b"no such thing", house.clock())
    todo = tuple(one for one in rounds(house.db, house.vault, house.clock) if one.kind == "mailbox")
    house.clock.now += LATE
    turn(todo, house.clock)
    assert [one for one in caplog.records if one.levelno == logging.ERROR] == []

    house.clock.forward(hours=1)
    for _ in range(120):
        turn(todo, house.clock)
        house.clock.forward(minutes=1)

    alarms = [one for one in caplog.records if one.levelno == logging.ERROR]
    assert [(one.kind, one.count, one.silo) for one in alarms] == [("late", 1, "keys")] * 2  # type: ignore[attr-defined]
    assert len({one.event_id for one in alarms}) == 2  # type: ignore[attr-defined]
