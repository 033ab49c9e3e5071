"""`paravent keys backup`: a copy of the keystore and of the keys silo, apart from every other, and not for ever."""

import tomllib
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import make_url

from app.cli import silos
from app.cli.keys_table import Table, note
from app.config import ROOT, Settings
from app.ledger.sequence import newest_checkpoint
from app.vault.backup_errors import BackupFolderRefused, BackupUnsteady, NotYetReplayed
from app.vault.errors import KeystoreMissing, KeystoreOpenToOthers
from app.vault.files import alone_in, check_directory
from app.vault.keybackup import (
    KEYSTORE,
    Manifest,
    Writing,
    copies_in,
    destroy_broken,
    destroy_copy,
    keystore_files,
    name_of,
    outdated,
    restored_mark,
    writing,
)
from app.vault.keyrows import files_of_rows, hold_snapshot, key_files_named
from app.vault.root import read_head

_TRIES = 5


def back_up(table: Table, folder: Path | None = None, *, dry_run: bool = False) -> int:
    """Copy keystore and keys silo into a new folder of a folder, then destroy the copies that are past their days.

    Raises BackupFolderRefused, BackupUnwritten, BackupUnsteady, NotYetReplayed, KeystoreError, SiloUnavailable.
    """
    started, into = table.clock(), checked_folder(table.settings, folder or table.settings.keystore_backups)
    if restored_mark(table.directory):
        raise NotYetReplayed(
            "this keystore was restored: `paravent keys unseal` first, so that no copy of it is old"
        )
    days = table.settings.keystore_backup_days
    with alone_in(into):
        if dry_run:
            old = len(outdated([*copies_in(into), into / name_of(started)], started, days))
            table.terminal.say(
                f"Would make a copy and destroy {old} that would outlive {days} days. Nothing was changed."
            )
            return 0
        broken = destroy_broken(into)
        made, lacking = _made(table, into)
        old_ones = outdated(copies_in(into), table.clock(), days)
        for copy in old_ones:
            destroy_copy(copy)
    seconds = (table.clock() - started).total_seconds()
    table.terminal.say(
        f"Copied to {made.name} in {seconds:.1f} s. Destroyed: {len(old_ones)} that would outlive {days} days."
    )
    if table.settings.token and table.settings.token.keeps_days:
        table.terminal.say(
            "KEYS OF HALF-DAYS ARE IN THE HSM: IN ABOUT 12 HOURS THIS COPY RESTORES NO SECRET, whoever opens it. "
            "Have the HSM replicated or backed up by its own means."
        )
    if broken:
        table.terminal.say(f"Destroyed what {broken} interrupted command(s) had left.")
    for name in sorted(lacking):
        table.terminal.say(
            f"ROWS NEED {name}, WHICH THE KEYSTORE DOES NOT HAVE: `paravent keys status` counts them."
        )
    return 0


def checked_folder(settings: Settings, folder: Path | None) -> Path:
    """Return the folder for copies, which no other copies take along. Raises BackupFolderRefused."""
    if folder is None:
        raise BackupFolderRefused("name a folder for the copies, or set PARAVENT_KEYSTORE_BACKUPS")
    into = folder.resolve()
    for place in _elsewhere(settings):
        if into.is_relative_to(place) or place.is_relative_to(into):
            raise BackupFolderRefused(
                f"copies of the keystore can't go where {place} is: what copies that would keep them for ever. "
                "Name a folder of their own, on another disk"
            )
    try:
        check_directory(into)
    except KeystoreMissing:
        raise BackupFolderRefused(f"there is no such folder: is its disk there? mkdir -m 700 {into}") from None
    except KeystoreOpenToOthers:
        raise BackupFolderRefused(f"other users can enter the folder of copies: chmod 700 {into}") from None
    if into.stat().st_uid != settings.keystore.stat().st_uid:
        raise BackupFolderRefused(f"the folder of copies must belong to the keystore's owner: chown {into}")
    return into


def release() -> str:
    """Return the number of this release."""
    said = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return str(said["project"]["version"])


def _elsewhere(settings: Settings) -> Iterator[Path]:
    """Yield the places that copies of the keystore must stay out of."""
    yield from (
        place.resolve() for place in (settings.keystore, settings.anchors, settings.public_keys, settings.var)
    )
    for url in settings.databases.values():
        file = make_url(url).database if url.startswith("sqlite") else None
        if file:
            yield Path(file).resolve().parent


def _made(table: Table, into: Path) -> tuple[Path, set[str]]:
    """Make a copy; return it, and the key files that rows need and the keystore lacks."""
    with table.db.reading("ledger") as session:
        newest = newest_checkpoint(session)
    manifest = Manifest(
        made_at=table.clock(),
        release=release(),
        revision=silos.current(table.db, "keys"),
        verify_key=table.settings.verify_key.hex(),
        ledger_size=newest.size if newest else 0,
        files={},
    )
    path = into / name_of(manifest.made_at)
    with writing(into, manifest) as copy:
        lacking = _fill(table, copy)
        note(table, "backed_up", read_head(table.directory).generation)
        copy.end(path)
    return path, lacking


def _fill(table: Table, copy: Writing) -> set[str]:
    """Copy key files, then rows that need no other; return the key files that are lacking for good.

    A half-day's key may be made or destroyed between the two: then both are looked at again. What is lacking twice
    running is not being turned but lost, and keeps nobody from having a copy.
    """
    before: set[str] = set()
    for _ in range(_TRIES):
        with alone_in(table.directory):
            files = keystore_files(table.directory)
        with table.db.reading("keys") as session:
            hold_snapshot(session)
            lacking = key_files_named(session) - files.keys()
            if lacking == before:
                for number, content in enumerate(files_of_rows(session), 1):
                    copy.add(f"rows-{number:05}.jsonl", content)
                break
        before = lacking
    else:
        raise BackupUnsteady("keys turned each time they were copied: run the command again in a minute")
    for name, content in files.items():
        copy.add(f"{KEYSTORE}/{name}", content)
    return lacking
