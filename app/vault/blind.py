"""Blind indexes: which pseudonyms share an e-mail address or a telephone number, without keeping either.

`HMAC-SHA256(key of silo, field and epoch, normalised value)`, 32 bytes whole. An epoch is named by its year
(`2026`); its key is random, in a file of the keystore's directory under the identity silo's key, never a row.
The rows lie in the keys silo, whose backups are rolling and deletable. They leak which rows are equal, and who
can both insert values and read the column learns matches: hence nothing of this in the patient zone. Two epochs
may have rows at once, until the older one's are written anew; a look-up asks under every key there is.
"""

import hmac
import logging
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import phonenumbers
from sqlalchemy import ColumnElement, and_, delete, or_, select
from sqlalchemy.orm import Session

from app.db import Silo, insert_for
from app.vault.errors import KeystoreError
from app.vault.keyfiles import KeyFiles
from app.vault.keystore import Keystore
from app.vault.models import INDEXED_PURPOSE, BlindIndex, Secret
from app.vault.sealing import new_secret
from app.vault.tokens import derive

Field = Literal["email", "phone"]
Values = Mapping[Field, str]
"""What of a contact is indexed, normalised."""

EPOCH_YEARS = 2
"""How many years a key makes new rows, before the next one does."""

_SILO: Silo = "identity"
_LONGEST = 320
_ADDRESS = re.compile(r"[^\s@]+@[^\s@]+")
_REGION = "FR"
_log = logging.getLogger("paravent.vault")


@dataclass(frozen=True, slots=True)
class IndexKey:
    """The key of one silo's indexes for one epoch."""

    silo: Silo
    epoch: str
    key: bytes = field(repr=False)


class IndexKeys:
    """The index keys of one silo, each in its file."""

    def __init__(self, files: KeyFiles, silo: Silo = _SILO) -> None:
        self._files, self._silo = files, silo

    def names(self) -> list[str]:
        """Return the epochs that have a key, oldest first."""
        return self._files.names()

    def current(self, now: datetime) -> IndexKey:
        """Return the key for new rows, made if it is missing or old. A key of a year to come is left unused.

        Raises KeystoreDamaged, KeystoreOpenToOthers.
        """
        begun = [name for name in self.names() if int(name) <= now.year]
        if not begun or int(begun[-1]) + EPOCH_YEARS <= now.year:
            begun.append(f"{now.year:04}")
            self._files.make(begun[-1], new_secret(), now)
        return self._read(begun[-1])

    def readable(self) -> tuple[IndexKey, ...]:
        """Return every key that can be read; what is under another is not found, and an error says so."""
        found = []
        for name in self.names():
            try:
                found.append(self._read(name))
            except KeystoreError:
                _log.error("a key of blind indexes can't be read: mend its file, or matches are missed")
        return tuple(found)

    def destroy(self, name: str) -> None:
        """Destroy an epoch's key: its rows, in any backup, say nothing any more but which are equal."""
        self._files.destroy(name)

    def _read(self, name: str) -> IndexKey:
        return IndexKey(self._silo, name, self._files.read(name).key)


def index_keys(keystore: Keystore) -> IndexKeys:
    """Return the index keys of the identity silo, which lie beside the keystore's other keys.

    They are wrapped under the identity silo's newest key, and again when there is a new one. Ask anew at each use.
    """
    return IndexKeys(keystore.indexes)


def blind(key: IndexKey, field: Field, value: str) -> bytes:
    """Return the index of a normalised value: 32 bytes, bound to the key's silo and epoch, and to the field."""
    bound = derive(key.key, f"blind index {key.silo} {field} {key.epoch}")
    return hmac.digest(bound, value.encode("utf-8", "surrogatepass"), "sha256")


def normal_values(contact: Mapping[str, Any]) -> Values:
    """Return what of a contact can be indexed; it was written outside, and may hold anything."""
    email, phone = contact.get("email"), contact.get("phone")
    found: dict[Field, str | None] = {
        "email": normal_email(email) if isinstance(email, str) else None,
        "phone": normal_phone(phone) if isinstance(phone, str) else None,
    }
    return {name: value for name, value in found.items() if value is not None}


def normal_email(text: str) -> str | None:
    """Return an address in NFC and lower case, its domain in ASCII; None when it can't be one.

    Dots and what follows a plus are kept: whose mailbox they lead to is the provider's affair. The domain is
    written as IDNA 2003 does (RFC 3490, the standard library's), which takes ß for ss: a match is a hint.
    """
    typed = unicodedata.normalize("NFC", text[: _LONGEST + 1].strip())
    if not _is_address(typed):
        return None
    local, _at, domain = typed.partition("@")
    normal = f"{_lower(local)}@{_ascii(_lower(domain))}"
    return normal if _is_address(normal) else None


def normal_phone(text: str) -> str | None:
    """Return a number in E.164 (ITU-T), read as French without a prefix; None when it can't be one.

    Possible, not valid, as the funnel takes them. What reads as another number once written is none.
    """
    normal = _e164(text)
    return normal if normal is not None and _e164(normal) == normal else None


def keep(session: Session, key: IndexKey, pseudonym: UUID, values: Values) -> None:
    """Index a contact's values; again changes nothing, nor does it once the contact's secret is destroyed."""
    living = select(Secret.epoch).where(Secret.pseudonym == pseudonym, Secret.purpose == INDEXED_PURPOSE)
    if not values or session.execute(living.with_for_update()).first() is None:
        return
    rows = [
        {"pseudonym": pseudonym, "field": name, "epoch": key.epoch, "value": blind(key, name, value)}
        for name, value in values.items()
    ]
    session.execute(insert_for(session, BlindIndex.__table__).values(rows).on_conflict_do_nothing())


def is_indexed(session: Session, pseudonym: UUID) -> bool:
    """Say whether a pseudonym's contact is indexed."""
    wanted = select(BlindIndex.pseudonym).where(BlindIndex.pseudonym == pseudonym, _alive()).limit(1)
    return session.scalar(wanted) is not None


def look_up(session: Session, keys: Iterable[IndexKey], values: Values) -> set[UUID]:
    """Return the pseudonyms whose contact has one of these values, under any of the keys."""
    equal = [
        and_(BlindIndex.epoch == key.epoch, BlindIndex.field == name, BlindIndex.value == blind(key, name, value))
        for key in keys
        for name, value in values.items()
    ]
    if not equal:
        return set()
    return set(session.scalars(select(BlindIndex.pseudonym).where(or_(*equal), _alive())))


def stale(session: Session, current: IndexKey, most: int) -> list[UUID]:
    """Return some pseudonyms that have a row of another epoch than the current one."""
    wanted = select(BlindIndex.pseudonym).where(BlindIndex.epoch != current.epoch).distinct()
    return list(session.scalars(wanted.order_by(BlindIndex.pseudonym).limit(most)))


def renew(session: Session, current: IndexKey, pseudonym: UUID, values: Values) -> None:
    """Put a pseudonym's rows of other epochs under the current key; without values they only go."""
    old = BlindIndex.pseudonym == pseudonym, BlindIndex.epoch != current.epoch
    session.execute(delete(BlindIndex).where(*old))
    keep(session, current, pseudonym, values)


def unused(session: Session, keys: IndexKeys, current: IndexKey) -> Sequence[str]:
    """Return the epochs, but the current one, whose key no row needs any more."""
    used = set(session.scalars(select(BlindIndex.epoch).distinct()))
    return [name for name in keys.names() if name != current.epoch and name not in used]


def _alive() -> ColumnElement[bool]:
    """A row is of use while its contact's secret lives: one that came back with an old backup is not.

    It reads no other column of the secret: the clinic has no right to one.
    """
    of_it = select(Secret.pseudonym).where(Secret.pseudonym == BlindIndex.pseudonym)
    return of_it.where(Secret.purpose == INDEXED_PURPOSE).exists()


def _is_address(text: str) -> bool:
    return len(text) <= _LONGEST and _ADDRESS.fullmatch(text) is not None


def _e164(text: str) -> str | None:
    try:
        parsed = phonenumbers.parse(text, _REGION)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(parsed):
        return None
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def _lower(text: str) -> str:
    return unicodedata.normalize("NFC", text.lower())


def _ascii(domain: str) -> str:
    """Return a domain as IDNA writes it, or unchanged when that can't."""
    with suppress(UnicodeError):
        return domain.encode("idna").decode("ascii")
    return domain
