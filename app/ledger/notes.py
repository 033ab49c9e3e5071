"""Checkpoints as signed notes: the text that the ledger's key signs, as C2SP's tlog-checkpoint and signed-note say.

- `paravent-ledger`: the origin, the same everywhere; it says nothing of the clinic
- `300`: how many events
- `kx0…=`: the tree's root, in base64
- `at 2026-11-22T03:09:20.000000+00:00 after 290`: an extension line; when, and the size of the checkpoint before
- a blank line; what stands above it is signed
- `— paravent-ledger mEo…=`: base64 of the key's id (4 bytes) and of the Ed25519 signature (64)
"""

import base64
import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

ORIGIN = "paravent-ledger"
NOTE = re.compile(
    rf"({ORIGIN}\n(0|[1-9]\d*)\n([A-Za-z0-9+/]{{43}}=)\nat (\S{{32}}) after (0|[1-9]\d*)\n)"
    rf"\n\N{{EM DASH}} {ORIGIN} ([A-Za-z0-9+/]{{91}}=)\n",
    re.ASCII,
)
"""A whole note. Groups: the signed text, size, root, time, size before, signature with the key's id."""
_ED25519 = b"\x01"
_ID_BYTES = 4


class NoteRefused(Exception):
    """A note of another form, or not signed by the ledger's key."""


@dataclass(frozen=True, slots=True)
class Head:
    """What a checkpoint says: this many events, under this root, at this time, after a checkpoint of that size."""

    size: int
    root: bytes
    at: datetime
    after: int


def signed_note(head: Head, signer: Ed25519PrivateKey) -> str:
    """Return the note of a checkpoint, signed."""
    root = base64.b64encode(head.root).decode("ascii")
    text = f"{ORIGIN}\n{head.size}\n{root}\nat {time_of(head.at)} after {head.after}\n"
    signature = key_id(signer.public_key()) + signer.sign(text.encode("ascii"))
    return f"{text}\n\N{EM DASH} {ORIGIN} {base64.b64encode(signature).decode('ascii')}\n"


def read_note(note: str, trusted: Ed25519PublicKey) -> Head:
    """Return what a note says, once its signature is verified. Raises NoteRefused."""
    found = NOTE.fullmatch(note)
    if found is None:
        raise NoteRefused("a checkpoint's note is of another form")
    text, size, root, at, after, signature = found.groups()
    signed = base64.b64decode(signature)
    if signed[:_ID_BYTES] != key_id(trusted) or base64.b64encode(signed).decode("ascii") != signature:
        raise NoteRefused("a checkpoint's note names another key")
    try:
        trusted.verify(signed[_ID_BYTES:], text.encode("ascii"))
        return Head(int(size), base64.b64decode(root), datetime.fromisoformat(at), int(after))
    except (InvalidSignature, ValueError):
        raise NoteRefused("a checkpoint's note is not signed by the ledger's key") from None


def key_id(public: Ed25519PublicKey) -> bytes:
    """Return the 4 bytes by which a signed note names its key."""
    name = ORIGIN.encode("ascii")
    return hashlib.sha256(name + b"\n" + _ED25519 + public.public_bytes_raw()).digest()[:_ID_BYTES]


def time_of(at: datetime) -> str:
    """Write a moment as payloads and notes do: ISO 8601 in UTC, with microseconds."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")
