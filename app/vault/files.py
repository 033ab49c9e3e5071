"""Key files: written whole or not at all, closed to other users, destroyed with care."""

import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path

from app.vault.errors import KeystoreMissing, KeystoreOpenToOthers

_LARGEST = 1 << 20
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def make_directory(path: Path) -> None:
    """Make a private directory (0700), or close one that is there already."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.chmod(0o700)


def create_once(path: Path, content: bytes) -> bool:
    """Write a private file unless it exists; of two processes that try, one wins. Returns whether this one did."""
    temporary = _write_aside(path, content, 0o600)
    try:
        os.link(temporary, path)
    except FileExistsError:
        return False
    finally:
        temporary.unlink()
        _sync_directory(path.parent)
    return True


def replace_public(path: Path, content: bytes) -> None:
    """Write a file that every process may read (0644), in one step."""
    path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    os.replace(_write_aside(path, content, 0o644), path)
    _sync_directory(path.parent)


def read_private(path: Path) -> bytes:
    """Read a private file. Raises KeystoreMissing, and KeystoreOpenToOthers when its mode is loose."""
    try:
        with path.open("rb") as file:
            if stat.S_IMODE(os.fstat(file.fileno()).st_mode) & _OTHERS:
                raise KeystoreOpenToOthers("a key file is open to other users: chmod 600 it")
            return file.read(_LARGEST)
    except OSError:
        raise KeystoreMissing("a key file can't be read") from None


def check_directory(path: Path) -> None:
    """Raise KeystoreMissing or KeystoreOpenToOthers unless a directory is there and private."""
    try:
        mode = path.stat().st_mode
    except OSError:
        raise KeystoreMissing("the keystore's directory can't be read") from None
    if not stat.S_ISDIR(mode):
        raise KeystoreMissing("the keystore's directory is not a directory")
    if stat.S_IMODE(mode) & _OTHERS:
        raise KeystoreOpenToOthers("the keystore's directory is open to other users: chmod 700 it")


def destroy(path: Path) -> None:
    """Overwrite and remove a file. On a disk that copies on write the overwriting is only a best effort."""
    with suppress(FileNotFoundError):
        with path.open("r+b", buffering=0) as file:
            file.write(os.urandom(path.stat().st_size))
            os.fsync(file.fileno())
        path.unlink()
        _sync_directory(path.parent)


def _write_aside(path: Path, content: bytes, mode: int) -> Path:
    """Write content durably to a new file beside its destination."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(file.fileno(), mode)
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    return temporary


def _sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
