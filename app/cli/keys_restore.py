"""`paravent keys restore`: a copy put in the place of the keystore and of the keys silo, and left sealed.

The mark comes first and the root file last: whatever is killed in between leaves a place that opens nothing, and
the same command goes on. `paravent keys unseal` is the only way on from there (app/cli/keys_replay.py).
"""

from dataclasses import replace
from pathlib import Path

from app.cli import silos
from app.cli.keys_backup import release
from app.cli.keys_people import two_people
from app.cli.keys_table import Table, note
from app.vault.backup_errors import BackupDamaged, BackupOfAnother, BackupOfAnotherRelease, PlaceTaken
from app.vault.files import alone_in, destroy, make_directory, replace_private
from app.vault.held import SEAL_FILE, seal_keystore
from app.vault.keybackup import (
    KEYSTORE,
    RESTORED_FILE,
    Manifest,
    mark_restored,
    read_file,
    read_manifest,
    restored_mark,
)
from app.vault.keyrows import counts, put_rows, rows_of
from app.vault.keystore import Keystore
from app.vault.root import NEWEST_FILE, read_head
from app.vault.unlock import Unlock


def restore(table: Table, copy: Path, *, over: bool = False, dry_run: bool = False) -> int:
    """Put a copy in place and leave it sealed; with `over`, two persons let it replace what is there.

    Raises BackupDamaged, BackupOfAnother, BackupOfAnotherRelease, PlaceTaken, NotConfirmed, KeystoreError and
    SiloUnavailable, before anything is changed.
    """
    started, manifest = table.clock(), read_manifest(copy)
    _check_release(table, manifest)
    rows = _check_whole(copy, manifest)
    keystore = _opened(table, copy, manifest, table.unlock())
    taken = _taken(table, manifest)
    if taken and not over:
        raise PlaceTaken(
            f"there is {taken} here: nothing was changed. Stop every zone, look at what it is, and if it may be "
            "destroyed, run this with --over"
        )
    if dry_run:
        table.terminal.say(
            f"Would restore {len(manifest.keystore)} file(s) and {rows} row(s) of "
            f"{_said(manifest)}{f', over {taken}' if taken else ''}, sealed. Nothing was changed."
        )
        return 0
    people = two_people(table, keystore) if taken else None
    note(table, "restored", read_head(copy / KEYSTORE).generation, people)
    _put(table, copy, manifest)
    seconds = (table.clock() - started).total_seconds()
    table.terminal.say(f"Restored {rows} row(s) of {_said(manifest)} in {seconds:.1f} s, SEALED.")
    table.terminal.say("`paravent keys unseal` destroys again what was destroyed since, and lets the keys be used.")
    return 0


def _check_release(table: Table, manifest: Manifest) -> None:
    """Raise BackupOfAnotherRelease unless the silo has the tables of the copy."""
    here = silos.current(table.db, "keys")
    if here == manifest.revision:
        return
    raise BackupOfAnotherRelease(
        f"this copy is of release {manifest.release}, revision {manifest.revision or 'none'} of the keys silo; "
        f"here is release {release()}, revision {here or 'none'}. A newer copy needs its own release; for an older "
        f"one, `paravent silos downgrade keys {manifest.revision or 'REVISION'}`, restore, then `paravent silos "
        "upgrade`"
    )


def _check_whole(copy: Path, manifest: Manifest) -> int:
    """Read every file of a copy and compare it; return how many rows there are. Raises BackupDamaged."""
    for path in manifest.keystore.values():
        read_file(copy, manifest, path)
    return sum(1 for name in manifest.rows for _ in rows_of(read_file(copy, manifest, name)))


def _opened(table: Table, copy: Path, manifest: Manifest, unlock: Unlock) -> Keystore:
    """Open the copy's keystore where it lies. Raises BackupOfAnother, KeystoreError."""
    pinned = table.settings.verify_key
    if manifest.verify_key != pinned.hex():
        raise BackupOfAnother("this copy is of another installation: PARAVENT_VERIFY_KEY is not its keystore's")
    keystore = Keystore.open(copy / KEYSTORE, unlock, heeds_seal=False)
    if keystore.verify_key != pinned:
        raise BackupOfAnother("the keystore in this copy is not the one that its manifest names: use another copy")
    return keystore


def _taken(table: Table, manifest: Manifest) -> str:
    """Say what is there already; nothing, where the same copy was being restored when it was interrupted."""
    directory = table.directory
    found = (path.name for path in directory.iterdir()) if directory.is_dir() else ()
    names = {name for name in found if not name.startswith(".")}
    if RESTORED_FILE in names and _is_going_on(directory, manifest):
        return ""
    with table.db.reading("keys") as session:
        rows = sum(counts(session).values())
    # A seal alone is what a command left that was killed before it wrote its mark.
    files = "a keystore" if names - {SEAL_FILE} else ""
    return " and ".join(said for said in (files, f"{rows} row(s) of the keys silo" if rows else "") if said)


def _said(manifest: Manifest) -> str:
    return f"{manifest.made_at:%Y-%m-%d %H:%M} UTC"


def _is_going_on(directory: Path, manifest: Manifest) -> bool:
    try:
        mark = restored_mark(directory)
    except BackupDamaged:
        return False
    return mark is not None and not mark.whole and mark.made_at == manifest.made_at


def _put(table: Table, copy: Path, manifest: Manifest) -> None:
    """Seal, mark, put rows, then files, and say last that the copy is whole."""
    directory = table.directory
    make_directory(directory)
    seal_keystore(directory)
    mark_restored(directory, replace(manifest.mark, whole=False))
    with table.db.writing("keys") as session:
        put_rows(session, (read_file(copy, manifest, name) for name in manifest.rows))
    wanted = manifest.keystore
    with alone_in(directory):
        for path in [*directory.glob("*-*.key"), directory / NEWEST_FILE]:
            if path.name not in wanted:
                destroy(path)
        for name, path_in_copy in wanted.items():
            replace_private(directory / name, read_file(copy, manifest, path_in_copy))
    mark_restored(directory, manifest.mark)
