"""Opening what events say, for who holds the keystore: worker and command line. No page reads the ledger."""

from uuid import UUID

from app.db import Databases
from app.ledger.models import EventKey
from app.ledger.sealed import ContentExpired, ContentUnreadable
from app.vault.errors import KeystoreDamaged, KeystoreMissing
from app.vault.keystore import Keystore
from app.vault.months import bounds, id_of, open_envelope
from app.vault.sealing import Unsealable


class EventKeys:
    """The content keys of events, opened by the keystore. Make one for each use: it keeps what it opened."""

    def __init__(self, db: Databases, keystore: Keystore) -> None:
        self._db, self._keystore = db, keystore
        self._opened: dict[tuple[UUID, str], bytes] = {}

    def key_of(self, key: UUID, month: str) -> bytes:
        """Return a content key. One of another month is none: what it seals would outlive its event's month.

        Raises ContentExpired, ContentUnreadable, KeystoreError, SiloUnavailable.
        """
        if (key, month) not in self._opened:
            with self._db.reading("ledger") as session:
                row = session.get(EventKey, key)
            if row is None or row.month != month:
                raise ContentUnreadable
            self._opened[key, month] = self.released(row)
        return self._opened[key, month]

    def released(self, row: EventKey) -> bytes:
        """Return the content key in an envelope. Raises ContentExpired, ContentUnreadable, KeystoreError."""
        if id_of(row.month, row.envelope) != row.id:
            raise ContentUnreadable
        try:
            bounds(row.month)
            seed = self._keystore.months.read(row.month).key
            return open_envelope(seed, row.month, row.envelope)
        except KeystoreMissing:
            raise ContentExpired from None
        except (ValueError, OverflowError, KeystoreDamaged, Unsealable):  # The first two: the name of no month.
            raise ContentUnreadable from None
