"""Time stamps of the ledger's notes: what OpenSSL's authority gives is kept, and nothing else passes for one."""

import datetime as dt
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from app.anchor_settings import StampAuthority
from app.clock import system_clock
from app.config import SettingsError
from app.ledger.sequence import newest_checkpoint
from app.worker.anchoring import Stamping
from app.worker.time_stamps import Authority, AuthorityAway, StampRefused, stamps_in
from tests.factories.kept_ledger import KeptLedger, a_ledger
from tests.factories.stamp_authority import LocalAuthority, local_authority

CONTENT = b"a signed note"


@pytest.fixture(scope="module")
def outside(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAuthority]:
    """The authority that answers."""
    with local_authority(tmp_path_factory.mktemp("tsa") / "one") as running:
        yield running


@pytest.fixture
def authority(outside: LocalAuthority) -> Authority:
    """The authority as the worker sees it."""
    outside.spoil = lambda answer: answer
    return pinned(outside, outside.roots)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[KeptLedger]:
    """A ledger of ten events under two checkpoints, at the time of this machine: the authority's is that too."""
    with a_ledger(tmp_path, 10, a_round=5, waiting=0) as made:
        made.clock.forward(seconds=(system_clock() - made.clock()).total_seconds())
        yield made


def pinned(outside: LocalAuthority, roots: Path) -> Authority:
    """Return that authority with some pinned roots."""
    return Authority.of(StampAuthority(outside.address, roots))


def note_of(ledger: KeptLedger) -> bytes:
    """Return the newest note."""
    with ledger.db.reading("ledger") as session:
        newest = newest_checkpoint(session)
    assert newest is not None
    return newest.note.encode()


def test_a_stamp_proves_when_these_bytes_were_there(authority: Authority) -> None:
    before = system_clock() - dt.timedelta(seconds=2)
    token = authority.stamp(CONTENT, system_clock)
    assert before <= authority.verify(token, CONTENT) <= system_clock() + dt.timedelta(seconds=2)
    with pytest.raises(StampRefused):
        authority.verify(token, b"another note")


def test_openssl_says_the_same(outside: LocalAuthority, authority: Authority, tmp_path: Path) -> None:
    token = tmp_path / "token.tsr"
    token.write_bytes(authority.stamp(CONTENT, system_clock))
    words = ["openssl", "ts", "-verify", "-in", str(token), "-CAfile", str(outside.roots)]
    for content, status in ((CONTENT, 0), (b"another note", 1)):
        done = subprocess.run([*words, "-digest", sha256(content).hexdigest()], capture_output=True, check=False)  # noqa: S603 - Debian's program
        assert done.returncode == status


def test_no_flipped_byte_proves_anything_else(authority: Authority) -> None:
    """Every seventh byte: it is refused, or stands in what the signature leaves out and proves the same."""
    token = authority.stamp(CONTENT, system_clock)
    at, passed = authority.verify(token, CONTENT), []
    for place in range(0, len(token), 7):
        spoilt = token[:place] + bytes([token[place] ^ 1]) + token[place + 1 :]
        try:
            assert authority.verify(spoilt, CONTENT) == at
            passed.append(place)
        except StampRefused:
            continue
    signed = token.index(sha256(CONTENT).digest())
    assert not set(passed) & set(range(signed - 60, signed + 60))
    assert len(passed) < len(token) / 4  # the root, which is pinned, and which the token repeats


def test_an_answer_of_another_authority_or_to_another_question_is_not_kept(
    outside: LocalAuthority, authority: Authority, tmp_path: Path
) -> None:
    with local_authority(tmp_path / "other") as other, pytest.raises(StampRefused):
        pinned(outside, other.roots).stamp(CONTENT, system_clock)
    earlier = authority.stamp(CONTENT, system_clock)
    outside.spoil = lambda _: earlier
    with pytest.raises(StampRefused):  # its nonce is of another question
        authority.stamp(CONTENT, system_clock)
    outside.spoil = lambda answer: answer[:-1] + bytes([answer[-1] ^ 1])
    with pytest.raises(StampRefused):
        authority.stamp(CONTENT, system_clock)


def test_an_answer_that_is_too_long_is_not_read(outside: LocalAuthority, authority: Authority) -> None:
    outside.spoil = lambda answer: answer * 100
    with pytest.raises(AuthorityAway):
        authority.stamp(CONTENT, system_clock)


def test_a_root_is_needed(outside: LocalAuthority, tmp_path: Path) -> None:
    shutil.copy(outside.folder / "signer.pem", tmp_path / "no-root.pem")
    (tmp_path / "no.pem").write_text("nothing")
    for wrong in ("no-root.pem", "no.pem", "missing.pem"):
        with pytest.raises(SettingsError, match="PARAVENT_TSA_CA"):
            pinned(outside, tmp_path / wrong)


def test_the_newest_note_is_stamped_each_hour(
    outside: LocalAuthority, authority: Authority, ledger: KeptLedger
) -> None:
    todo, asked = Stamping(ledger.db, ledger.clock, ledger.anchors, authority), outside.asked
    assert [todo.turn(), todo.turn()] == [1, 0]
    ledger.write(1)
    ledger.chain.turn()
    assert Stamping(ledger.db, ledger.clock, ledger.anchors, authority).turn() == 0  # a worker that starts again
    ledger.clock.forward(minutes=61)
    assert [todo.turn(), todo.turn()] == [1, 0]
    ledger.clock.forward(minutes=61)
    assert todo.turn() == 0  # nothing is new
    assert outside.asked == asked + 2
    assert [path.name for path in stamps_in(ledger.anchors)] == ["000000000000010.tsr", "000000000000011.tsr"]
    authority.verify(stamps_in(ledger.anchors)[1].read_bytes(), note_of(ledger))
    assert ledger.faults(ledger.anchors) == []


def test_what_is_refused_is_not_kept_and_is_asked_again(
    outside: LocalAuthority, authority: Authority, ledger: KeptLedger
) -> None:
    todo = Stamping(ledger.db, ledger.clock, ledger.anchors, authority)
    outside.spoil = lambda answer: answer[:-1]
    with pytest.raises(StampRefused):
        todo.turn()
    assert stamps_in(ledger.anchors) == []
    outside.spoil = lambda answer: answer
    assert todo.turn() == 1


def test_a_file_that_is_no_stamp_is_told_once_and_holds_up_nothing(
    outside: LocalAuthority, authority: Authority, ledger: KeptLedger, caplog: pytest.LogCaptureFixture
) -> None:
    todo = Stamping(ledger.db, ledger.clock, ledger.anchors, authority)
    assert todo.turn() == 1
    [stamped] = stamps_in(ledger.anchors)
    for spoilt in (stamped, ledger.anchors / "000000000999999.tsr"):
        spoilt.write_bytes(b"rubbish")
    assert [todo.turn(), todo.turn()] == [1, 0]
    authority.verify(stamped.read_bytes(), note_of(ledger))
    told = [(one.__dict__["kind"], one.__dict__["count"]) for one in caplog.records]
    assert told == [("StampRefused", 999_999), ("StampRefused", 10)]
    assert all(one.__dict__["event_id"] for one in caplog.records)


def test_an_authority_that_is_away_is_told_with_the_kind_of_fault(outside: LocalAuthority) -> None:
    certificates = pinned(outside, outside.roots).certificates
    with pytest.raises(AuthorityAway, match="ConnectionRefusedError"):
        Authority("http://127.0.0.1:9/stamp", certificates).stamp(CONTENT, system_clock)
    with socket.create_server(("127.0.0.1", 0)) as door:
        threading.Thread(target=_speak_no_http, args=(door,), daemon=True).start()
        where = f"http://127.0.0.1:{door.getsockname()[1]}/stamp"
        with pytest.raises(AuthorityAway, match="BadStatusLine"):
            Authority(where, certificates).stamp(CONTENT, system_clock)


def _speak_no_http(door: socket.socket) -> None:
    near, _ = door.accept()
    with near:
        near.recv(65536)
        near.sendall(b"220 another service\r\n")
