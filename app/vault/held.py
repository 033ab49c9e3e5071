"""The keys that a process holds while it runs: read again when the root file changes, dropped when it is sealed.

Two files are looked at before each use of a key, neither of them read. `sealed` is a stop button: its presence
makes every process drop what it holds and refuse. It is no lock: who can write in the folder can lift it.
`changing` keeps two commands from wrapping key files again at once; processes go on meanwhile, since former
versions of a silo key open what is not wrapped again yet (app/vault/keyfiles.py).
"""

import os
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.vault.errors import (
    KeystoreChanged,
    KeystoreDamaged,
    KeystoreMissing,
    KeystoreOutdated,
    KeystoreSealed,
    KeystoreUnreadable,
)
from app.vault.files import create_once, destroy
from app.vault.half_days import HALF_DAY_NAME
from app.vault.intake import INTAKE_NAME
from app.vault.keyfiles import KeyFiles, Token
from app.vault.root import ROOT_FILE, Root, open_root
from app.vault.unlock import Unlock

SEAL_FILE, CHANGE_FILE = "sealed", "changing"

_Stamp = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class HeldKeys:
    """What an opened keystore keeps in memory, and which state of the root file it is from."""

    root: Root = field(repr=False)
    signer: Ed25519PrivateKey = field(repr=False)
    epochs: KeyFiles
    intakes: KeyFiles
    stamp: _Stamp


class Holder:
    """Gives the keys, as long as they may be used. `heeds_seal` is false for the commands that manage them."""

    def __init__(self, directory: Path, unlock_with: Unlock, *, heeds_seal: bool = True) -> None:
        self._directory, self._unlock_with, self._heeds_seal = directory, unlock_with, heeds_seal
        self._file, self._seal = directory / ROOT_FILE, str(directory / SEAL_FILE)
        self._token = _token_of(unlock_with)
        self._held: HeldKeys | None = None
        self._was_open = False
        self._opening = threading.Lock()

    def keys(self) -> HeldKeys:
        """Return the keys in force.

        Raises KeystoreSealed, and when the root file is new or was changed as `open_root` does: a process whose
        lock was removed, or whose HSM is away at that moment, has no keys until that is mended. A root file that
        was there and is not is KeystoreUnreadable: of a folder out of reach no key can be said to be destroyed.
        """
        if self._heeds_seal and os.path.exists(self._seal):
            self._held = None
            if self._token:
                self._token.drop()
            raise KeystoreSealed("the keystore is sealed: `paravent keys unseal` lets its keys be used again")
        held, stamp = self._held, self._stamp()
        if held is not None and held.stamp == stamp:
            return held
        with self._opening:
            held = self._held
            if held is None or held.stamp != stamp:
                self._held = None
                held = self._held = self._opened()
                self._was_open = True
            return held

    def _opened(self) -> HeldKeys:
        """Open the root file; one that was replaced while it was read is read again. Raises as `open_root` does."""
        stamp = self._stamp()
        while True:
            try:
                root = open_root(self._directory, self._unlock_with)
                break
            except (KeystoreDamaged, KeystoreOutdated):
                before, stamp = stamp, self._stamp()
                if before == stamp:
                    raise
        return HeldKeys(
            root,
            Ed25519PrivateKey.from_private_bytes(root.signing_seed),
            KeyFiles(self._directory, "epoch", HALF_DAY_NAME, self._versions("keys"), self._token),
            KeyFiles(self._directory, "intake", INTAKE_NAME, self._versions("intake")),
            stamp,
        )

    def _versions(self, name: str) -> Callable[[], Sequence[bytes]]:
        return lambda: self.keys().root.versions(name)

    def _stamp(self) -> _Stamp:
        try:
            found = self._file.stat()
        except OSError as fault:
            absent = isinstance(fault, FileNotFoundError | NotADirectoryError) and not self._was_open
            kind = KeystoreMissing if absent else KeystoreUnreadable
            raise kind("keystore.json can't be reached: put it back, or mend its disk") from None
        return found.st_mtime_ns, found.st_ino, found.st_size


def is_sealed(directory: Path) -> bool:
    """Say whether somebody sealed a keystore."""
    return (directory / SEAL_FILE).exists()


def is_changing(directory: Path) -> bool:
    """Say whether a command is wrapping key files again, or was killed while it did."""
    return (directory / CHANGE_FILE).exists()


def seal_keystore(directory: Path) -> bool:
    """Seal a keystore. Returns whether it was not already. Raises KeystoreMissing."""
    try:
        return create_once(directory / SEAL_FILE, b"")
    except OSError:
        raise KeystoreMissing("the keystore's folder can't be written: stop the processes instead") from None


def unseal_keystore(directory: Path) -> None:
    """Let a keystore's keys be used again, after a command that was killed too."""
    destroy(directory / SEAL_FILE)
    destroy(directory / CHANGE_FILE)


def begin_change(directory: Path) -> None:
    """Keep other commands from changing silo keys. Raises KeystoreChanged."""
    if not create_once(directory / CHANGE_FILE, b""):
        raise KeystoreChanged(
            "another command is changing the keystore, or was killed while it did: `paravent keys unseal` if so"
        )


def end_change(directory: Path) -> None:
    """End what `begin_change` began; what somebody sealed meanwhile stays sealed."""
    destroy(directory / CHANGE_FILE)


def _token_of(unlock_with: Unlock) -> Token | None:
    """Return the HSM that keeps keys of days, if one was given."""
    if unlock_with.token is None:
        return None
    from app.vault.token_days import TokenDays  # Here, so that what has no HSM never loads its library.

    return TokenDays(unlock_with.token)
