"""Answers that the S3 server of the other tests never gives: busy, strange, behind a private authority."""

import http.server
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from app.anchor_settings import BucketAddress
from app.clock import system_clock
from app.config import SettingsError
from app.vault.pki import new_authority
from app.worker.anchor_bucket import NOTES, Bucket, BucketAway, BucketRefused
from tests.factories.siem_receiver import certify

NOW = system_clock()
_LOCKS = b"<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled></ObjectLockConfiguration>"
_EMPTY = b"<ListVersionsResult><IsTruncated>false</IsTruncated></ListVersionsResult>"


class _Answers(http.server.BaseHTTPRequestHandler):
    """Answers as real servers do: what is set here for a put and a listing; the bucket locks."""

    protocol_version = "HTTP/1.1"  # a put waits for a word before it sends its body
    put = (409, b"")
    listing = _EMPTY

    def do_GET(self) -> None:
        """Answer a question."""
        self._say(200, _LOCKS if "object-lock" in self.path else self.listing)

    def do_PUT(self) -> None:
        """Answer a put."""
        self.rfile.read(int(self.headers["Content-Length"]))
        self._say(*self.put)

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _say(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def answering(context: ssl.SSLContext | None = None) -> Iterator[BucketAddress]:
    """Run such a server; give the settings of a bucket on it."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Answers)
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        where = f"{'https' if context else 'http'}://127.0.0.1:{server.server_port}"
        yield BucketAddress(where, "anchors", "", "key", "no secret", "us-east-1", 2)
    finally:
        server.shutdown()
        server.server_close()


def refusal(code: str) -> bytes:
    """Return the body of a refusal."""
    return f"<Error><Code>{code}</Code><Message>said by a stranger</Message></Error>".encode()


def test_a_server_that_is_busy_or_strange_is_away_and_one_that_refuses_is_told_by_its_code(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A conflict of two puts accuses nobody of writing under our names; the library reads no profile by the way."""
    monkeypatch.setenv("AWS_PROFILE", "another")
    with answering() as address:
        bucket = Bucket(address)
        for put in ((409, refusal("ConditionalRequestConflict")), (429, b""), (503, b"")):
            monkeypatch.setattr(_Answers, "put", put)
            with pytest.raises(BucketAway):
                bucket.keep(NOTES, 7, b"seven", NOW)
        for code, told in (("AccessDenied", "refuses (AccessDenied)"), ("typed by a stranger", "refuses (403)")):
            monkeypatch.setattr(_Answers, "put", (403, refusal(code)))
            with pytest.raises(BucketRefused) as refused:
                bucket.keep(NOTES, 7, b"seven", NOW)
            assert told in str(refused.value)
            assert "stranger" not in str(refused.value)
        monkeypatch.setattr(_Answers, "listing", b"<html><p>a page")
        with pytest.raises(BucketAway):
            bucket.newest(NOTES)


def test_a_private_authority_is_trusted_where_it_is_named_and_nowhere_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certify(tmp_path, new_authority("Paravent trial", system_clock()))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "siem.pem")
    authority = tmp_path / "authority.pem"
    for name in ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE"):
        monkeypatch.setenv(name, str(authority))
    with answering(context) as address:
        with pytest.raises(BucketAway, match="SSLError") as away:
            Bucket(address).newest(NOTES)
        assert type(away.value.__cause__).__name__ == "SSLError"
        assert Bucket(replace(address, authority=authority)).newest(NOTES) is None


def test_an_authority_that_can_not_be_read_is_told_at_start(tmp_path: Path) -> None:
    address = BucketAddress("https://127.0.0.1:9", "anchors", "", "key", "no secret", "us-east-1", 2)
    (tmp_path / "no.pem").write_text("nothing")
    for wrong in ("no.pem", "missing.pem"):
        with pytest.raises(SettingsError, match="PARAVENT_ANCHORS_S3_CA"):
            Bucket(replace(address, authority=tmp_path / wrong))
