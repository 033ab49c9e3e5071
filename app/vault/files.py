"""Key files: written whole or not at all, closed to other users, destroyed with care."""

import fcntl
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from app.vault.errors import KeystoreMissing, KeystoreOpenToOthers, KeystoreUnreadable

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
    _put(path, content, 0o644)


def replace_private(path: Path, content: bytes) -> None:
    """Write a private file (0600) in one step over the one that is there, if any, whose bytes are then overwritten.

    What a killed process left beside it goes too. On a disk that copies on write the overwriting is only a best
    effort.
    """
    if path.exists():
        replace_existing(path, content)
        return
    _put(path, content, 0o600)
    _destroy_left_beside(path)


def replace_existing(path: Path, content: bytes) -> None:
    """Do as `replace_private` over a file that must be there. Raises FileNotFoundError."""
    with path.open("r+b", buffering=0) as former:
        _put(path, content, 0o600)
        former.write(os.urandom(os.fstat(former.fileno()).st_size))
        os.fsync(former.fileno())
    _destroy_left_beside(path)


def replace_directory(path: Path, temporary: Path) -> None:
    """Give a private directory whose files were written its name, in one step. Raises OSError when it is taken."""
    for each in (*(one for one in temporary.iterdir() if one.is_dir()), temporary):
        _sync_directory(each)
    os.replace(temporary, path)
    _sync_directory(path.parent)


def destroy_directory(path: Path) -> None:
    """Overwrite and remove every file of a directory and of those in it, as `destroy` does, then the directory."""
    for each in path.iterdir():
        if each.is_symlink():
            each.unlink()
        elif each.is_dir():
            destroy_directory(each)
        else:
            _destroy_one(each)
    path.rmdir()
    _sync_directory(path.parent)


@contextmanager
def alone_in(directory: Path) -> Iterator[None]:
    """Keep every other process that asks for the same out of a directory for a while (flock(2)).

    Raises KeystoreMissing, KeystoreOpenToOthers, KeystoreUnreadable.
    """
    check_directory(directory)
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def read_private(path: Path) -> bytes:
    """Read a private file.

    Raises KeystoreMissing when it is not there, KeystoreUnreadable when that can't be told or it can't be read,
    and KeystoreOpenToOthers when its mode is loose.
    """
    try:
        with path.open("rb") as file:
            if stat.S_IMODE(os.fstat(file.fileno()).st_mode) & _OTHERS:
                raise KeystoreOpenToOthers("a key file is open to other users: chmod 600 it")
            return file.read(_LARGEST)
    except FileNotFoundError:
        raise KeystoreMissing("a key file is not there") from None
    except OSError:
        raise KeystoreUnreadable("a key file can't be read: mend its disk or its rights") from None


def check_directory(path: Path) -> None:
    """Raise KeystoreMissing, KeystoreUnreadable or KeystoreOpenToOthers unless a directory is there and private."""
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        raise KeystoreMissing("the keystore's directory is not there") from None
    except OSError:
        raise KeystoreUnreadable("the keystore's directory can't be read: mend its disk or its rights") from None
    if not stat.S_ISDIR(mode):
        raise KeystoreMissing("the keystore's directory is not a directory")
    if stat.S_IMODE(mode) & _OTHERS:
        raise KeystoreOpenToOthers("the keystore's directory is open to other users: chmod 700 it")


def destroy(path: Path) -> None:
    """Overwrite and remove a file, and what a killed process left of it beside.

    On a disk that copies on write the overwriting is only a best effort.
    """
    _destroy_one(path)
    _destroy_left_beside(path)


def _destroy_left_beside(path: Path) -> None:
    """Destroy what `_write_aside` wrote for a file and a killed process left.

    An empty one holds nothing, and may be a seal that another process is just making: it stays.
    """
    with suppress(FileNotFoundError):
        for left in path.parent.iterdir():
            if left.name.startswith(f".{path.name}.") and left.stat().st_size:
                _destroy_one(left)


def _destroy_one(path: Path) -> None:
    with suppress(FileNotFoundError):
        with path.open("r+b", buffering=0) as file:
            file.write(os.urandom(path.stat().st_size))
            os.fsync(file.fileno())
        path.unlink()
        _sync_directory(path.parent)


def _put(path: Path, content: bytes, mode: int) -> None:
    """Write content durably in the place of a file."""
    os.replace(_write_aside(path, content, mode), path)
    _sync_directory(path.parent)


def _write_aside(path: Path, content: bytes, mode: int) -> Path:
    """Write content durably to a new file beside its destination, which a fault leaves nothing of."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(file.fileno(), mode)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        temporary.unlink()
        raise
    return temporary


def _sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
