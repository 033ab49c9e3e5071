"""What the keystore's state says of a ledger that somebody wrote into."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from app.cli.keys_state import status
from app.ledger.models import Event
from tests.unit.cli.custody import Room, make_room


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    """A room with an installation."""
    made = make_room(tmp_path)
    yield made
    made.table.db.dispose()


@pytest.mark.parametrize(
    "payload",
    ["", "{", "[]", "{}", '{"fields":{"generation":"9"}}', '{"fields":{"generation":null}}', "[" * 100_000],
    ids=["empty", "cut", "a list", "no fields", "a text", "nothing", "too deep"],
)
def test_a_row_that_nobody_can_read_is_said_and_does_not_stop_status(room: Room, payload: str) -> None:
    assert status(room.table) == 0
    with room.table.db.writing("ledger") as session:
        row = Event(id=uuid4(), at=room.now, zone="cli", name="keys.changed", payload=payload)
        row.salt = row.leaf = bytes(32)
        session.add(row)
    assert status(room.table) == 1
    assert any("1 ROW(S)" in said and "forged" in said for said in room.people.said)
