"""The intake: what the patient zone seals to the clinic's key of the week and can never read back.

The public key of a week (ISO 8601, UTC) is a JSON file signed by Ed25519. The verifying key is pinned in the
settings of each process, so that who can write the file cannot put their own key in it.
"""

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from app.vault.hybrid import PUBLIC_BYTES, open_with, seal_to
from app.vault.sealing import decode_document, encode_document

OVERLAP = timedelta(days=3)
"""How long after its week a public key may still be used, should the worker be late with the next."""

_SUITE = "hpke-mlkem768-x25519-sha256-aes256gcm"
_SIGNED = b"paravent intake key 1\n"
_EPOCH = re.compile(r"\d{4}-W\d\d", re.ASCII)
_FIELDS = {"schema", "suite", "epoch", "valid_from", "valid_until", "public", "signature"}
_LARGEST = 1 << 16


class IntakeKeyRefused(Exception):
    """No intake key can be used: missing, altered, signed by another, or out of its dates."""


@dataclass(frozen=True, slots=True)
class IntakeKey:
    """A verified public key, and the week it is for (`2026-W47`)."""

    epoch: str
    public: bytes = field(repr=False)


def intake_epoch(now: datetime) -> str:
    """Return the name of the week that a moment is in."""
    year, week, _day = now.astimezone(UTC).isocalendar()
    return f"{year:04}-W{week:02}"


def validity(epoch: str) -> tuple[datetime, datetime]:
    """Return the first moment of a week and the last one its key may be used. Raises ValueError."""
    if not _EPOCH.fullmatch(epoch):
        raise ValueError("not the name of a week")
    start = datetime.fromisocalendar(int(epoch[:4]), int(epoch[6:]), 1).replace(tzinfo=UTC)
    return start, start + timedelta(days=7) + OVERLAP


def public_name(epoch: str) -> str:
    """Return the name of the public file of a week."""
    return f"intake-{epoch}.json"


def signed_document(epoch: str, public: bytes, signer: Ed25519PrivateKey) -> bytes:
    """Return the content of the public file of a week."""
    starts, ends = validity(epoch)
    document = {
        "schema": 1,
        "suite": _SUITE,
        "epoch": epoch,
        "valid_from": starts.isoformat(),
        "valid_until": ends.isoformat(),
        "public": base64.b64encode(public).decode(),
    }
    signature = signer.sign(_SIGNED + _canonical(document))
    return _canonical({**document, "signature": base64.b64encode(signature).decode()}) + b"\n"


def load_intake_key(public_keys_dir: Path, verify_key: bytes, now: datetime) -> IntakeKey:
    """Return the newest intake key whose week has begun, verified. Raises IntakeKeyRefused.

    An altered newest file is refused, not passed over for an older one.
    """
    wanted = public_name(intake_epoch(now))
    names = sorted((path.name for path in public_keys_dir.glob("intake-*.json")), reverse=True)
    usable = [name for name in names if name <= wanted]
    if not usable:
        raise IntakeKeyRefused("there is no intake key for this week")
    key, ends = _verified(public_keys_dir / usable[0], verify_key)
    if public_name(key.epoch) != usable[0]:
        raise IntakeKeyRefused("the intake key is for another week than its name says")
    if now > ends:
        raise IntakeKeyRefused("the intake key has expired")
    return key


def seal_for_intake(key: IntakeKey, document: Mapping[str, Any], submission: UUID) -> bytes:
    """Seal a document that carries its `schema` for the worker alone, bound to week and submission."""
    return seal_to(key.public, encode_document(document), _info(key.epoch, submission))


def open_from_intake(seed: bytes, epoch: str, sealed: bytes, submission: UUID) -> dict[str, Any]:
    """Open what `seal_for_intake` made. For the keystore, which holds the seed. Raises Unsealable."""
    return decode_document(open_with(seed, sealed, _info(epoch, submission)))


def _verified(path: Path, verify_key: bytes) -> tuple[IntakeKey, datetime]:
    """Check signature, form and dates of a public file; return its key and last moment."""
    document = _read(path)
    try:
        signature = base64.b64decode(document.pop("signature"), validate=True)
        Ed25519PublicKey.from_public_bytes(verify_key).verify(signature, _SIGNED + _canonical(document))
        public = base64.b64decode(document["public"], validate=True)
        starts, ends = validity(document["epoch"])
    except (InvalidSignature, ValueError, TypeError):
        raise IntakeKeyRefused("the intake key is altered or signed by another") from None
    said = (document["schema"], document["suite"], document["valid_from"], document["valid_until"], len(public))
    if said != (1, _SUITE, starts.isoformat(), ends.isoformat(), PUBLIC_BYTES):
        raise IntakeKeyRefused("the intake key is of another form")
    return IntakeKey(document["epoch"], public), ends


def _read(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            document = json.loads(file.read(_LARGEST))
    except (OSError, ValueError, RecursionError):
        raise IntakeKeyRefused("the intake key's file can't be read") from None
    if not isinstance(document, dict) or document.keys() != _FIELDS:
        raise IntakeKeyRefused("the intake key is of another form")
    return document


def _canonical(document: Mapping[str, Any]) -> bytes:
    return json.dumps(dict(document), sort_keys=True, separators=(",", ":")).encode("ascii")


def _info(epoch: str, submission: UUID) -> bytes:
    return b"paravent intake 1 " + epoch.encode("ascii") + b" " + submission.bytes
