"""A private certificate authority for the links between our own machines. Values in and out: no file, no clock.

Certificates follow RFC 5280. Keys are ECDSA on P-256 with SHA-256, which PostgreSQL, libpq, granian and telephones
all take. Ed25519 is shorter, but browsers refuse it in a certificate, and it names no hash, without which a SCRAM
sign-in can't be bound to its channel (`tls-server-end-point`, RFC 5929).

The authority may sign for private names and addresses only, and for the domains it was made for: a telephone that
trusts it to try the pages is not exposed to it anywhere else.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from app.vault.pki_errors import (
    AuthorityExpired,
    CertificateDamaged,
    ClockBehind,
    ForeignCertificate,
    NameRefused,
)
from app.vault.pki_names import AUTHORITY_NAME, Host, check_inside, host_of, permitted, role_of

Usage = Literal["server", "client"]

AUTHORITY_LIFE = timedelta(days=3652)
LEAF_LIFE = timedelta(days=90)
SKEW = timedelta(minutes=5)
"""How far behind ours another machine's clock may be when it first sees a certificate."""

_DAY = timedelta(days=1)
_EXTENDED = {"server": ExtendedKeyUsageOID.SERVER_AUTH, "client": ExtendedKeyUsageOID.CLIENT_AUTH}
_SERVER_SUBJECT = "Paravent server"
_ANEW = "move its folder away, make another with `paravent pki init`, and issue everything again"


@dataclass(frozen=True, slots=True)
class Pair:
    """A certificate and the private key that goes with it."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey = field(repr=False)

    def pem(self) -> bytes:
        """Return the key (PKCS#8, in clear) and then the certificate, for one private file."""
        return key_pem(self.key) + certificate_pem(self.certificate)


@dataclass(frozen=True, slots=True)
class Facts:
    """What a certificate says: its names, what it is for (None: to sign others), and its first and last moment."""

    names: tuple[str, ...]
    usage: Usage | None
    begins: datetime
    ends: datetime

    def days_left(self, now: datetime) -> int:
        """Return the whole days until it ends; below 0 once it has."""
        return (self.ends - now) // _DAY


def new_authority(name: str, now: datetime, domains: Sequence[str] = ()) -> Pair:
    """Make an authority for ten years, which may sign for `domains`, what lies below them, and private names.

    It signs no other authority (pathlen 0). Raises NameRefused.
    """
    if not AUTHORITY_NAME.fullmatch(name):
        raise NameRefused("an authority has a name of 1 to 64 plain letters, digits, spaces, . _ or -: give one")
    subject, key = _subject(name), ec.generate_private_key(ec.SECP256R1())
    certificate = (
        _unsigned(subject, subject, key, now, now + AUTHORITY_LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(signs=True), critical=True)
        .add_extension(x509.NameConstraints(permitted(domains), None), critical=True)
        .sign(key, hashes.SHA256())
    )
    return Pair(certificate, key)


def issue(authority: Pair, names: Sequence[str], usage: Usage, now: datetime) -> Pair:
    """Make a key and sign it for 90 days, for a server's names or addresses, or for one client's login role.

    A role is the certificate's CN, which `clientcert=verify-full` compares with the login. Raises NameRefused,
    NameOutside, ClockBehind, AuthorityExpired.
    """
    ends = _end(authority.certificate, now)
    hosts = [host_of(name) for name in names] if usage == "server" else []
    for host in hosts:
        check_inside(authority.certificate, host)
    subject = _subject(_SERVER_SUBJECT if usage == "server" else role_of(names))
    return _signed(authority, subject, hosts, usage, (now, ends))


def renew(authority: Pair, certificate: x509.Certificate, now: datetime) -> Pair:
    """Make a new key and sign it for what a certificate of ours was for.

    Raises ForeignCertificate, CertificateDamaged, and as `issue` does.
    """
    check_issued(authority.certificate, certificate)
    facts = facts_of(certificate)
    if facts.usage is None:
        raise CertificateDamaged(f"an authority is not renewed: {_ANEW}")
    return issue(authority, facts.names, facts.usage, now)


def check_issued(authority: x509.Certificate, certificate: x509.Certificate) -> None:
    """Raise ForeignCertificate unless the authority signed the certificate."""
    try:
        certificate.verify_directly_issued_by(authority)
    except (ValueError, TypeError, InvalidSignature):
        raise ForeignCertificate(
            "a certificate was signed by another authority: move its file away and issue it anew"
        ) from None


def facts_of(certificate: x509.Certificate) -> Facts:
    """Read what a certificate says. Raises CertificateDamaged when it is not of a kind made here."""
    try:
        found = certificate.extensions
        is_authority = found.get_extension_for_class(x509.BasicConstraints).value.ca
        usage = None if is_authority else _usage(found)
        names = _hosts(found) if usage == "server" else (_common_name(certificate),)
    except (x509.ExtensionNotFound, ValueError, IndexError):
        raise CertificateDamaged(
            "a certificate is not of a kind `paravent pki` makes: move its file away and issue it anew"
        ) from None
    return Facts(names, usage, certificate.not_valid_before_utc, certificate.not_valid_after_utc)


def read_certificate(pem: bytes) -> x509.Certificate:
    """Read the first certificate of a PEM text. Raises CertificateDamaged."""
    try:
        return x509.load_pem_x509_certificate(pem)
    except ValueError:
        raise CertificateDamaged(
            "a certificate's file is damaged: move it away and issue it anew, or put back a copy"
        ) from None


def certificate_pem(certificate: x509.Certificate) -> bytes:
    """Return a certificate as PEM."""
    return certificate.public_bytes(serialization.Encoding.PEM)


def key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    """Return a private key as PKCS#8 PEM, in clear."""
    form = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())


def _end(authority: x509.Certificate, now: datetime) -> datetime:
    """Return when what is signed now ends: never after the authority itself."""
    if now < authority.not_valid_before_utc:
        raise ClockBehind("this machine's clock is before the authority's first day: set the clock, then try again")
    if now >= authority.not_valid_after_utc:
        raise AuthorityExpired(f"the authority has ended: {_ANEW}")
    return min(now + LEAF_LIFE, authority.not_valid_after_utc)


def _signed(
    authority: Pair, subject: x509.Name, hosts: list[Host], usage: Usage, life: tuple[datetime, datetime]
) -> Pair:
    key = ec.generate_private_key(ec.SECP256R1())
    issuer = authority.certificate
    above = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    builder = (
        _unsigned(subject, issuer.subject, key, *life)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(signs=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([_EXTENDED[usage]]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(above), critical=False)
    )
    if hosts:
        builder = builder.add_extension(x509.SubjectAlternativeName(hosts), critical=False)
    return Pair(builder.sign(authority.key, hashes.SHA256()), key)


def _unsigned(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, begins: datetime, ends: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(secrets.randbelow(2**128 - 1) + 1)
        .not_valid_before(begins - SKEW)
        .not_valid_after(ends)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _key_usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs,
        key_cert_sign=signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )


def _subject(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _common_name(certificate: x509.Certificate) -> str:
    return str(certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)


def _usage(found: x509.Extensions) -> Usage:
    extended = found.get_extension_for_class(x509.ExtendedKeyUsage).value
    return "server" if ExtendedKeyUsageOID.SERVER_AUTH in extended else "client"


def _hosts(found: x509.Extensions) -> tuple[str, ...]:
    names = found.get_extension_for_class(x509.SubjectAlternativeName).value
    return tuple(str(name.value) for name in names)
