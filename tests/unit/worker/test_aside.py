"""What runs aside: the loop never waits for it, and hears of its faults; an outside that hangs holds up nothing."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from app.anchor_settings import BucketAddress, Elsewhere, StampAuthority
from app.ledger.service import record
from app.worker import anchor_bucket, loop, time_stamps
from app.worker.aside import Aside
from app.worker.chain import last_anchored
from tests.factories.house import House
from tests.factories.kept_ledger import CASE
from tests.factories.siem_receiver import until
from tests.factories.stamp_authority import local_authority


def until_done(aside: Aside) -> int:
    """Take turns until one tells of something done, or raises."""
    for _ in range(500):
        if done := aside.turn():
            return done
        time.sleep(0.01)
    return 0


def test_it_goes_on_while_a_round_waits_and_tells_later() -> None:
    free = threading.Event()
    aside = Aside(lambda: 3 if free.wait(10) else 0)
    assert [aside.turn(), aside.turn(), aside.turn()] == [0, 0, 0]
    free.set()
    assert until_done(aside) == 3


def test_a_fault_is_raised_at_the_next_turn_and_the_round_is_begun_again() -> None:
    begun: list[int] = []

    def fails() -> int:
        begun.append(1)
        raise LookupError("nothing")

    aside = Aside(fails, first_seconds=5)
    assert aside.turn() == 0
    with pytest.raises(LookupError):
        until_done(aside)
    assert len(begun) >= 2


def test_the_first_turn_is_waited_for() -> None:
    done = threading.Event()

    def slow() -> int:
        time.sleep(0.1)
        done.set()
        return 1

    Aside(slow, first_seconds=5).turn()
    assert done.is_set()


def test_the_chain_signs_while_bucket_and_authority_hang(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Both take the connection and never answer. Their rounds fail later, under their own names."""
    monkeypatch.setattr(loop, "_FIRST_LOOK_SECONDS", 0.2)
    monkeypatch.setattr(anchor_bucket, "_READ_SECONDS", 1)
    monkeypatch.setattr(time_stamps, "_SECONDS", 1)
    anchors = house.root / "anchors"
    loop.turn(loop.rounds(house.db, house.vault, house.clock, anchors), house.clock)
    signed = last_anchored(anchors)  # without a note nothing would be stamped
    with local_authority(tmp_path / "tsa") as authority, a_deaf_server() as bucket, a_deaf_server() as stamps:
        where = BucketAddress(bucket.address, "anchors", "", "key", "no secret", "us-east-1", 1)
        elsewhere = Elsewhere(where, StampAuthority(stamps.address, authority.roots))
        todo = loop.rounds(house.db, house.vault, house.clock, anchors, elsewhere=elsewhere)
        record(house.db, house.clock(), "clinic", "case.opened", [], ["care"], **CASE)
        before = time.monotonic()
        loop.turn(todo, house.clock)
        assert signed != last_anchored(anchors)
        assert time.monotonic() - before < 4
        assert bucket.was_called()
        assert stamps.was_called()
        assert [getattr(line, "kind", "") for line in caplog.records] == []
        assert until(lambda: kinds_of_a_later_turn(todo, house, caplog) == {"bucket", "stamping"})
    assert {line.exc_info[0].__name__ for line in caplog.records if line.exc_info and line.exc_info[0]} == {
        "BucketAway",
        "AuthorityAway",
    }


def kinds_of_a_later_turn(todo: tuple[loop.Round, ...], house: House, caplog: pytest.LogCaptureFixture) -> set[str]:
    """Take a turn some minutes later; return the kinds of round that failed so far."""
    house.clock.forward(minutes=2)
    loop.turn(todo, house.clock)
    return {getattr(line, "kind", "") for line in caplog.records}


class Deaf:
    """A server that takes each connection, and never says a word."""

    def __init__(self, door: socket.socket) -> None:
        self.address = f"http://127.0.0.1:{door.getsockname()[1]}"
        self._door, self.near = door, list[socket.socket]()
        door.settimeout(10)

    def was_called(self) -> bool:
        """Wait for a connection, and say whether it asked something."""
        self.near.append(self._door.accept()[0])
        return bool(self.near[-1].recv(1))


@contextmanager
def a_deaf_server() -> Iterator[Deaf]:
    """Run such a server."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        deaf = Deaf(door)
        yield deaf
        for near in deaf.near:
            near.close()


def test_a_bucket_that_refuses_connections_is_logged_with_an_id(
    house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    bucket = BucketAddress("http://127.0.0.1:9", "anchors", "", "key", "no secret", "us-east-1", 1)
    todo = loop.rounds(house.db, house.vault, house.clock, house.root / "anchors", elsewhere=Elsewhere(bucket))
    loop.turn(todo, house.clock)
    house.clock.forward(minutes=2)
    loop.turn(todo, house.clock)
    [line] = [one for one in caplog.records if getattr(one, "kind", "") == "bucket"]
    assert line.exc_info is not None
    assert line.exc_info[0] is not None
    assert line.exc_info[0].__name__ == "BucketAway"
    assert getattr(line, "event_id", "")
    assert last_anchored(house.root / "anchors")
