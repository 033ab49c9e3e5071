"""What can go wrong with the keystore. No message holds a key, a path's content, a pseudonym or a passphrase."""


class KeystoreError(Exception):
    """Anything that keeps the keystore from doing what it is asked."""


class KeystoreMissing(KeystoreError):
    """There is no keystore in this directory."""


class KeystoreExists(KeystoreError):
    """There is a keystore in this directory already: making another would lose every secret of the first."""


class KeystoreDamaged(KeystoreError):
    """A file of the keystore is cut, altered or not what it should be."""


class KeystoreOpenToOthers(KeystoreError):
    """A file or directory of the keystore can be read by other users of the machine."""


class UnlockMissing(KeystoreError):
    """The keystore opens by a passphrase, or by a key file, and it was not given."""


class WrongUnlock(KeystoreError):
    """The passphrase or key file is not the one of this keystore."""


class PassphraseTooShort(KeystoreError):
    """A new keystore's passphrase has fewer characters than it must."""


class KeyFileRefused(KeystoreError):
    """The key file is missing, cut, open to others, or not 32 bytes in hexadecimal."""


class SecretMissing(KeystoreError):
    """There is no secret for this pseudonym and purpose: never given, or destroyed."""


class SecretConflict(KeystoreError):
    """Another secret is kept already for this pseudonym and purpose: replacing it would destroy data."""


class SecretMalformed(KeystoreError):
    """A secret to keep is not 32 bytes."""


class EpochKeyMissing(KeystoreError):
    """The key of the day that wrapped a secret is gone, and what it wrapped with it."""


class IntakeEpochMissing(KeystoreError):
    """The intake's private key of a week is gone, or never was."""
