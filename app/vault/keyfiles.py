"""Keys that live a day or a week, each in a file of the keystore's directory, wrapped under a silo key."""

import base64
import re
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from app.vault.errors import KeystoreDamaged, KeystoreMissing
from app.vault.files import create_once, destroy, read_private
from app.vault.sealing import Unsealable, decode_document, encode_document, lock, unlock


@dataclass(frozen=True, slots=True)
class KeptKey:
    """A key read from its file, and when it was made."""

    key: bytes = field(repr=False)
    made_at: datetime


class KeyFiles:
    """The key files of one kind: `<kind>-<name>.key`, names matching one pattern and sorting by age."""

    def __init__(self, directory: Path, kind: str, pattern: str, wrapping: bytes) -> None:
        self._directory = directory
        self._kind = kind
        self._pattern = re.compile(pattern, re.ASCII)
        self._wrapping = wrapping

    def names(self) -> list[str]:
        """Return the names of the keys there are, oldest first."""
        found = (path.name for path in self._directory.glob(f"{self._kind}-*.key"))
        names = (name.removeprefix(f"{self._kind}-").removesuffix(".key") for name in found)
        return sorted(name for name in names if self._pattern.fullmatch(name))

    def make(self, name: str, key: bytes, now: datetime) -> bool:
        """Write a key unless its name is taken. Returns whether it was written."""
        kept = {"schema": 1, "key": base64.b64encode(key).decode("ascii"), "made_at": now.isoformat()}
        path = self._path(name)
        return create_once(path, lock(self._wrapping, encode_document(kept), self._bound_to(name)))

    def read(self, name: str) -> KeptKey:
        """Read a key. Raises KeystoreMissing (never made, or destroyed), KeystoreDamaged, KeystoreOpenToOthers."""
        if not self._pattern.fullmatch(name):
            raise KeystoreMissing("not the name of a key")
        try:
            kept = decode_document(unlock(self._wrapping, read_private(self._path(name)), self._bound_to(name)))
            return KeptKey(base64.b64decode(kept["key"]), datetime.fromisoformat(kept["made_at"]))
        except (Unsealable, KeyError, TypeError, ValueError):
            raise KeystoreDamaged("a key file is damaged") from None

    def destroy(self, name: str) -> None:
        """Destroy a key; what it wrapped can't be opened any more."""
        destroy(self._path(name))

    def _path(self, name: str) -> Path:
        return self._directory / f"{self._kind}-{name}.key"

    def _bound_to(self, name: str) -> bytes:
        return f"paravent key file {self._kind} {name}".encode("ascii")
