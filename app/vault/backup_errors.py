"""What can go wrong with copies of the keystore: each says what is wrong and what the operator does next."""

from app.vault.errors import KeystoreError


class BackupFolderRefused(KeystoreError):
    """The folder for copies is missing, open to others, or goes into other copies than these."""


class BackupUnwritten(KeystoreError):
    """A copy could not be written, for want of room or of rights; nothing of it is left."""


class BackupUnsteady(KeystoreError):
    """Keys turned each time a copy was made, so that rows and key files never agreed."""


class BackupDamaged(KeystoreError):
    """A file of a copy is missing, cut or altered."""


class BackupOfAnother(KeystoreError):
    """A copy of another installation's keystore."""


class BackupOfAnotherRelease(KeystoreError):
    """A copy whose form or tables this release does not have."""


class PlaceTaken(KeystoreError):
    """There is a keystore, or rows of the keys silo, where a copy was to be restored."""


class NotYetReplayed(KeystoreError):
    """A keystore was restored, and what was destroyed since its copy has not been destroyed again."""


class TombstonesIncomplete(KeystoreError):
    """The ledger does not tell, or not wholly, what was destroyed since a copy was made."""
