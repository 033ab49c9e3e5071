"""The intake: what the patient zone seals to the clinic's key of the half-day and can never read back.

The public key of a half-day (UTC) is a JSON file signed by Ed25519. The verifying key is pinned in the settings of
each process, so that who can write the file cannot put their own key in it. Installations of before had a key for
each week (ISO 8601, `2026-W47`): those that are left serve until they are replaced.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.vault.half_days import HALF_DAY, HALF_DAY_NAME, day_of, start_of
from app.vault.hybrid import open_with, seal_to
from app.vault.published import PublicKey, Published
from app.vault.sealing import decode_document, encode_document

OVERLAP = timedelta(days=3)
"""How long after its half-day a public key may still be used, should the worker be late with the next."""
INTAKE_NAME = rf"{HALF_DAY_NAME}|\d{{4}}-W\d\d"
"""What the name of an intake pair looks like; names of both kinds don't sort by age: see `by_age`."""

_WEEK = re.compile(r"\d{4}-W\d\d", re.ASCII)
_FILE = re.compile(rf"intake-({INTAKE_NAME})\.json", re.ASCII)


class IntakeKeyRefused(Exception):
    """No intake key can be used: missing, altered, signed by another, or out of its dates."""


IntakeKey = PublicKey
"""A verified public key, and the half-day it is for (`2026-11-21T12`)."""


def intake_epoch(now: datetime) -> str:
    """Return the name of the pair of the half-day that a moment is in."""
    return day_of(now)


def validity(epoch: str) -> tuple[datetime, datetime]:
    """Return the first moment of a half-day or week and the last one its key may be used.

    Raises ValueError, and OverflowError at the end of what Python has dates for.
    """
    if not _WEEK.fullmatch(epoch):
        start = start_of(epoch)
        return start, start + HALF_DAY + OVERLAP
    start = datetime.fromisocalendar(int(epoch[:4]), int(epoch[6:]), 1).replace(tzinfo=UTC)
    return start, start + timedelta(days=7) + OVERLAP


def by_age(epoch: str) -> tuple[datetime, bool]:
    """Return what pairs are sorted by, oldest first: when they begin, a week before its own first half-day.

    Raises as `validity` does.
    """
    return validity(epoch)[0], not _WEEK.fullmatch(epoch)


def is_epoch(name: str) -> bool:
    """Say whether a pair could have a name."""
    try:
        validity(name)
    except (ValueError, OverflowError):
        return False
    return True


_PUBLISHED = Published("intake", validity, IntakeKeyRefused)


def public_name(epoch: str) -> str:
    """Return the name of the public file of a pair."""
    return _PUBLISHED.name(epoch)


def signed_document(epoch: str, public: bytes, signer: Ed25519PrivateKey) -> bytes:
    """Return the content of the public file of a pair."""
    return _PUBLISHED.document(epoch, public, signer)


def load_intake_key(public_keys_dir: Path, verify_key: bytes, now: datetime) -> IntakeKey:
    """Return the newest intake key that has begun, verified. Raises IntakeKeyRefused.

    An altered newest file is refused, not passed over for an older one. To be called for each sending: a key is
    destroyed soon after the next one is there.
    """
    begun = [epoch for epoch in _published(public_keys_dir) if validity(epoch)[0] <= now]
    if not begun:
        raise IntakeKeyRefused("there is no intake key for this half-day, nor one of the days before")
    return _PUBLISHED.read(public_keys_dir / public_name(max(begun, key=by_age)), verify_key, now)


def seal_for_intake(key: IntakeKey, document: Mapping[str, Any], submission: UUID) -> bytes:
    """Seal a document that carries its `schema` for the worker alone, bound to half-day and submission."""
    return seal_to(key.public, encode_document(document), _info(key.epoch, submission))


def open_from_intake(seed: bytes, epoch: str, sealed: bytes, submission: UUID) -> dict[str, Any]:
    """Open what `seal_for_intake` made. For the keystore, which holds the seed. Raises Unsealable."""
    return decode_document(open_with(seed, sealed, _info(epoch, submission)))


def _info(epoch: str, submission: UUID) -> bytes:
    return b"paravent intake 1 " + epoch.encode("ascii") + b" " + submission.bytes


def _published(public_keys_dir: Path) -> Iterator[str]:
    """Yield the epochs that there are files for, by their names."""
    for path in public_keys_dir.glob("intake-*.json"):
        named = _FILE.fullmatch(path.name)
        if named and is_epoch(named[1]):
            yield named[1]
