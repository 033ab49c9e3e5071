"""The ledger's keys of the month: what events say is sealed so that only the keystore opens it, and not for ever.

A process draws a content key for its events of a month (UTC), seals it once to that month's public key and keeps it
in memory. Destroying the month's private key, a file of the keystore's directory, makes what every event of that
month says unreadable wherever its row was copied to; the hashes of the ledger stay as they are.
"""

import hashlib
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

from app.vault.hybrid import open_with, seal_to
from app.vault.published import PublicKey, Published
from app.vault.sealing import SECRET_BYTES, Unsealable, new_secret
from app.writer import ContentKey

MONTH_NAME = r"\d{4}-\d\d"
AHEAD = timedelta(days=35)
"""How long before a month begins its key is made: longer than backups of the keystore are kept, so that a restored
one still reads what the ledger says was destroyed since."""

_MONTH = re.compile(MONTH_NAME, re.ASCII)


class MonthKeyRefused(Exception):
    """No key of the month can be used: missing, altered, signed by another, or out of its dates."""


def month_of(now: datetime) -> str:
    """Return the name of the month that a moment is in (UTC)."""
    return f"{now.astimezone(UTC):%Y-%m}"


def bounds(month: str) -> tuple[datetime, datetime]:
    """Return the first moment of a month, and of the next one. Raises ValueError."""
    if not _MONTH.fullmatch(month):
        raise ValueError("not the name of a month")
    start = datetime(int(month[:4]), int(month[5:]), 1, tzinfo=UTC)
    return start, (start + timedelta(days=31)).replace(day=1)


def months_ahead(now: datetime) -> Iterator[str]:
    """Yield the months that must have a key at a moment: this one, and those that begin soon."""
    month, until = month_of(now), now + AHEAD
    while bounds(month)[0] <= until:
        yield month
        month = month_of(bounds(month)[1])


def ended_before(month: str, now: datetime, months: int) -> bool:
    """Say whether a month ended at least so many months ago. Raises ValueError."""
    end, moment = bounds(month)[1], now.astimezone(UTC)
    return (moment.year - end.year) * 12 + moment.month - end.month >= months


PUBLIC_MONTHS = Published("ledger", bounds, MonthKeyRefused)
"""The public files of months, beside those of the intake."""


def load_month_key(public_keys_dir: Path, verify_key: bytes, now: datetime) -> PublicKey:
    """Return the public key of the month that a moment is in, verified. Raises MonthKeyRefused."""
    path = public_keys_dir / PUBLIC_MONTHS.name(month_of(now))
    return PUBLIC_MONTHS.read(path, verify_key, now)


def draw(key: PublicKey) -> ContentKey:
    """Draw a content key for a month, and seal it to the month's public key. Raises PublicKeyRefused."""
    drawn = new_secret()
    envelope = seal_to(key.public, drawn, _info(key.epoch))
    return ContentKey(id_of(key.epoch, envelope), key.epoch, drawn, envelope)


def open_envelope(seed: bytes, month: str, envelope: bytes) -> bytes:
    """Open what `draw` sealed. For who holds the month's private key. Raises Unsealable."""
    opened = open_with(seed, envelope, _info(month))
    if len(opened) != SECRET_BYTES:
        raise Unsealable
    return opened


def id_of(month: str, envelope: bytes) -> UUID:
    """Return the id of a content key, which commits to month and envelope: an event that names it names both."""
    return UUID(bytes=hashlib.sha256(b"paravent event key 1 " + month.encode() + b" " + envelope).digest()[:16])


def _info(month: str) -> bytes:
    return b"paravent ledger key 1 " + month.encode()
