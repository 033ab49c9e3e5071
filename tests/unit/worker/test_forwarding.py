"""The round that sends the ledger's events, sealed ones too: each at least once, and nobody waits for it."""

import json
import logging
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from app.clock import system_clock
from app.config import Siem
from app.ledger.models import Event
from app.ledger.service import record
from app.vault.pki import new_authority
from app.worker import siem_line
from app.worker.forwarding import ForwardedUnreadable, Forwarder, NotTaken, OtherLedgerForwarded, sent_so_far
from app.worker.loop import rounds, turn
from tests.factories.house import House
from tests.factories.kept_ledger import ACTOR, CASE, KeptLedger, an_empty_ledger
from tests.factories.siem_events import NO_KEYS, placed, read_frames, read_syslog
from tests.factories.siem_peers import a_peer, hanging_up, honest, server_context, siem_at
from tests.factories.siem_receiver import certify, until


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait less than for a receiver far away."""
    monkeypatch.setattr(siem_line, "SECONDS", 2.0)
    monkeypatch.setattr(siem_line, "LISTENING_SECONDS", 0.05)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[KeptLedger]:
    """A ledger of three events, and the certificates of both sides beside it."""
    certify(tmp_path, new_authority("Paravent trial", system_clock()))
    with an_empty_ledger(tmp_path) as made:
        write(made, 3)
        yield made


def write(ledger: KeptLedger, count: int) -> None:
    """Give so many events their places in the tree."""
    with ledger.db.writing("ledger") as session:
        for _ in range(count):
            refused = {"staff": ACTOR, "reason": "password"}
            session.add(placed("staff.sign_in_refused", refused, event=uuid4()).event or Event())
    assert ledger.chain.turn() == count


def forwarder(ledger: KeptLedger, siem: Siem) -> Forwarder:
    """Return what sends a ledger's events."""
    return Forwarder(ledger.db, lambda: NO_KEYS, ledger.clock, siem, ledger.anchors)


def ids(heard: bytearray) -> list[str]:
    """Return the ids of the events that were heard."""
    return [json.loads(read_syslog(one).text)["event"]["id"] for one in read_frames(bytes(heard))]


def nobody(ledger: KeptLedger) -> Siem:
    """Return the settings of a receiver that is away."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        port: int = door.getsockname()[1]
    return siem_at(ledger.folder, port)


def test_what_was_confirmed_is_not_sent_again_by_the_next_process(ledger: KeptLedger) -> None:
    with a_peer(server_context(ledger.folder), honest) as (port, heard):
        siem = siem_at(ledger.folder, port)
        assert forwarder(ledger, siem).turn() == 3
        assert forwarder(ledger, siem).turn() == 0
        write(ledger, 2)
        assert forwarder(ledger, siem).turn() == 2
    assert len(set(ids(heard))) == len(ids(heard)) == 5
    assert sent_so_far(ledger.anchors).position == 5


def test_what_was_not_confirmed_is_sent_again_under_the_same_ids(ledger: KeptLedger) -> None:
    with a_peer(server_context(ledger.folder), hanging_up) as (port, heard):
        with pytest.raises(NotTaken, match="close_notify"):
            forwarder(ledger, siem_at(ledger.folder, port)).send()
        first = ids(heard)
    with a_peer(server_context(ledger.folder), honest) as (port, heard):
        assert forwarder(ledger, siem_at(ledger.folder, port)).send() == 3
    assert first == ids(heard)


def test_a_receiver_that_is_away_is_tried_later_and_later(
    ledger: KeptLedger, caplog: pytest.LogCaptureFixture
) -> None:
    one, tried = forwarder(ledger, nobody(ledger)), list[int]()
    for second in range(800):
        one.turn()
        if len(caplog.records) > len(tried):
            tried.append(second)
        ledger.clock.forward(seconds=1)
    gaps = [after - before for before, after in zip(tried, tried[1:], strict=False)]
    assert gaps == [5, 10, 20, 40, 80, 160, 300]
    assert {(record.levelno, record.__dict__["kind"]) for record in caplog.records} == {
        (logging.WARNING, "ConnectionRefusedError")
    }
    assert len({record.__dict__["event_id"] for record in caplog.records}) == len(tried)
    assert [record.__dict__["count"] for record in caplog.records] == list(range(1, len(tried) + 1))


def test_a_place_that_can_not_be_kept_does_not_flood_the_receiver(ledger: KeptLedger, tmp_path: Path) -> None:
    """The folder's disk is not there: each batch is confirmed, and how far it got can't be written."""
    away = tmp_path / "away"
    away.symlink_to(tmp_path / "not-mounted")
    failed = list[int]()
    with a_peer(server_context(ledger.folder), honest) as (port, heard):
        one = Forwarder(ledger.db, lambda: NO_KEYS, ledger.clock, siem_at(ledger.folder, port), away)
        for second in range(30):
            try:
                one.turn()
            except OSError:
                failed.append(second)
            ledger.clock.forward(seconds=1)
    assert failed == [0, 5, 15]
    assert len(ids(heard)) == 3 * len(failed)


def test_another_ledger_than_was_sent_is_not_sent_after_it(ledger: KeptLedger, tmp_path: Path) -> None:
    with a_peer(server_context(ledger.folder), honest) as (port, heard):
        siem = siem_at(ledger.folder, port)
        forwarder(ledger, siem).send()
        other = tmp_path / "other"
        other.mkdir()
        with an_empty_ledger(other) as restored:
            late = Forwarder(restored.db, lambda: NO_KEYS, ledger.clock, siem, ledger.anchors)
            with pytest.raises(OtherLedgerForwarded, match="PARAVENT_ANCHORS"):
                late.send()  # it is shorter
            write(restored, 4)
            with pytest.raises(OtherLedgerForwarded):
                late.send()  # it has another event there
            assert forwarder(restored, siem).send() == 4
    assert len(ids(heard)) == 7


@pytest.mark.parametrize("said", ["", "{}", "[]", '{"position": "3", "leaf": ""}', '{"position": 0, "leaf": ""}'])
def test_a_damaged_place_is_named_and_nothing_is_sent(ledger: KeptLedger, said: str) -> None:
    (ledger.anchors / "forwarded.json").write_text(said)
    with pytest.raises(ForwardedUnreadable, match=r"forwarded\.json is damaged: remove it"):
        forwarder(ledger, nobody(ledger)).turn()


def test_what_staff_did_is_told_from_sealed_events_by_the_worker_s_own_rounds(house: House) -> None:
    certify(house.root, new_authority("Paravent trial", system_clock()))
    patient = uuid4()
    record(house.db, house.clock(), "clinic", "case.opened", [patient], ["care"], **CASE)
    with a_peer(server_context(house.root), honest) as (port, heard):
        siem, anchors = siem_at(house.root, port), house.root / "anchors"
        todo = rounds(house.db, house.vault, house.clock, anchors, siem)
        turn(todo, house.clock)
        assert until(lambda: (anchors / "forwarded.json").exists())
    found = [json.loads(read_syslog(one).text) for one in read_frames(bytes(heard))]
    [opened] = [one for one in found if one["event"]["action"] == "case.opened"]
    assert opened["user"] == {"id": str(ACTOR), "roles": ["practitioner"]}
    assert opened["paravent"]["form"] == "screen"
    assert str(patient) not in heard.decode()
    assert {one["event"]["action"] for one in found} & {"ledger.unknown", "ledger.altered"} == set()


def test_nobody_waits_for_a_receiver_that_does_not_answer(house: House) -> None:
    certify(house.root, new_authority("Paravent trial", system_clock()))
    record(house.db, house.clock(), "clinic", "case.opened", [], ["care"], **CASE)
    with socket.create_server(("127.0.0.1", 0)) as deaf:  # it takes the connection, and never says a word
        siem, anchors = siem_at(house.root, deaf.getsockname()[1]), house.root / "anchors"
        todo = {one.kind: one for one in rounds(house.db, house.vault, house.clock, anchors, siem)}
        assert todo["chain"].run() > 0
        begun = time.monotonic()
        for _ in range(3):
            assert todo["forwarding"].run() == 0
            record(house.db, house.clock(), "clinic", "case.opened", [], ["care"], **CASE)
            assert todo["chain"].run() > 0
            house.clock.forward(seconds=2)
        assert time.monotonic() - begun < 1.5
        near, _ = deaf.accept()
        with near:
            assert near.recv(1) == b"\x16"  # its handshake waits for an answer
        assert sent_so_far(anchors).position == 0


def test_without_a_receiver_nothing_is_sent(house: House) -> None:
    kinds = [one.kind for one in rounds(house.db, house.vault, house.clock, house.root / "anchors")]
    assert "chain" in kinds
    assert "forwarding" not in kinds
