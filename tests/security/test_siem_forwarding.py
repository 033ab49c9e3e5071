"""The ledger's events reach a real rsyslog over TLS 1.3, whole and in order; nothing is lost when it dies, or lies.

What is not seen here: a receiver that confirms and then loses what it kept in memory. With the shipped file it
keeps nothing there.
"""

import json
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from app.clock import system_clock
from app.config import Siem
from app.db import Databases
from app.ledger.models import Event
from app.ledger.syslog import element, framed, marked
from app.vault.pki import certificate_pem, issue, new_authority
from app.worker import siem_line
from app.worker.forwarding import Forwarder, NotTaken, sent_so_far
from app.worker.siem_line import speaking
from tests.factories.kept_ledger import ACTOR, KeptLedger, an_empty_ledger
from tests.factories.siem_events import NO_KEYS, placed, read_cef, read_syslog
from tests.factories.siem_receiver import Receiver, Wire, a_receiver

WORDS = 'accents: été ÀÉÎ œ, quotes " ] \\ and = | signs, a snowman ☃'


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do not listen long for farewells: this machine answers at once."""
    monkeypatch.setattr(siem_line, "LISTENING_SECONDS", 0.1)


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[Receiver]:
    """A real rsyslog."""
    folder = tmp_path / "rsyslog"
    folder.mkdir()
    with a_receiver(folder) as made:
        yield made


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[KeptLedger]:
    """A ledger without an event."""
    with an_empty_ledger(tmp_path) as made:
        yield made


@pytest.fixture
def wire(receiver: Receiver) -> Iterator[Wire]:
    """A wire to the receiver."""
    made = Wire(receiver.port)
    yield made
    made.close()


def write(ledger: KeptLedger, count: int) -> list[UUID]:
    """Give so many events their places in the tree; return their ids in its order."""
    ids = sorted(uuid4() for _ in range(count))
    with ledger.db.writing("ledger") as session:
        for one in ids:
            opened = {"actor": ACTOR, "role": "practitioner", "form": "screen"}
            session.add(placed("case.opened", opened, event=one).event or Event())
    assert ledger.chain.turn() == count
    return ids


def forwarder(ledger: KeptLedger, siem: Siem, db: Databases | None = None) -> Forwarder:
    """Return what sends a ledger's events."""
    return Forwarder(db or ledger.db, lambda: NO_KEYS, ledger.clock, siem, ledger.anchors)


def received(receiver: Receiver) -> list[str]:
    """Return the ids of the events that were received, in their order."""
    return [read_syslog(line).elements["paravent@32473"]["event"] for line in receiver.lines()]


def test_events_arrive_whole_and_in_order_and_once(receiver: Receiver, ledger: KeptLedger) -> None:
    ids = write(ledger, 700)  # more than one connection's worth
    sender = forwarder(ledger, receiver.settings())
    assert sender.send() == 700
    assert sender.send() == 0
    assert received(receiver) == [str(one) for one in ids]
    assert sent_so_far(ledger.anchors).position == 700
    last = read_syslog(receiver.lines()[-1])
    assert (last.priority, last.app, last.process, last.kind) == (110, "paravent", "clinic", "case.opened")
    assert json.loads(last.text)["user"] == {"id": str(ACTOR), "roles": ["practitioner"]}
    more = write(ledger, 1)
    assert forwarder(ledger, receiver.settings(format="cef")).send() == 1
    line = read_syslog(receiver.lines()[-1])
    assert read_cef(line.text).pairs["externalId"] == str(more[0]) == line.elements["paravent@32473"]["event"]


def test_any_text_arrives_intact(receiver: Receiver) -> None:
    message = f"<110>1 - - paravent worker x {element('x@32473', {'words': WORDS})} {marked(WORDS)}"
    with speaking(receiver.settings()) as say:
        say(framed(message))
    [line] = receiver.lines()
    found = read_syslog(line)
    assert (found.text, found.elements["x@32473"]["words"]) == (WORDS, WORDS)


def test_nothing_is_readable_on_the_wire(receiver: Receiver, ledger: KeptLedger, wire: Wire) -> None:
    ids = write(ledger, 3)
    assert forwarder(ledger, receiver.settings(port=wire.port)).send() == 3
    assert received(receiver) == [str(one) for one in ids]
    seen = bytes(wire.sent)
    assert seen[:2] == b"\x16\x03"  # a TLS handshake
    for word in (*(str(one).encode() for one in ids), str(ACTOR).encode(), b"paravent", b"case.opened"):
        assert word not in seen


@pytest.mark.parametrize("after", [2500, 90_000, 200_000])
def test_a_receiver_that_is_killed_half_way_loses_nothing(
    receiver: Receiver, ledger: KeptLedger, wire: Wire, after: int
) -> None:
    ids = [str(one) for one in write(ledger, 250)]
    sender = forwarder(ledger, receiver.settings(port=wire.port))
    wire.breaks_after, wire.at_break = after, lambda: receiver.stop(signal.SIGKILL)
    with pytest.raises(NotTaken):
        sender.send()
    assert sent_so_far(ledger.anchors).position == 0
    with pytest.raises(NotTaken):
        sender.send()  # it is away
    receiver.start()
    assert sender.send() == 250
    found = [one for one in _whole(receiver) if one in set(ids)]
    assert set(found) == set(ids)
    assert found[-250:] == ids
    assert sent_so_far(ledger.anchors).position == 250


def _whole(receiver: Receiver) -> list[str]:
    """Return the ids of the messages that arrived whole: who is killed may have written half a line."""
    lines = [line for line in receiver.lines() if line.endswith("}")]
    return [json.loads(read_syslog(line).text)["event"]["id"] for line in lines if line.startswith("<")]


def test_a_cut_wire_is_not_a_confirmation(receiver: Receiver, ledger: KeptLedger, wire: Wire) -> None:
    write(ledger, 250)
    wire.breaks_after = 60_000
    sender = forwarder(ledger, receiver.settings(port=wire.port))
    with pytest.raises(NotTaken):
        sender.send()
    assert sent_so_far(ledger.anchors).position == 0
    assert sender.send() == 250


def _no_certificate(receiver: Receiver) -> Siem:
    return receiver.settings(certificate=None)


def _certificate_of_another_authority(receiver: Receiver) -> Siem:
    path, now = receiver.folder / "foreign.pem", system_clock()
    path.write_bytes(issue(new_authority("Paravent trial", now), ["paravent_siem"], "client", now).pem())
    return receiver.settings(certificate=path)


def _another_authority(receiver: Receiver) -> Siem:
    path = receiver.folder / "other-authority.pem"
    path.write_bytes(certificate_pem(new_authority("Paravent trial", system_clock()).certificate))
    return receiver.settings(authority=path)


def _another_host(receiver: Receiver) -> Siem:
    return receiver.settings(host="localhost")


WRONG: dict[str, tuple[Callable[[Receiver], Siem], str]] = {
    "no certificate": (_no_certificate, "."),
    "a client's of another authority": (_certificate_of_another_authority, "."),
    "a receiver of another authority": (_another_authority, "CERTIFICATE_VERIFY_FAILED"),
    "a receiver of another name": (_another_host, "Hostname mismatch"),
}


@pytest.mark.parametrize(("wrong", "said"), WRONG.values(), ids=WRONG.keys())
def test_whoever_is_not_the_right_one_gets_nothing_and_confirms_nothing(
    receiver: Receiver, ledger: KeptLedger, wrong: Callable[[Receiver], Siem], said: str
) -> None:
    ids = write(ledger, 2)
    with pytest.raises(NotTaken, match=said):
        forwarder(ledger, wrong(receiver)).send()
    assert sent_so_far(ledger.anchors).position == 0
    assert receiver.lines() == []
    assert forwarder(ledger, receiver.settings()).send() == 2
    assert received(receiver) == [str(one) for one in ids]
