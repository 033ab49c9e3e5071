"""The folder of the private authority, `var/pki`: its certificate and key, a file for each certificate it signed.

    authority.pem, authority.key      the authority; the key may be locked by the keystore's passphrase
    postgresql.pem                    the database server
    servers/<name>.pem                any other server
    <zone>/<login role>.pem           a database login of a zone; beside it, a copy of authority.pem
    clients/<role>.pem                any other client

A signed certificate and its key share one file (0600): renewing both is one rename, and no crash leaves half a
pair. libpq, PostgreSQL and granian take the same path for both.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from cryptography import x509

from app.cli.environment import PREFIX, given, var_of
from app.config import ZONES
from app.db import SILOS
from app.vault.errors import KeystoreError, KeystoreMissing, KeystoreOpenToOthers
from app.vault.files import create_once, make_directory, read_private, replace_private, replace_public
from app.vault.pki import (
    Facts,
    Pair,
    certificate_pem,
    check_issued,
    facts_of,
    issue,
    new_authority,
    read_certificate,
    renew,
)
from app.vault.pki_authority import key_text, read_authority, read_authority_certificate
from app.vault.pki_errors import (
    AlreadyIssued,
    AuthorityDamaged,
    AuthorityExists,
    AuthorityMissing,
    CertificateDamaged,
    PkiError,
)
from app.vault.pki_names import host_of, role_of

RENEWED_BELOW_DAYS = 30
AUTHORITY = "authority.pem"
DATABASE = "postgresql.pem"
_KEY = "authority.key"


@dataclass(frozen=True, slots=True)
class Folder:
    """Where the authority is kept, and the passphrase that locks its key, if any."""

    path: Path
    passphrase: str | None = field(default=None, repr=False)

    def create(self, name: str, now: datetime, domains: tuple[str, ...] = ()) -> Pair:
        """Make the authority. Raises AuthorityExists, NameRefused, PassphraseTooShort."""
        authority = new_authority(name, now, domains)
        text = key_text(authority, self.passphrase)
        make_directory(self.path)
        if (self.path / AUTHORITY).exists() or not create_once(self.path / _KEY, text):
            raise AuthorityExists(
                f"there is an authority in {self.path}, or half of one: keep it, or move it away to begin anew"
            )
        replace_public(self.path / AUTHORITY, certificate_pem(authority.certificate))
        return authority

    def authority(self) -> Pair:
        """Read the authority with its key. Raises AuthorityMissing, and as `read_authority` does."""
        certificate = self._authority_text()
        try:
            key = read_private(self.path / _KEY)
        except KeystoreMissing:
            raise AuthorityMissing(
                f"the authority's key is not in {self.path}: put authority.key back, or work where it is kept"
            ) from None
        except KeystoreOpenToOthers:
            raise AuthorityDamaged(
                f"other users can read {self.path / _KEY}: chmod 600 it if nobody did, else begin anew"
            ) from None
        return read_authority(certificate, key, self.passphrase)

    def authority_certificate(self) -> x509.Certificate:
        """Read the authority's certificate alone. Raises AuthorityMissing, AuthorityDamaged."""
        return read_authority_certificate(self._authority_text())

    def issued(self) -> list[Path]:
        """Return the file of each certificate that was signed here, in order of path."""
        return sorted(path for path in self.path.rglob("*.pem") if path.name != AUTHORITY)

    def keep(self, path: Path, pair: Pair) -> None:
        """Write a new certificate's file, never over another. Raises AlreadyIssued."""
        make_directory(path.parent)
        if not create_once(path, pair.pem()):
            raise AlreadyIssued(f"{path} is there already: `paravent pki renew`, or move it away to issue it anew")

    def read(self, path: Path) -> x509.Certificate:
        """Read a certificate's file. Raises CertificateDamaged."""
        try:
            return read_certificate(read_private(path))
        except KeystoreError as error:
            raise CertificateDamaged(f"{error}: correct {path.name}, or move it away and issue it anew") from None

    def _authority_text(self) -> bytes:
        try:
            return (self.path / AUTHORITY).read_bytes()
        except OSError:
            raise AuthorityMissing(
                f"there is no authority in {self.path}: make one with `paravent pki init`, or set PARAVENT_VAR"
            ) from None


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found in one certificate's file: what it says, or what is wrong with it."""

    path: Path
    facts: Facts | None
    fault: str = ""


def folder_of(environ: Mapping[str, str]) -> Folder:
    """Return the folder of this installation; it need not be set up for the authority to work."""
    return Folder(var_of(environ) / "pki", given(environ).get(f"{PREFIX}KEYSTORE_PASSPHRASE") or None)


def server_path(folder: Folder, name: str) -> Path:
    """Return a server's file. Raises NameRefused."""
    return folder.path / "servers" / f"{host_of(name).value}.pem"


def client_path(folder: Folder, role: str) -> Path:
    """Return a client's file: in its zone's folder when the role is a zone's. Raises NameRefused."""
    *_, zone, silo = ["", "", *role_of([role]).split("_")]
    if silo == "migrations":
        zone = "cli"
    elif zone not in ZONES or silo not in SILOS:
        zone = "clients"
    return folder.path / zone / f"{role}.pem"


def issue_client(folder: Folder, authority: Pair, role: str, now: datetime) -> Path:
    """Sign for a login role; put the authority's certificate beside. Raises as `issue` does, and AlreadyIssued."""
    path = client_path(folder, role)
    folder.keep(path, issue(authority, [role], "client", now))
    replace_public(path.with_name(AUTHORITY), certificate_pem(authority.certificate))
    return path


def checked(folder: Folder) -> list[Checked]:
    """Look at every certificate signed here. Raises AuthorityMissing, AuthorityDamaged."""
    authority = folder.authority_certificate()
    return [_checked(folder, authority, path) for path in folder.issued()]


def renew_file(folder: Folder, authority: Pair, path: Path, now: datetime) -> Facts:
    """Put a new key and certificate in place of a file's, in one step. Raises as `renew` does."""
    pair = renew(authority, folder.read(path), now)
    replace_private(path, pair.pem())
    return facts_of(pair.certificate)


def served(folder: Folder, name: str, now: datetime) -> Path:
    """Return a server's file: made if it is missing, as the authority is, and renewed if it ends soon.

    Raises PkiError.
    """
    path = server_path(folder, name)
    there = (folder.path / AUTHORITY).exists()
    authority = folder.authority() if there else folder.create(f"Paravent {now:%Y-%m-%d}", now)
    if not path.exists():
        folder.keep(path, issue(authority, [name], "server", now))
    found = _checked(folder, authority.certificate, path)
    if found.facts is None:
        raise PkiError(f"{path}: {found.fault}")
    if found.facts.days_left(now) < RENEWED_BELOW_DAYS:
        renew_file(folder, authority, path, now)
    return path


def _checked(folder: Folder, authority: x509.Certificate, path: Path) -> Checked:
    try:
        certificate = folder.read(path)
        check_issued(authority, certificate)
        return Checked(path, facts_of(certificate))
    except PkiError as error:
        return Checked(path, None, str(error))
