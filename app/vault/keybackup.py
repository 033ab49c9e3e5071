"""Copies of the keystore and of the keys silo: how one is laid out, told from a broken one, aged and destroyed.

A copy is a folder named by its time: `keystore/` as it was, with the mark that seals it and the one that says that
it was restored; the silo's rows as lines of JSON; last, `manifest.json`. Without a manifest a folder is no copy.
"""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from app.vault.backup_errors import BackupDamaged, BackupOfAnotherRelease, BackupUnwritten
from app.vault.errors import KeystoreMissing, KeystoreUnreadable
from app.vault.files import (
    create_once,
    destroy,
    destroy_directory,
    make_directory,
    read_private,
    replace_directory,
    replace_private,
)
from app.vault.held import SEAL_FILE
from app.vault.root import NEWEST_FILE, ROOT_FILE

KEYSTORE, MANIFEST_FILE, RESTORED_FILE = "keystore", "manifest.json", "restored"
ROWS = "rows-*.jsonl"
SCHEMA = 1
NEXT = timedelta(hours=25)
"""When the next copy is made, a day later: none may be past its days before."""
_NAME = "%Y-%m-%dT%H%M%SZ"
_NAMED = re.compile(r"\d{4}-\d\d-\d\dT\d{6}Z", re.ASCII)
_PART = re.compile(rf"\.{_NAMED.pattern}\.part", re.ASCII)


@dataclass(frozen=True, slots=True)
class Restored:
    """The mark of a keystore that is a copy: when it was made, how long the ledger was then.

    `whole` is false while the copy is being put in place.
    """

    made_at: datetime
    ledger_size: int
    whole: bool = True


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a copy says of itself. `revision` is the keys silo's, None where it has none; `files` are SHA-256."""

    made_at: datetime
    release: str
    revision: str | None
    verify_key: str
    ledger_size: int
    files: Mapping[str, str]

    @property
    def mark(self) -> Restored:
        """Return the mark that a keystore restored from this copy carries."""
        return Restored(self.made_at, self.ledger_size)

    @property
    def rows(self) -> list[str]:
        """Return the names of the files of rows, in order."""
        return sorted(name for name in self.files if "/" not in name)

    @property
    def keystore(self) -> dict[str, str]:
        """Return the keystore's files, by their own name, the root file last: without it, there is no keystore."""
        names = [name for name in self.files if name.startswith(f"{KEYSTORE}/")]
        bare = sorted((name.partition("/")[2] for name in names), key=lambda name: (name == ROOT_FILE, name))
        return {name: f"{KEYSTORE}/{name}" for name in bare if name not in (SEAL_FILE, RESTORED_FILE)}


class Writing:
    """A copy that is being written: each file durable before the next, the manifest last."""

    def __init__(self, part: Path, manifest: Manifest) -> None:
        self._part, self.manifest = part, manifest
        make_directory(part / KEYSTORE)
        self.add(f"{KEYSTORE}/{SEAL_FILE}", b"")
        self.add(f"{KEYSTORE}/{RESTORED_FILE}", _marked(manifest.mark))

    def add(self, name: str, content: bytes) -> None:
        """Write a file and note its digest. Raises OSError."""
        create_once(self._part / name, content)
        files = {**self.manifest.files, name: hashlib.sha256(content).hexdigest()}
        self.manifest = replace(self.manifest, files=files)

    def end(self, path: Path) -> None:
        """Write the manifest, and give the copy its name. Raises OSError."""
        create_once(self._part / MANIFEST_FILE, _written(self.manifest))
        replace_directory(path, self._part)


@contextmanager
def writing(folder: Path, manifest: Manifest) -> Iterator[Writing]:
    """Write a copy beside the others; what fails leaves nothing of it. Raises BackupUnwritten."""
    part = folder / f".{name_of(manifest.made_at)}.part"
    try:
        make_directory(part)
        yield Writing(part, manifest)
    except OSError as fault:
        raise BackupUnwritten(
            f"the copy can't be written ({fault.strerror}): nothing of it is left, the older ones are untouched. "
            "Make room in its folder, or mend its rights, and run the command again"
        ) from None
    finally:
        if part.exists():
            destroy_directory(part)


def name_of(made_at: datetime) -> str:
    """Return the name of a copy made at a moment."""
    return made_at.astimezone(UTC).strftime(_NAME)


def time_of(copy: Path) -> datetime:
    """Return when a copy was made, by its name. Raises ValueError."""
    return datetime.strptime(copy.name, _NAME).replace(tzinfo=UTC)


def copies_in(folder: Path) -> list[Path]:
    """Return the whole copies of a folder, oldest first."""
    named = [path for path in folder.iterdir() if _NAMED.fullmatch(path.name)]
    return sorted(path for path in named if (path / MANIFEST_FILE).exists())


def outdated(copies: Sequence[Path], now: datetime, days: int) -> list[Path]:
    """Return the copies that would be older than so many days when the next is made, never the newest one."""
    return [path for path in sorted(copies)[:-1] if time_of(path) < now + NEXT - timedelta(days=days)]


def destroy_copy(copy: Path) -> None:
    """Destroy a copy, its manifest first: one that was half destroyed is no copy any more. Raises OSError."""
    destroy(copy / MANIFEST_FILE)
    destroy_directory(copy)


def destroy_broken(folder: Path) -> int:
    """Destroy what a killed command left of copies; return how many. Raises OSError."""
    broken = [
        path
        for path in folder.iterdir()
        if _PART.fullmatch(path.name) or (_NAMED.fullmatch(path.name) and not (path / MANIFEST_FILE).exists())
    ]
    for path in broken:
        destroy_directory(path)
    return len(broken)


def keystore_files(directory: Path) -> dict[str, bytes]:
    """Return what is copied of a keystore's folder: root file, number of its last change, key files.

    Call it alone in the folder (`app.vault.files.alone_in`). Raises KeystoreMissing, KeystoreUnreadable,
    KeystoreOpenToOthers.
    """
    wanted = [directory / ROOT_FILE, directory / NEWEST_FILE, *sorted(directory.glob("*-*.key"))]
    return {path.name: read_private(path) for path in wanted if path.name != NEWEST_FILE or path.exists()}


def read_manifest(copy: Path) -> Manifest:
    """Read what a copy says of itself.

    Raises KeystoreMissing, BackupDamaged, BackupOfAnotherRelease, KeystoreOpenToOthers, KeystoreUnreadable.
    """
    try:
        document = json.loads(read_private(copy / MANIFEST_FILE))
        digest, schema = document.pop("digest"), document.pop("schema")
        if schema != SCHEMA:
            raise BackupOfAnotherRelease(
                "this copy has a form that this release does not know: use its own release"
            )
        if _digest(document) != digest:
            raise ValueError
        made_at = datetime.fromisoformat(document.pop("made_at"))
        return Manifest(made_at=made_at, **document)
    except KeystoreMissing:
        raise KeystoreMissing(
            "there is no copy in this folder, or one that was never finished: name a folder with a manifest.json"
        ) from None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise _damaged(MANIFEST_FILE) from None


def read_file(copy: Path, manifest: Manifest, name: str) -> bytes:
    """Read a file of a copy, compared with its digest. Raises BackupDamaged, KeystoreOpenToOthers."""
    try:
        content = read_private(copy / name)
    except (KeystoreMissing, KeystoreUnreadable):
        raise _damaged(name) from None
    if hashlib.sha256(content).hexdigest() != manifest.files[name]:
        raise _damaged(name)
    return content


def mark_restored(directory: Path, mark: Restored) -> None:
    """Mark a keystore as one that was restored, and must be replayed before it opens."""
    replace_private(directory / RESTORED_FILE, _marked(mark))


def restored_mark(directory: Path) -> Restored | None:
    """Return the mark of a keystore that was restored and not replayed since. Raises BackupDamaged."""
    try:
        said = json.loads(read_private(directory / RESTORED_FILE))
        return Restored(datetime.fromisoformat(said["made_at"]), int(said["ledger_size"]), said["whole"] is True)
    except KeystoreMissing:
        return None
    except (ValueError, KeyError, TypeError):
        raise BackupDamaged(
            "the mark `restored` of the keystore's folder can't be read: restore the copy again"
        ) from None


def unmark_restored(directory: Path) -> None:
    """Take the mark away, once everything was replayed."""
    destroy(directory / RESTORED_FILE)


def _marked(mark: Restored) -> bytes:
    said = {"schema": 1, "made_at": mark.made_at.isoformat(), "ledger_size": mark.ledger_size, "whole": mark.whole}
    return json.dumps(said).encode("ascii") + b"\n"


def _written(manifest: Manifest) -> bytes:
    document: dict[str, Any] = {
        "made_at": manifest.made_at.isoformat(),
        "release": manifest.release,
        "revision": manifest.revision,
        "verify_key": manifest.verify_key,
        "ledger_size": manifest.ledger_size,
        "files": dict(manifest.files),
    }
    document |= {"digest": _digest(document), "schema": SCHEMA}
    return json.dumps(document, indent=1).encode("ascii") + b"\n"


def _digest(document: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(dict(document), sort_keys=True).encode("ascii")).hexdigest()


def _damaged(name: str) -> BackupDamaged:
    return BackupDamaged(f"{name} of this copy is missing, cut or altered: use another copy; nothing was changed")
