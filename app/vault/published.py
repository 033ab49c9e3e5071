"""Public keys that who runs the keystore publishes: JSON files signed by Ed25519, each for a named span of time.

The verifying key is pinned in the settings of each process, so that who can write the files cannot put their own
key in one.
"""

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from app.vault.hybrid import PUBLIC_BYTES

_SUITE = "hpke-mlkem768-x25519-sha256-aes256gcm"
_FIELDS = {"schema", "suite", "epoch", "valid_from", "valid_until", "public", "signature"}
_LARGEST = 1 << 16


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A verified public key, and the span it is for (`2026-11-21T12`, `2026-11`)."""

    epoch: str
    public: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Published:
    """The public files of one kind: `<kind>-<epoch>.json`.

    `validity` gives the first and last moment of an epoch's key, and raises ValueError for what names none.
    `refused` is what is raised for a file that can't be used.
    """

    kind: str
    validity: Callable[[str], tuple[datetime, datetime]]
    refused: type[Exception]

    def name(self, epoch: str) -> str:
        """Return the name of an epoch's file."""
        return f"{self.kind}-{epoch}.json"

    def document(self, epoch: str, public: bytes, signer: Ed25519PrivateKey) -> bytes:
        """Return the content of an epoch's file. Raises ValueError."""
        starts, ends = self.validity(epoch)
        document = {
            "schema": 1,
            "suite": _SUITE,
            "epoch": epoch,
            "valid_from": starts.isoformat(),
            "valid_until": ends.isoformat(),
            "public": base64.b64encode(public).decode(),
        }
        signature = signer.sign(self._signed(document))
        return _canonical({**document, "signature": base64.b64encode(signature).decode()}) + b"\n"

    def read(self, path: Path, verify_key: bytes, now: datetime) -> PublicKey:
        """Read a file, check signature, form, name and last moment. Raises what `refused` names."""
        document = self._document(path)
        try:
            signature = base64.b64decode(document.pop("signature"), validate=True)
            Ed25519PublicKey.from_public_bytes(verify_key).verify(signature, self._signed(document))
            public = base64.b64decode(document["public"], validate=True)
            starts, ends = self.validity(document["epoch"])
        except (InvalidSignature, ValueError, TypeError):
            raise self.refused(f"the {self.kind} key is altered or signed by another") from None
        said = (document["schema"], document["suite"], document["valid_from"], document["valid_until"], len(public))
        if said != (1, _SUITE, starts.isoformat(), ends.isoformat(), PUBLIC_BYTES):
            raise self.refused(f"the {self.kind} key is of another form")
        if self.name(document["epoch"]) != path.name:
            raise self.refused(f"the {self.kind} key is for another time than its name says")
        if now > ends:
            raise self.refused(f"the {self.kind} key has expired")
        return PublicKey(document["epoch"], public)

    def _document(self, path: Path) -> dict[str, Any]:
        try:
            with path.open("rb") as file:
                document = json.loads(file.read(_LARGEST))
        except (OSError, ValueError, RecursionError):
            raise self.refused(f"the {self.kind} key's file can't be read") from None
        if not isinstance(document, dict) or document.keys() != _FIELDS:
            raise self.refused(f"the {self.kind} key is of another form")
        return document

    def _signed(self, document: Mapping[str, Any]) -> bytes:
        return f"paravent {self.kind} key 1\n".encode("ascii") + _canonical(document)


def _canonical(document: Mapping[str, Any]) -> bytes:
    return json.dumps(dict(document), sort_keys=True, separators=(",", ":")).encode("ascii")
