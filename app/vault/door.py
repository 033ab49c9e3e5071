"""The door: the one way by which sealed data is opened, and only with the ledger's receipt."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from app.db import Databases
from app.vault.keystore import Keystore
from app.vault.receipts import Receipt
from app.vault.sealing import Context, decode_document, encode_document, seal, unseal


class Vault:
    """Opens and seals under the secrets of the keystore. `keystore` is for the worker and the command line."""

    def __init__(self, keystore: Keystore, db: Databases) -> None:
        self.keystore = keystore
        self._db = db

    def open(self, sealed: bytes, receipt: Receipt, context: Context) -> bytes:
        """Open sealed bytes that a receipt covers.

        Raises ReceiptRefused, SecretMissing (destroyed or never given), Unsealable, SiloUnavailable.
        """
        receipt.check_covers(context.pseudonym, context.purpose)
        return unseal(self._secret(context.pseudonym, context.purpose), sealed, context)

    def open_json(self, sealed: bytes, receipt: Receipt, context: Context) -> dict[str, Any]:
        """Open a sealed document that a receipt covers. Raises as `open` does."""
        return decode_document(self.open(sealed, receipt, context))

    def seal(self, context: Context, plaintext: bytes) -> bytes:
        """Seal bytes for a context whose secret the keystore holds. Raises SecretMissing, SiloUnavailable."""
        return seal(self._secret(context.pseudonym, context.purpose), plaintext, context)

    def seal_json(self, context: Context, document: Mapping[str, Any]) -> bytes:
        """Seal a document that carries its `schema`. Raises as `seal` does."""
        return self.seal(context, encode_document(document))

    def _secret(self, pseudonym: UUID, purpose: str) -> bytes:
        with self._db.reading("keys") as session:
            return self.keystore.get(session, pseudonym, purpose)
