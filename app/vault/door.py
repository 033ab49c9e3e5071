"""The door: the one way by which sealed data is opened or made, and only with the ledger's receipt.

Before a secret is taken out of the keystore, to open or to seal, a row of the keys silo says for which event of
the ledger (`app.vault.openings`): one write and one reading for all the secrets of one work.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any
from uuid import UUID

from app.db import Databases
from app.vault import openings
from app.vault.errors import SecretMissing, SecretWithdrawn
from app.vault.keystore import Keystore
from app.vault.openings import Opened, Pair
from app.vault.receipts import Receipt, ReceiptRefused
from app.vault.sealing import Context, decode_document, encode_document, seal, unseal
from app.vault.tokens import derive_id
from app.vault.wrapping import DayKey


class Taken:
    """Secrets that were taken out for one event, for the work at hand: drop it at the end of that, never keep it.

    Whatever asks for a secret raises SecretWithdrawn when nobody may use it any more, SecretMissing when it was
    destroyed or never given, ReceiptRefused when it was not taken out,
    EpochKeyMissing, KeystoreDamaged or Unsealable.
    """

    def __init__(self, found: Mapping[Pair, Opened], key_of_day: Callable[[str], DayKey]) -> None:
        self._found, self._key_of_day = found, key_of_day

    def open(self, sealed: bytes, context: Context) -> bytes:
        """Open sealed bytes."""
        return unseal(self._secret(context.pseudonym, context.purpose), sealed, context)

    def open_json(self, sealed: bytes, context: Context) -> dict[str, Any]:
        """Open a sealed document."""
        return decode_document(self.open(sealed, context))

    def seal(self, plaintext: bytes, context: Context) -> bytes:
        """Seal bytes."""
        return seal(self._secret(context.pseudonym, context.purpose), plaintext, context)

    def seal_json(self, document: Mapping[str, Any], context: Context) -> bytes:
        """Seal a document that carries its `schema`. Raises SchemaMissing besides."""
        return self.seal(encode_document(document), context)

    def derived_id(self, pseudonym: UUID, purpose: str, label: str) -> UUID:
        """Return the id that a secret gives for a label (`app.vault.tokens.derive_id`)."""
        return derive_id(self._secret(pseudonym, purpose), label)

    def _secret(self, pseudonym: UUID, purpose: str) -> bytes:
        kept = self._found.get((pseudonym, purpose))
        if kept is None:
            raise ReceiptRefused("a secret is asked for that was not taken out")
        if kept.withdrawn:
            raise SecretWithdrawn("the secret of this pseudonym and purpose was withdrawn")
        if kept.epoch is None or kept.wrapped is None:
            raise SecretMissing("there is no secret for this pseudonym and purpose")
        return self._key_of_day(kept.epoch).unwrap(kept.wrapped, pseudonym, purpose)


class Vault:
    """Opens and seals under the secrets of the keystore. `keystore` is for the worker and the command line."""

    def __init__(self, keystore: Keystore, db: Databases) -> None:
        self.keystore = keystore
        self._db = db

    def take(self, receipt: Receipt, pairs: Iterable[Pair]) -> Taken:
        """Take out the secrets of pseudonyms and purposes that a receipt covers, each key of a day read once.

        One that is missing or withdrawn is told when it is used. Raises ReceiptRefused, also when this event's
        secrets were first taken out more than a minute ago (record another), and SiloUnavailable.
        """
        wanted = frozenset(pairs)
        receipt.check_covers(wanted)
        if not wanted:
            return Taken({}, self.keystore.keys_of_days())
        with self._db.writing("keys") as session:
            openings.note(session, receipt.event, wanted)
        with self._db.reading("keys") as session:
            found = {(one.pseudonym, one.purpose): one for one in openings.opened(session, receipt.event)}
        if not wanted <= found.keys():
            raise ReceiptRefused("secrets were first taken out for this event too long ago: record another")
        return Taken({pair: found[pair] for pair in wanted}, self.keystore.keys_of_days())

    def open(self, sealed: bytes, receipt: Receipt, context: Context) -> bytes:
        """Open sealed bytes that a receipt covers. Raises as `take` and what it takes do."""
        return self._take_one(receipt, context).open(sealed=sealed, context=context)

    def open_json(self, sealed: bytes, receipt: Receipt, context: Context) -> dict[str, Any]:
        """Open a sealed document that a receipt covers. Raises as `open` does."""
        return self._take_one(receipt, context).open_json(sealed, context)

    def seal(self, plaintext: bytes, receipt: Receipt, context: Context) -> bytes:
        """Seal bytes for a context that a receipt covers. Raises as `open` does."""
        return self._take_one(receipt, context).seal(plaintext, context)

    def seal_json(self, document: Mapping[str, Any], receipt: Receipt, context: Context) -> bytes:
        """Seal a document that carries its `schema`. Raises as `open` does, and SchemaMissing."""
        return self._take_one(receipt, context).seal_json(document, context)

    def _take_one(self, receipt: Receipt, context: Context) -> Taken:
        return self.take(receipt, [(context.pseudonym, context.purpose)])
