"""`paravent ledger anchors` and `stamps`: notes as the locked bucket holds them, and what time stamps prove."""

import argparse
import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from app.cli.environment import settings_of
from app.config import SettingsError
from app.ledger.notes import NOTE, time_of
from app.worker.anchor_bucket import (
    NOTES,
    STAMPS,
    Bucket,
    BucketAway,
    BucketRefused,
    BucketUnlocked,
    Kind,
    file_name,
)
from app.worker.time_stamps import Authority, StampRefused, size_of, stamps_in


def add_to(actions: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declare the commands."""
    fetch = actions.add_parser("anchors", help="copy signed notes and time stamps out of the locked bucket")
    fetch.add_argument("folder", type=Path, help="a folder of your own; what it has already is not fetched again")
    fetch.add_argument("--since", type=_day, metavar="DAY", help="only what came on that day or later (2027-05-31)")
    fetch.set_defaults(act=_fetch)
    stamps = actions.add_parser("stamps", help="verify time stamps, and say what each proves")
    stamps.add_argument("--anchors", type=Path, help="folder of notes and stamps (default: this installation's)")
    stamps.set_defaults(act=_stamps)


def _day(given: str) -> datetime:
    return datetime.combine(datetime.fromisoformat(given).date(), datetime.min.time(), UTC)


def _fetch(arguments: argparse.Namespace, environ: Mapping[str, str]) -> int:
    settings = settings_of(environ)
    if settings.elsewhere.bucket is None:
        raise SettingsError(["PARAVENT_ANCHORS_S3 is missing: there is no bucket to copy from"])
    bucket, folder = Bucket(settings.elsewhere.bucket), arguments.folder
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        counts = [_copy(bucket, kind, folder, arguments.since) for kind in (NOTES, STAMPS)]
    except (BucketAway, BucketRefused, BucketUnlocked) as error:
        print(f"paravent: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"paravent: the copy can't be written: {error.strerror}. Name another folder.", file=sys.stderr)
        return 1
    (notes, large), (stamps, larger) = counts
    print(f"Copied to {folder}: {notes} notes, {stamps} time stamps that were not there yet.")
    return 1 if large or larger else 0


def _copy(bucket: Bucket, kind: Kind, folder: Path, since: datetime | None) -> tuple[int, int]:
    """Write each object to a file of its name, whole; return how many were new, how many too large to be ours."""
    done, large = 0, 0
    for size in bucket.sizes(kind, since):
        path = folder / file_name(kind, size)
        if path.exists():
            continue
        versions = list(dict.fromkeys(bucket.contents(kind, size)))
        if versions:
            _write_all(path, versions)
            done += 1
        else:
            print(f"paravent: {kind[0]}{path.name} is too large to be ours: it was not copied", file=sys.stderr)
            large += 1
    return done, large


def _write_all(path: Path, versions: Sequence[bytes]) -> None:
    """Write the oldest version under the name itself, and last: its file says that the object was copied.

    Versions that differ are all kept: somebody wrote over ours, and the verifier has to judge each.
    """
    for number, other in enumerate(reversed(versions[:-1]), 2):
        _write(path.with_name(f"{path.stem}.{number}{path.suffix}"), other)
    _write(path, versions[-1])


def _write(path: Path, content: bytes) -> None:
    """Write a file whole or not at all, for its owner alone."""
    beside = path.with_name(f"{path.name}.new")
    beside.unlink(missing_ok=True)
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
    beside.replace(path)


def _stamps(arguments: argparse.Namespace, environ: Mapping[str, str]) -> int:
    settings = settings_of(environ)
    if settings.elsewhere.authority is None:
        raise SettingsError(
            ["PARAVENT_TSA and PARAVENT_TSA_CA are missing: no authority of time stamps is trusted"]
        )
    authority, folder = Authority.of(settings.elsewhere.authority), arguments.anchors or settings.anchors
    notes, refused, count = _by_size(_notes_in(folder)), 0, 0
    for path in stamps_in(folder):
        said = _proven(authority, path, notes.get(size_of(path), ()))
        refused, count = refused + (said is None), count + 1
        print(f"{path.name}: {said or 'REFUSED: altered, of no note here, or not of the pinned authority'}")
    print(f"{count - refused} of {count} time stamps hold.")
    return 1 if refused or not count else 0


def _proven(authority: Authority, path: Path, notes: Iterable[bytes]) -> str | None:
    """Say what a stamp proves, of whichever note of its size it is of; None when it proves nothing."""
    answer = path.read_bytes()
    for note in notes:
        with suppress(StampRefused):
            at = time_of(authority.verify(answer, note))
            return f"a ledger of {size_of(path)} events was signed before {at}"
    return None


def _by_size(notes: Iterable[tuple[bytes, int]]) -> dict[int, list[bytes]]:
    """Return the notes of each size, each once: one, or more where a ledger was forked."""
    found: dict[int, list[bytes]] = {}
    for note, size in dict.fromkeys(notes):
        found.setdefault(size, []).append(note)
    return found


def _notes_in(folder: Path) -> Iterator[tuple[bytes, int]]:
    """Yield every note of a folder's files, as it was signed, with the size it tells."""
    return _found(path.read_text(encoding="utf-8", errors="replace") for path in sorted(folder.glob("*.notes")))


def _found(texts: Iterable[str]) -> Iterator[tuple[bytes, int]]:
    return ((found[0].encode(), int(found[2])) for text in texts for found in NOTE.finditer(text))
