"""Keys that live a day or a week, each in a file of the keystore's directory, wrapped under a silo key."""

import base64
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from app.vault.errors import KeystoreDamaged, KeystoreMissing
from app.vault.files import create_once, destroy, read_private, replace_existing
from app.vault.sealing import Unsealable, decode_document, encode_document, lock, unlock


@dataclass(frozen=True, slots=True)
class KeptKey:
    """A key read from its file, and when it was made."""

    key: bytes = field(repr=False)
    made_at: datetime


class KeyFiles:
    """The key files of one kind: `<kind>-<name>.key`, names matching one pattern and sorting by age.

    `former` are older versions of the wrapping silo key, which still open what they wrapped.
    """

    def __init__(
        self, directory: Path, kind: str, pattern: str, wrapping: bytes, former: Sequence[bytes] = ()
    ) -> None:
        self._directory = directory
        self._kind = kind
        self._pattern = re.compile(pattern, re.ASCII)
        self._wrapping = wrapping
        self._former = former

    def names(self) -> list[str]:
        """Return the names of the keys there are, oldest first."""
        found = (path.name for path in self._directory.glob(f"{self._kind}-*.key"))
        names = (name.removeprefix(f"{self._kind}-").removesuffix(".key") for name in found)
        return sorted(name for name in names if self._pattern.fullmatch(name))

    def make(self, name: str, key: bytes, now: datetime) -> bool:
        """Write a key unless its name is taken. Returns whether it was written."""
        kept = {"schema": 1, "key": base64.b64encode(key).decode("ascii"), "made_at": now.isoformat()}
        path = self._path(name)
        return create_once(path, lock(self._wrapping, encode_document(kept), bound_to(self._kind, name)))

    def read(self, name: str) -> KeptKey:
        """Read a key.

        Raises KeystoreMissing (never made, or destroyed), KeystoreUnreadable, KeystoreDamaged,
        KeystoreOpenToOthers.
        """
        if not self._pattern.fullmatch(name):
            raise KeystoreMissing("not the name of a key")
        wrapped, said = read_private(self._path(name)), bound_to(self._kind, name)
        try:
            kept = decode_document(unlock_by_any((self._wrapping, *self._former), wrapped, said))
            return KeptKey(base64.b64decode(kept["key"]), datetime.fromisoformat(kept["made_at"]))
        except (Unsealable, KeyError, TypeError, ValueError):
            raise KeystoreDamaged("a key file is damaged") from None

    def destroy(self, name: str) -> None:
        """Destroy a key; what it wrapped can't be opened any more."""
        destroy(self._path(name))

    def _path(self, name: str) -> Path:
        return self._directory / f"{self._kind}-{name}.key"


def rewrap(directory: Path, versions: Mapping[str, Sequence[bytes]]) -> tuple[int, int]:
    """Wrap key files under the newest version of the silo key that opens them.

    `versions` holds, for each kind of file, its silo key's versions, newest first. Returns how many were wrapped
    again, and how many open under none: those stay as they are. No process may destroy key files meanwhile: one
    would come back.
    """
    moved = lost = 0
    for kind, (newest, *former) in versions.items():
        for path in sorted(directory.glob(f"{kind}-*.key")):
            wrapped, said = read_private(path), bound_to(kind, path.stem.removeprefix(f"{kind}-"))
            if _opens(newest, wrapped, said):
                continue
            try:
                replace_existing(path, lock(newest, unlock_by_any(former, wrapped, said), said))
                moved += 1
            except Unsealable:
                lost += 1
            except FileNotFoundError:  # Destroyed since it was read: nothing to keep.
                continue
    return moved, lost


def unlock_by_any(keys: Iterable[bytes], sealed: bytes, associated: bytes) -> bytes:
    """Open what one of these keys locked. Raises Unsealable when none did."""
    for key in keys:
        try:
            return unlock(key, sealed, associated)
        except Unsealable:
            continue
    raise Unsealable


def bound_to(kind: str, name: str) -> bytes:
    """Return the associated data of a key file."""
    return f"paravent key file {kind} {name}".encode("ascii")


def _opens(key: bytes, wrapped: bytes, associated: bytes) -> bool:
    try:
        unlock(key, wrapped, associated)
    except Unsealable:
        return False
    return True
