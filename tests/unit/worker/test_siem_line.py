"""A batch counts as heard only when the receiver answered its end; who behaves otherwise confirms nothing."""

import os
import socket
import ssl
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest

from app.clock import system_clock
from app.config import Siem
from app.vault.pki import new_authority
from app.worker import siem_line
from app.worker.siem_line import NotConfirmed, speaking
from tests.factories.siem_peers import Manner, a_peer, hanging_up, honest, read_all, server_context, siem_at
from tests.factories.siem_receiver import certify

SAID = bytes(range(256)) * 4000
LISTENED = 0.15


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait less than for a receiver far away."""
    monkeypatch.setattr(siem_line, "SECONDS", 0.5)
    monkeypatch.setattr(siem_line, "LISTENING_SECONDS", LISTENED)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the certificates of both sides."""
    made = tmp_path_factory.mktemp("certificates")
    certify(made, new_authority("Paravent trial", system_clock()))
    return made


def _say_goodbye(tls: ssl.SSLSocket) -> None:
    """Send close_notify, and wait for nothing."""
    tls.setblocking(False)
    with suppress(ssl.SSLWantReadError):
        tls.unwrap()


def lingering(tls: ssl.SSLSocket, heard: bytearray) -> None:
    """Do so, and close much later."""
    read_all(tls, heard)
    tls.unwrap()
    time.sleep(0.4)


def polite(tls: ssl.SSLSocket, heard: bytearray) -> None:
    """Part at once, politely, as who does not like a client's name."""
    _say_goodbye(tls)


def polite_and_patient(tls: ssl.SSLSocket, heard: bytearray) -> None:
    """Part at once, politely, and throw away what comes until the client has left."""
    _say_goodbye(tls)
    with socket.socket(fileno=os.dup(tls.fileno())) as below:
        below.settimeout(3)
        while below.recv(65536):
            pass


def polite_after_a_part(tls: ssl.SSLSocket, heard: bytearray) -> None:
    """Read a part and part politely."""
    heard += tls.recv(100)
    _say_goodbye(tls)


def polite_too_late(tls: ssl.SSLSocket, heard: bytearray) -> None:
    """Part politely just when the client would have said that this was all, with words unread."""
    heard += tls.recv(100)
    time.sleep(LISTENED * 1.5)
    _say_goodbye(tls)


def talking(tls: ssl.SSLSocket, heard: bytearray) -> None:
    """Speak where there is nothing to say."""
    tls.sendall(b"hello")
    read_all(tls, heard)
    tls.unwrap()


def silent(tls: ssl.SSLSocket, heard: bytearray) -> None:
    """Read everything and never answer."""
    read_all(tls, heard)
    time.sleep(0.8)


def deaf(tls: ssl.SSLSocket, heard: bytearray) -> None:
    """Read nothing."""
    time.sleep(0.8)


def _speak(siem: Siem, said: bytes = SAID) -> None:
    with speaking(siem) as say:
        say(said)


@pytest.mark.parametrize("manner", [honest, lingering])
def test_who_reads_everything_and_answers_confirms(folder: Path, manner: Manner) -> None:
    with a_peer(server_context(folder), manner) as (port, heard):
        _speak(siem_at(folder, port))
    assert heard == SAID


POLITE = (polite, polite_and_patient, polite_after_a_part, polite_too_late)
OTHER_MANNERS = (*POLITE, hanging_up, talking, silent, deaf)


@pytest.mark.parametrize("manner", OTHER_MANNERS)
def test_any_other_manner_confirms_nothing(folder: Path, manner: Manner) -> None:
    said = SAID * 40 if manner is deaf else SAID[:3000]
    with a_peer(server_context(folder), manner) as (port, _heard), pytest.raises(OSError, match=r"."):
        _speak(siem_at(folder, port), said)


def test_an_end_that_is_not_answered_says_what_the_receiver_must_do(folder: Path) -> None:
    with (
        a_peer(server_context(folder), hanging_up) as (port, _heard),
        pytest.raises(NotConfirmed, match="close_notify"),
    ):
        _speak(siem_at(folder, port))


def test_a_client_without_a_certificate_is_refused_and_knows_it(folder: Path) -> None:
    with a_peer(server_context(folder), honest) as (port, heard), pytest.raises(OSError, match=r"."):
        _speak(siem_at(folder, port, shown=False), b"a few words")
    assert heard == b""


def test_no_older_tls_is_spoken(folder: Path) -> None:
    context = server_context(folder)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with a_peer(context, honest) as (port, heard), pytest.raises(ssl.SSLError, match="PROTOCOL_VERSION"):
        _speak(siem_at(folder, port))
    assert heard == b""


def test_a_receiver_without_tls_gets_no_word(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as door:
        heard: list[bytes] = []

        def take() -> None:
            near, _ = door.accept()
            with near:
                heard.append(near.recv(1 << 16))
                near.sendall(b"220 welcome\r\n")

        threading.Thread(target=take, daemon=True).start()
        with pytest.raises(ssl.SSLError):
            _speak(siem_at(folder, door.getsockname()[1]), b"a few words")
    assert b"a few words" not in heard[0]
