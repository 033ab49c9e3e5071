"""What events say, sealed: whom each concerns, what for, its fields. Everything else of an event stays in clear.

Each event's content has a key of its own, derived from the content key that its process drew for the month
(app/vault/months.py) and committed to; it opens with the event it was sealed in and no other. A process that was
forked goes on with its parent's content key, which is as safe: what is derived from it is never the same twice.
"""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID

from app.config import Settings
from app.ledger.models import Event
from app.vault.hybrid import PublicKeyRefused
from app.vault.months import MonthKeyRefused, draw, load_month_key, month_of
from app.vault.sealing import Unsealable, lock, pad, unlock, unpad
from app.writer import ContentKey

SEALED_SCHEMA = 3
"""Schema 1 counted nothing, schema 2 said all in clear; both are read still."""


class ContentUnreadable(Exception):
    """What an event says can't be read: altered, or of no known form. The message never repeats any of it."""

    def __init__(self, said: str = "what an event says can't be read: run `paravent ledger verify`") -> None:
        super().__init__(said)


class ContentExpired(ContentUnreadable):
    """The key of an event's month is not in the keystore: destroyed when its time came, or made since a copy."""

    def __init__(self) -> None:
        super().__init__("the key of an event's month is not in the keystore: destroyed when it was due, or lost")


@dataclass(frozen=True, slots=True)
class Content:
    """What an event says beyond its columns: whom it concerns, what for, its declared fields, as JSON has them."""

    subjects: tuple[str, ...]
    purposes: tuple[str, ...]
    fields: dict[str, Any]


class ContentKeys(Protocol):
    """Gives the content keys that events name (app/ledger/opening.py)."""

    def key_of(self, key: UUID, month: str) -> bytes:
        """Return a content key, which must be of that month.

        Raises ContentExpired, ContentUnreadable, KeystoreError, SiloUnavailable.
        """


class MonthSealer:
    """Gives the key a process seals its events with: drawn once for each month, to the public key it verified."""

    def __init__(self, public_keys: Path, verify_key: bytes) -> None:
        self._public_keys, self._verify_key = public_keys, verify_key
        self._held: ContentKey | None = None

    def under(self, now: datetime) -> ContentKey:
        """Return the content key of the month that `now` is in. Raises MonthKeyRefused.

        Two threads that come first may draw two: each event names its own, and none is lost.
        """
        held = self._held
        if held is None or held.month != month_of(now):
            public = load_month_key(self._public_keys, self._verify_key, now)
            try:
                held = self._held = draw(public)
            except PublicKeyRefused:
                raise MonthKeyRefused("the ledger key is malformed") from None
        return held


def sealer_of(settings: Settings) -> MonthSealer:
    """Return what a process of these settings seals its events with."""
    return MonthSealer(settings.public_keys, settings.verify_key)


def canonical(document: Mapping[str, Any]) -> str:
    """Write canonical JSON: sorted keys, no spaces, ASCII, whole numbers only (as RFC 8785 would)."""
    return json.dumps(dict(document), sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def with_sealed(outer: Mapping[str, Any], content: Mapping[str, Any], key: ContentKey) -> dict[str, Any]:
    """Return an event's document with its content sealed in it, bound to everything else that it says."""
    bound = dict(outer) | {"schema": SEALED_SCHEMA, "key": str(key.id)}
    sealed = lock(key.key, pad(canonical(content).encode()), canonical(bound).encode())
    return bound | {"sealed": base64.b64encode(sealed).decode()}


def content_of(event: Event, keys: ContentKeys) -> Content:
    """Return what an event says, whatever its schema.

    Raises ContentExpired, ContentUnreadable, and as `keys` does.
    """
    try:
        document = json.loads(event.payload)
        if document["schema"] == SEALED_SCHEMA:
            document = _opened(document, keys, month_of(event.at))
        subjects, purposes, fields = document["subjects"], document["purposes"], dict(document["fields"])
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, Unsealable):
        raise ContentUnreadable from None
    if not all(
        isinstance(words, list) and all(isinstance(w, str) for w in words) for words in (subjects, purposes)
    ):
        raise ContentUnreadable
    return Content(tuple(subjects), tuple(purposes), fields)


def _opened(document: dict[str, Any], keys: ContentKeys, month: str) -> Any:
    sealed = base64.b64decode(document.pop("sealed"), validate=True)
    key = keys.key_of(UUID(document["key"]), month)
    return json.loads(unpad(unlock(key, sealed, canonical(document).encode())))
