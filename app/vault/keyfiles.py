"""Keys that live half a day or longer, each in a file of the keystore's directory, wrapped under a silo key."""

import base64
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from app.vault.errors import (
    KeystoreDamaged,
    KeystoreMissing,
    KeystoreOpenToOthers,
    KeystoreUnreadable,
    TokenAbsent,
)
from app.vault.files import alone_in, create_once, destroy, read_private, replace_existing
from app.vault.sealing import Unsealable, decode_document, encode_document, lock, unlock

Versions = Callable[[], Sequence[bytes]]
"""Returns the versions of a silo's key as they are now, newest first. Raises as `Holder.keys` does."""
_NO_HSM = "this key is kept by an HSM: give the PARAVENT_PKCS11 settings"


@dataclass(frozen=True, slots=True)
class KeptKey:
    """A key read from its file, and when it was made."""

    key: bytes = field(repr=False)
    made_at: datetime


class Token(Protocol):
    """An HSM that keeps a key for each key file, without which that opens nothing (app/vault/token_days.py)."""

    @property
    def keeps_new(self) -> bool:
        """Say whether keys made from now on are kept so."""

    def keep(self, name: str, key: bytes) -> Mapping[str, str]:
        """Wrap a key under a new one of the HSM; return what its file says instead. Raises KeystoreError."""

    def key_of(self, name: str, kept: Mapping[str, Any]) -> bytes:
        """Return a key that `keep` wrapped. Raises KeyError, TypeError, ValueError, KeystoreError."""

    def drop(self, name: str | None = None) -> None:
        """Forget what was opened for a name, whose file is gone, or for all."""

    def destroy(self, name: str, kept: Mapping[str, Any]) -> None:
        """Destroy what the HSM has for a file. Raises KeyError, TypeError, ValueError, KeystoreError."""


class KeyFiles:
    """The key files of one kind: `<kind>-<name>.key`, names matching one pattern and sorting by age.

    Each is wrapped under the newest version of a silo key; older versions open what they wrapped. Files are made,
    destroyed and wrapped again one at a time over all processes (`alone_in`), so that none is made under a version
    that is gone, and none comes back.
    """

    def __init__(
        self, directory: Path, kind: str, pattern: str, versions: Versions, token: Token | None = None
    ) -> None:
        self._directory = directory
        self._kind = kind
        self._pattern = re.compile(pattern, re.ASCII)
        self._versions = versions
        self._token = token

    def names(self) -> list[str]:
        """Return the names of the keys there are, oldest first."""
        found = (path.name for path in self._directory.glob(f"{self._kind}-*.key"))
        names = (name.removeprefix(f"{self._kind}-").removesuffix(".key") for name in found)
        return sorted(name for name in names if self._pattern.fullmatch(name))

    def make(self, name: str, key: bytes, now: datetime) -> bool:
        """Write a key unless its name is taken. Returns whether it was written. Raises KeystoreError."""
        path = self._path(name)
        with alone_in(self._directory):
            if path.exists():
                return False
            kept = self._kept(name, key) | {"made_at": now.isoformat()}
            return create_once(path, lock(self._versions()[0], encode_document(kept), bound_to(self._kind, name)))

    def read(self, name: str) -> KeptKey:
        """Read a key.

        Raises KeystoreMissing (never made, or destroyed), KeystoreUnreadable, KeystoreDamaged,
        KeystoreOpenToOthers, and where an HSM keeps the key, TokenAbsent, TokenKeyMissing, TokenLost.
        """
        if not self._pattern.fullmatch(name):
            raise KeystoreMissing("not the name of a key")
        try:
            kept = decode_document(self._unlocked(name))
            return KeptKey(self._key_in(name, kept), datetime.fromisoformat(kept["made_at"]))
        except (Unsealable, KeyError, TypeError, ValueError):
            raise KeystoreDamaged("a key file is damaged") from None

    def destroy(self, name: str) -> None:
        """Destroy a key; what it wrapped can't be opened any more. The HSM's part goes first, if the file has one.

        Raises TokenAbsent, TokenPinRefused, TokenLost, KeystoreDamaged (a file that may have one and can't be
        read): the file stays, to be destroyed at the next try.
        """
        with alone_in(self._directory):
            kept = self._in_token(name)
            if kept is not None:
                self._destroy_in_token(name, kept)
            destroy(self._path(name))

    def _in_token(self, name: str) -> Mapping[str, Any] | None:
        """Return what a file says of the HSM's part; a plain one has none. Raises KeystoreDamaged."""
        try:
            return decode_document(self._unlocked(name)).get("token")
        except KeystoreMissing:
            return None
        except (Unsealable, KeystoreUnreadable, KeystoreOpenToOthers):
            if self._token and self._token.keeps_new:
                raise KeystoreDamaged(
                    "a key file is damaged: put its copy back, so that the HSM's part goes too"
                ) from None
            return None

    def _destroy_in_token(self, name: str, kept: Mapping[str, Any]) -> None:
        if self._token is None:
            raise TokenAbsent(_NO_HSM)
        try:
            self._token.destroy(name, kept)
        except (KeyError, TypeError, ValueError):
            raise KeystoreDamaged("a key file is damaged") from None

    def _kept(self, name: str, key: bytes) -> dict[str, Any]:
        """Return what a file says of its key: the key itself, or how the HSM wrapped it."""
        if self._token and self._token.keeps_new:
            return {"schema": 2, "token": dict(self._token.keep(name, key))}
        return {"schema": 1, "key": base64.b64encode(key).decode("ascii")}

    def _key_in(self, name: str, kept: Mapping[str, Any]) -> bytes:
        if "token" not in kept:
            return base64.b64decode(kept["key"])
        if self._token is None:
            raise TokenAbsent(_NO_HSM)
        return self._token.key_of(name, kept["token"])

    def _unlocked(self, name: str) -> bytes:
        """Return the content of a file. One that was wrapped again while it was read is read once more.

        Raises Unsealable, KeystoreMissing, KeystoreUnreadable, KeystoreOpenToOthers.
        """
        said = bound_to(self._kind, name)
        try:
            return unlock_by_any(self._versions(), self._read(name), said)
        except Unsealable:
            wrapped = self._read(name)
            return unlock_by_any(self._versions(), wrapped, said)

    def _read(self, name: str) -> bytes:
        try:
            return read_private(self._path(name))
        except KeystoreMissing:
            if self._token:
                self._token.drop(name)
            raise

    def _path(self, name: str) -> Path:
        return self._directory / f"{self._kind}-{name}.key"


def rewrap(directory: Path, versions: Mapping[str, Sequence[bytes]]) -> tuple[int, int]:
    """Wrap key files under the newest version of the silo key that opens them.

    `versions` holds, for each kind of file, its silo key's versions, newest first. Returns how many were wrapped
    again, and how many open under none: those stay as they are. Other processes use, make and destroy key files
    meanwhile.
    """
    done: list[bool | None] = []
    for kind, keys in versions.items():
        for path in sorted(directory.glob(f"{kind}-*.key")):
            with alone_in(directory):
                done.append(_moved(path, keys, bound_to(kind, path.stem.removeprefix(f"{kind}-"))))
    return done.count(True), done.count(False)


def _moved(path: Path, keys: Sequence[bytes], said: bytes) -> bool | None:
    """Wrap a file under the newest key. Returns None when it is so already or is gone, False when none opens it."""
    newest, *former = keys
    try:
        wrapped = read_private(path)
        if _opens(newest, wrapped, said):
            return None
        replace_existing(path, lock(newest, unlock_by_any(former, wrapped, said), said))
    except (KeystoreMissing, FileNotFoundError):  # Destroyed since it was listed: nothing to keep.
        return None
    except Unsealable:
        return False
    return True


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
