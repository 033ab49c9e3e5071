"""An authority of time stamps (RFC 3161) of one's own: OpenSSL makes the tokens, a local server gives them."""

import datetime as dt
import http.server
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_CONFIG = """\
[tsa]
default_tsa = this
[this]
serial = {folder}/serial
signer_cert = {folder}/signer.pem
certs = {folder}/root.pem
signer_key = {folder}/signer.key
signer_digest = sha256
default_policy = 1.3.6.1.4.1.99999.1
digests = sha256
ess_cert_id_alg = sha256
"""


@dataclass
class LocalAuthority:
    """A running authority: where it answers, and its root. `spoil` changes each answer before it leaves."""

    address: str
    folder: Path
    asked: int = 0
    spoil: Callable[[bytes], bytes] = field(default=lambda answer: answer)

    @property
    def roots(self) -> Path:
        """The file with the root certificate."""
        return self.folder / "root.pem"

    def answer(self, query: bytes) -> bytes:
        """Return the token that OpenSSL makes of a query."""
        self.asked += 1
        asked, made = self.folder / "query", self.folder / "answer"
        asked.write_bytes(query)
        words = ["openssl", "ts", "-reply", "-config", str(self.folder / "tsa.conf")]
        words += ["-queryfile", str(asked), "-out", str(made)]
        subprocess.run(words, check=True, capture_output=True)  # noqa: S603 - Debian's program, our own files
        return self.spoil(made.read_bytes())


@contextmanager
def local_authority(folder: Path) -> Iterator[LocalAuthority]:
    """Start an authority with a root of its own; skip where OpenSSL is missing."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl, which stamps for the tests, is not installed")
    folder.mkdir()
    _certify(folder)
    (folder / "serial").write_text("01")
    (folder / "tsa.conf").write_text(_CONFIG.format(folder=folder))
    server = http.server.HTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler)
    authority = LocalAuthority(f"http://127.0.0.1:{server.server_port}/stamp", folder)
    server.RequestHandlerClass = _handler(authority)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield authority
    finally:
        server.shutdown()
        server.server_close()


def _handler(authority: LocalAuthority) -> type[http.server.BaseHTTPRequestHandler]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            answer = authority.answer(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            return

    return Handler


def _certify(folder: Path) -> None:
    """Write a root, and a signer's key and certificate from it, as RFC 3161 wants it: for stamping alone."""
    root_key, signer_key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    root_name, signer_name = _name("root of a test"), _name("stamps of a test")
    root = (
        _certificate(root_name, root_name, root_key)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(root_key.public_key()), critical=False)
        .sign(root_key, hashes.SHA256())
    )
    signer = (
        _certificate(root_name, signer_name, signer_key)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key()), critical=False)
        .sign(root_key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    (folder / "root.pem").write_bytes(root.public_bytes(pem))
    (folder / "signer.pem").write_bytes(signer.public_bytes(pem))
    (folder / "signer.key").write_bytes(
        signer_key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )


def _name(said: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, said)])


def _certificate(issuer: x509.Name, subject: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.UTC)
    return (
        x509.CertificateBuilder(issuer, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=30))
    )
