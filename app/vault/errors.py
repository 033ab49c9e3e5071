"""What can go wrong with the keystore. No message holds a key, a path's content, a pseudonym or a passphrase.

A message says what is wrong and what the operator does next; nothing is ever changed when one is raised.
"""


class KeystoreError(Exception):
    """Anything that keeps the keystore from doing what it is asked."""


class KeystoreMissing(KeystoreError):
    """There is no keystore in this directory."""


class KeystoreExists(KeystoreError):
    """There is a keystore in this directory already: making another would lose every secret of the first."""


class KeystoreDamaged(KeystoreError):
    """A file of the keystore is cut, altered or not what it should be."""


class KeystoreUnreadable(KeystoreError):
    """A file of the keystore can't be read now: its disk, its rights. That says nothing of whether it is there."""


class KeystoreOutdated(KeystoreError):
    """The root file is an older copy than the one its folder has had."""


class KeystoreChanged(KeystoreError):
    """Another command changed the root file meanwhile."""


class KeystoreSealed(KeystoreError):
    """Somebody sealed the keystore: no process uses its keys until it is unsealed."""


class KeystoreOpenToOthers(KeystoreError):
    """A file or directory of the keystore can be read by other users of the machine."""


class UnlockMissing(KeystoreError):
    """Nothing was given that any lock of this keystore opens by."""


class WrongUnlock(KeystoreError):
    """The passphrase, key file, HSM or shares given are not those of this keystore."""


class PassphraseTooShort(KeystoreError):
    """A new passphrase has fewer characters than it must."""


class KeyFileRefused(KeystoreError):
    """The key file is missing, cut, open to others, or not 32 bytes in hexadecimal."""


class LastLock(KeystoreError):
    """Removing this lock would leave a keystore that nothing opens."""


class LockUnknown(KeystoreError):
    """The keystore has no lock of this id."""


class LockWouldBeLost(KeystoreError):
    """A new root key would leave out a lock that nothing given here opens."""


class TokenAbsent(KeystoreError):
    """The HSM, its library or its token is not there."""


class TokenPinRefused(KeystoreError):
    """The token refuses the PIN, or has locked itself after wrong ones."""


class TokenKeyMissing(KeystoreError):
    """The token has no key of the label, or several."""


class TokenKeyLoose(KeystoreError):
    """The token's key could be read or taken out: it protects nothing."""


class TokenUnable(KeystoreError):
    """The token offers no mechanism that wraps a key."""


class TokenLost(KeystoreError):
    """The HSM stopped answering in the middle of an operation."""


class CeremonyRefused(KeystoreError):
    """The shares asked for are not between 2 of 2 and 16 of 16, or there are custodians already."""


class CustodiansMissing(KeystoreError):
    """The keystore has no custodians: no share opens it."""


class ShareMalformed(KeystoreError):
    """A share has a wrong, missing or misspelt word: its checksum fails."""


class ShareOfAnotherCeremony(KeystoreError):
    """A share is sound, but was made at another ceremony."""


class ShareDouble(KeystoreError):
    """A share was given already."""


class SharesMissing(KeystoreError):
    """Fewer shares were given than open the keystore."""


class SharesRefused(KeystoreError):
    """Sound shares that don't fit together: one of them is forged."""


class SecretMissing(KeystoreError):
    """There is no secret for this pseudonym and purpose: never given, or destroyed."""


class SecretWithdrawn(SecretMissing):
    """Nobody may use the secret of this pseudonym and purpose any more; it is destroyed in its time."""


class SecretConflict(KeystoreError):
    """Another secret is kept already for this pseudonym and purpose: replacing it would destroy data."""


class SecretMalformed(KeystoreError):
    """A secret to keep is not 32 bytes."""


class EpochKeyMissing(KeystoreError):
    """The key of the day that wrapped a secret is gone, and what it wrapped with it."""


class IntakeEpochMissing(KeystoreError):
    """The intake's private key of a half-day is gone, or never was."""
