"""The private authority: what it signs, what it refuses, and how its key is kept."""

import base64
import json
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from app.config import WordsCost
from app.vault.errors import PassphraseTooShort
from app.vault.pki import (
    AUTHORITY_LIFE,
    LEAF_LIFE,
    SKEW,
    Pair,
    certificate_pem,
    check_issued,
    facts_of,
    issue,
    key_pem,
    new_authority,
    read_certificate,
    renew,
)
from app.vault.pki_authority import key_text, read_authority
from app.vault.pki_errors import (
    AuthorityDamaged,
    AuthorityExpired,
    AuthorityLocked,
    CertificateDamaged,
    ClockBehind,
    ForeignCertificate,
    NameOutside,
    NameRefused,
    WrongPassphrase,
)

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
PASSPHRASE = "quatre saisons au jardin"
CHEAP = WordsCost(memory_kib=64, passes=1)


@pytest.fixture(scope="module")
def authority() -> Pair:
    """An authority that may sign for one domain beside private names."""
    return new_authority("Paravent trial", NOW, ["clinic.example.fr"])


def test_an_authority_signs_leaves_alone_for_ten_years_and_for_its_own_names(authority: Pair) -> None:
    found = authority.certificate.extensions
    limits = found.get_extension_for_class(x509.NameConstraints)

    assert found.get_extension_for_class(x509.BasicConstraints).value == x509.BasicConstraints(True, 0)
    assert limits.critical
    assert x509.DNSName("clinic.example.fr") in (limits.value.permitted_subtrees or [])
    assert facts_of(authority.certificate).usage is None
    assert facts_of(authority.certificate).names == ("Paravent trial",)
    assert authority.certificate.not_valid_before_utc == NOW - timedelta(minutes=5)
    assert authority.certificate.not_valid_after_utc == NOW + timedelta(days=3652)


def test_a_servers_certificate_holds_its_names_and_is_for_servers_only(authority: Pair) -> None:
    leaf = issue(authority, ["DB.internal", "10.0.0.5", "fd00::5"], "server", NOW).certificate
    found = leaf.extensions

    assert facts_of(leaf).names == ("db.internal", "10.0.0.5", "fd00::5")
    assert facts_of(leaf).usage == "server"
    purposes = found.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(purposes) == [ExtendedKeyUsageOID.SERVER_AUTH]
    assert (leaf.not_valid_before_utc, leaf.not_valid_after_utc) == (NOW - SKEW, NOW + LEAF_LIFE)
    assert not found.get_extension_for_class(x509.BasicConstraints).value.ca


def test_a_clients_certificate_names_its_role_and_is_for_clients_only(authority: Pair) -> None:
    leaf = issue(authority, ["paravent_worker_care"], "client", NOW).certificate

    assert leaf.subject.rfc4514_string() == "CN=paravent_worker_care"
    assert (facts_of(leaf).names, facts_of(leaf).usage) == (("paravent_worker_care",), "client")
    purposes = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(purposes) == [ExtendedKeyUsageOID.CLIENT_AUTH]


def test_a_certificate_points_to_its_issuers_key_and_has_its_own_p256_key_and_serial(authority: Pair) -> None:
    pairs = [issue(authority, ["paravent_worker_care"], "client", NOW) for _ in range(8)]
    above = authority.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value

    for pair in pairs:
        pointed = pair.certificate.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value
        assert pointed.key_identifier == above.digest
        assert isinstance(pair.key.curve, ec.SECP256R1)
        assert pair.key.public_key() == pair.certificate.public_key()
    serials = {pair.certificate.serial_number for pair in pairs}
    assert len(serials) == len({key_pem(pair.key) for pair in pairs}) == 8
    assert 100 < max(serials).bit_length() <= 128


@pytest.mark.parametrize("name", ["db.clinic.example.fr", "clinic.example.fr", "10.0.0.5", "::1", "localhost"])
def test_a_verifier_of_rfc_5280_accepts_a_server_by_its_name_and_no_other(authority: Pair, name: str) -> None:
    leaf = issue(authority, [name], "server", NOW).certificate

    _verify(authority.certificate, leaf, name)
    with pytest.raises(VerificationError):
        _verify(authority.certificate, leaf, "other.clinic.example.fr")
    with pytest.raises(VerificationError):
        _verify(authority.certificate, leaf, name, NOW + LEAF_LIFE + timedelta(seconds=1))


def test_a_name_outside_is_refused_by_a_verifier_too_had_it_been_signed(authority: Pair) -> None:
    elsewhere = new_authority("Paravent trial", NOW, ["example.com"])
    forged = Pair(elsewhere.certificate, authority.key)
    with pytest.raises(NameOutside):
        issue(authority, ["www.example.com"], "server", NOW)

    leaf = issue(forged, ["www.example.com"], "server", NOW).certificate

    check_issued(authority.certificate, leaf)  # the signature is good: only the constraint stands in the way
    with pytest.raises(VerificationError):
        _verify(authority.certificate, leaf, "www.example.com")


@pytest.mark.parametrize(
    "name",
    ["notclinic.example.fr", "example.fr", "www.example.com", "203.0.113.8", "172.32.0.1", "2001:db8::1"],
)
def test_a_name_outside_is_refused_with_what_to_do(authority: Pair, name: str) -> None:
    with pytest.raises(NameOutside, match="--domain"):
        issue(authority, [name], "server", NOW)


@pytest.mark.parametrize(
    "name",
    [
        "", " ", "*", "*.local", "a b.local", "a..local", ".local", "local.", "-a.local", "a-.local", "a_b.local",
        "db.local:5432", "https://db.local", "../etc", "a/b", "db\n.local", "dé.local", "\u212a.local", "1.2.3.300",
        "0.0.0.0", "::", "fc00::1%eth0", "x" * 64 + ".local", ".".join(["x" * 60] * 5),  # noqa: S104 - refused
    ],
)  # fmt: skip
def test_an_odd_name_of_a_server_is_refused(authority: Pair, name: str) -> None:
    with pytest.raises(NameRefused):
        issue(authority, [name], "server", NOW)
    with pytest.raises(NameRefused):
        new_authority("Paravent", NOW, [name])


@pytest.mark.parametrize("roles", [[], [""], ["Paravent"], ["a b"], ["a'"], ["../x"], ["x" * 64], ["a", "b"]])
def test_an_odd_role_is_refused(authority: Pair, roles: list[str]) -> None:
    with pytest.raises(NameRefused, match="login role"):
        issue(authority, roles, "client", NOW)


@pytest.mark.parametrize("name", ["", " x", "x" * 65, "a\nb", "O=x, CN=y", "é"])
def test_an_odd_name_of_an_authority_is_refused(name: str) -> None:
    with pytest.raises(NameRefused):
        new_authority(name, NOW)


def test_nothing_is_signed_before_the_authoritys_time_or_after_it(authority: Pair) -> None:
    role = ["paravent_worker_care"]
    with pytest.raises(ClockBehind, match="clock"):
        issue(authority, role, "client", NOW - SKEW - timedelta(seconds=1))
    with pytest.raises(AuthorityExpired, match="pki init"):
        issue(authority, role, "client", NOW + AUTHORITY_LIFE)

    late = NOW + AUTHORITY_LIFE - timedelta(days=1)
    assert issue(authority, role, "client", late).certificate.not_valid_after_utc == NOW + AUTHORITY_LIFE


@pytest.mark.parametrize(("names", "usage"), [(["db.local", "127.0.0.1"], "server"), (["paravent_cli"], "client")])
def test_renewing_keeps_what_it_is_for_and_changes_the_key(authority: Pair, names: list[str], usage: str) -> None:
    old = issue(authority, names, usage, NOW)  # type: ignore[arg-type]
    later = NOW + timedelta(days=70)

    new = renew(authority, old.certificate, later)

    assert (facts_of(new.certificate).names, facts_of(new.certificate).usage) == (tuple(names), usage)
    assert facts_of(new.certificate).ends == later + LEAF_LIFE
    assert key_pem(new.key) != key_pem(old.key)
    assert new.certificate.serial_number != old.certificate.serial_number


def test_another_authoritys_certificate_is_not_renewed_even_under_the_same_name(authority: Pair) -> None:
    other = new_authority("Paravent trial", NOW, ["clinic.example.fr"])
    leaf = issue(other, ["paravent_worker_care"], "client", NOW).certificate

    with pytest.raises(ForeignCertificate, match="issue it anew"):
        renew(authority, leaf, NOW)
    with pytest.raises(CertificateDamaged, match="pki init"):
        renew(authority, authority.certificate, NOW)


@pytest.mark.parametrize(
    ("after", "left"), [(0, 90), (1, 89), (89.5, 0), (90, 0), (90.1, -1), (91, -1), (91.5, -2)]
)
def test_days_left_are_whole_and_negative_once_past(authority: Pair, after: float, left: int) -> None:
    facts = facts_of(issue(authority, ["paravent_worker_care"], "client", NOW).certificate)
    assert facts.days_left(NOW + timedelta(days=after)) == left


def test_a_private_file_holds_the_key_and_the_certificate(authority: Pair) -> None:
    pair = issue(authority, ["paravent_worker_care"], "client", NOW)

    assert read_certificate(pair.pem()) == pair.certificate
    assert pair.pem().startswith(key_pem(pair.key))
    assert "key=" not in repr(pair)


@pytest.mark.parametrize("text", [b"", b"x", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"])
def test_a_damaged_certificate_is_said_to_be(text: bytes) -> None:
    with pytest.raises(CertificateDamaged, match="damaged"):
        read_certificate(text)


@pytest.mark.parametrize("passphrase", [None, PASSPHRASE])
def test_an_authority_reads_back_as_it_was_kept(authority: Pair, passphrase: str | None) -> None:
    kept = key_text(authority, passphrase, CHEAP)
    again = read_authority(certificate_pem(authority.certificate), kept, PASSPHRASE)

    assert key_pem(again.key) == key_pem(authority.key)
    assert (b"PRIVATE KEY" in kept) == (passphrase is None)


def test_a_locked_key_opens_by_its_passphrase_alone(authority: Pair) -> None:
    certificate, kept = certificate_pem(authority.certificate), key_text(authority, PASSPHRASE, CHEAP)

    with pytest.raises(AuthorityLocked, match="PARAVENT_KEYSTORE_PASSPHRASE"):
        read_authority(certificate, kept, None)
    with pytest.raises(WrongPassphrase) as caught:
        read_authority(certificate, kept, "quatre saisons au Jardin")
    assert "Jardin" not in str(caught.value)
    with pytest.raises(PassphraseTooShort):
        key_text(authority, "short", CHEAP)


def test_a_damaged_authority_is_said_to_be(authority: Pair) -> None:
    certificate, plain = certificate_pem(authority.certificate), key_pem(authority.key)
    leaf = issue(authority, ["paravent_worker_care"], "client", NOW)
    for wrong in (b"", certificate[:100], certificate_pem(leaf.certificate)):
        with pytest.raises(AuthorityDamaged, match=r"authority\.pem"):
            read_authority(wrong, plain, None)
    for wrong in (b"", plain[:60], key_pem(leaf.key)):
        with pytest.raises(AuthorityDamaged, match="put back"):
            read_authority(certificate, wrong, None)


@pytest.mark.parametrize(
    "change",
    [
        {"salt": "AAAA"}, {"salt": 3}, {"key": "é"}, {"argon2id": [64, 1]}, {"argon2id": [0, 1, 1]},
        {"argon2id": [1 << 40, 1, 1]}, {"argon2id": ["a", 1, 1]}, {"argon2id": None}, {"key": None},
    ],
)  # fmt: skip
def test_a_damaged_lock_is_said_to_be(authority: Pair, change: dict[str, object]) -> None:
    document = json.loads(key_text(authority, PASSPHRASE, CHEAP)) | change
    with pytest.raises(AuthorityDamaged, match="put back"):
        read_authority(certificate_pem(authority.certificate), json.dumps(document).encode(), PASSPHRASE)


def test_an_altered_lock_does_not_open(authority: Pair) -> None:
    document = json.loads(key_text(authority, PASSPHRASE, CHEAP))
    locked = bytearray(base64.b64decode(document["key"]))
    locked[-1] ^= 1
    document["key"] = base64.b64encode(bytes(locked)).decode()
    with pytest.raises(WrongPassphrase):
        read_authority(certificate_pem(authority.certificate), json.dumps(document).encode(), PASSPHRASE)


def _verify(root: x509.Certificate, leaf: x509.Certificate, name: str, now: datetime = NOW) -> None:
    try:
        subject: x509.GeneralName = x509.IPAddress(ip_address(name))
    except ValueError:
        subject = x509.DNSName(name)
    builder = PolicyBuilder().store(Store([root])).time(now)
    builder.build_server_verifier(subject).verify(leaf, [])  # type: ignore[arg-type]
