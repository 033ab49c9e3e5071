"""What can go wrong with the private authority. Each message says what to do next; none holds a key."""


class PkiError(Exception):
    """Anything that keeps the private authority from doing what it is asked."""


class AuthorityMissing(PkiError):
    """There is no authority in this folder, or its key is kept elsewhere."""


class AuthorityExists(PkiError):
    """There is an authority already: another would make every certificate of the first worthless."""


class AuthorityDamaged(PkiError):
    """The authority's certificate or key is cut, altered, or not the other's."""


class AuthorityLocked(PkiError):
    """The authority's key is locked by a passphrase, and none was given."""


class WrongPassphrase(PkiError):
    """The passphrase is not the one that locks the authority's key."""


class AuthorityExpired(PkiError):
    """The authority's ten years are over."""


class ClockBehind(PkiError):
    """The clock of this machine is before the authority was made."""


class NameRefused(PkiError):
    """A name is not one of a host, an address, a login role or a domain."""


class NameOutside(PkiError):
    """A host is outside what the authority may sign for."""


class CertificateDamaged(PkiError):
    """A certificate is cut, altered, open to others, or of a kind not made here."""


class ForeignCertificate(PkiError):
    """A certificate was signed by another authority."""


class AlreadyIssued(PkiError):
    """There is a certificate of this name already."""
