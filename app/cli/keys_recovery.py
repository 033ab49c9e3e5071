"""Custodians' shares at work: the recovery on a clean machine, and the drill that changes nothing."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from itertools import islice
from pathlib import Path
from secrets import token_urlsafe
from tempfile import TemporaryDirectory
from uuid import UUID

from sqlalchemy import select

from app.cli.keys_locks import new_way
from app.cli.keys_table import Table, note, save
from app.cli.keys_terminal import Terminal, collect
from app.config import Token, WordsCost
from app.vault.custodians import Custody
from app.vault.errors import CustodiansMissing, KeystoreError
from app.vault.files import create_once, destroy, read_private
from app.vault.keybackup import KEYSTORE, MANIFEST_FILE, Manifest, read_file, read_manifest
from app.vault.keyrows import rows_of
from app.vault.keystore import Keystore
from app.vault.models import Secret
from app.vault.rekeying import with_lock, with_note
from app.vault.root import NEWEST_FILE, ROOT_FILE, Opened, open_file, read_head, write
from app.vault.sealing import Unsealable
from app.vault.unlock import Lock, Unlock, new_lock, said, unlocking_key

_QUICK = WordsCost(memory_kib=64, passes=1)  # For a passphrase of 256 random bits that lives a moment.
_Row = tuple[UUID, str, str, bytes]
_SAMPLE = 20
"""Secrets that a drill opens, and drops at once."""


def recover(
    table: Table, *, key_file: Path | None = None, shares_fd: int | None = None, dry_run: bool = False
) -> int:
    """Open the keystore by shares and give it a new passphrase or key file; nothing else changes.

    Raises CustodiansMissing, GivenUp, LedgerUnavailable, and the faults of shares and of the file.
    """
    opened = _by_shares(table.terminal, table.directory, shares_fd, dry_run=dry_run)
    if opened is None:
        return 0
    new, key = new_way(table.terminal, key_file, table.cost)
    save(table, with_lock(opened, new, key), "recovered")
    _say_recovered(table.terminal, table.directory, new, key_file)
    return 0


def recover_apart(
    terminal: Terminal,
    directory: Path,
    *,
    key_file: Path | None = None,
    shares_fd: int | None = None,
    dry_run: bool = False,
) -> int:
    """Do the same with a copy of the folder alone, where there are neither settings nor silos.

    The keystore remembers it, and the next command that changes the keystore writes it there. Raises as
    `recover` does.
    """
    opened = _by_shares(terminal, directory, shares_fd, dry_run=dry_run)
    if opened is None:
        return 0
    new, key = new_way(terminal, key_file, WordsCost())
    write(directory, with_note(with_lock(opened, new, key), "recovered"))
    _say_recovered(terminal, directory, new, key_file)
    return 0


def drill(table: Table, copy: Path | None = None, *, shares_fd: int | None = None, dry_run: bool = False) -> int:
    """Recover a copy of the keystore in a temporary folder and open a sample with it; return 1 when it fails.

    Raises as `recover` does, and BackupDamaged.
    """
    started, (source, manifest) = table.clock(), _source(table, copy)
    opened = _by_shares(table.terminal, source, shares_fd, dry_run=dry_run)
    if opened is None:
        return 0
    note(table, "drilled", opened.head.generation)
    with _copied(source) as aside:
        keystore = _recovered(aside, opened, table.settings.token)
        unread, (right, wrong) = keystore.unreadable(), _sampled(keystore, _some_rows(table, source, manifest))
        pinned = keystore.verify_key == table.settings.verify_key
    seconds = (table.clock() - started).total_seconds()
    table.terminal.say(f"Verifying key: {'the pinned one' if pinned else 'NOT THE PINNED ONE'}.")
    table.terminal.say(f"Key files that can't be read: {len(unread)}. Sample: {right} opened, {wrong} did not.")
    passed = pinned and not unread and not wrong
    table.terminal.say(f"The drill {'passed' if passed else 'FAILED'}, in {seconds:.0f} s. Nothing was changed.")
    return 0 if passed else 1


def _by_shares(terminal: Terminal, directory: Path, shares_fd: int | None, *, dry_run: bool) -> Opened | None:
    """Open the root file by shares; None when it is only asked whether that could be done."""
    custody = next(
        (one.lock.terms for one in read_head(directory).held if isinstance(one.lock.terms, Custody)), None
    )
    if custody is None:
        raise CustodiansMissing(
            "no share opens this keystore: `paravent keys ceremony` makes shares, before they are needed"
        )
    if dry_run:
        terminal.say(
            f"Any {custody.threshold} of the {custody.count} shares of ceremony {custody.ceremony}, held on "
            f"{custody.held_on}, would be asked for. Nothing was changed."
        )
        return None
    return open_file(directory, Unlock(shares=collect(terminal, custody, shares_fd)))


def _say_recovered(terminal: Terminal, directory: Path, new: Lock, key_file: Path | None) -> None:
    keystore = Keystore.open(directory, Unlock(key_file=key_file), heeds_seal=False) if key_file else None
    terminal.say(f"Done: lock {new.id}, {said(new.kind)}. Put it into the settings of clinic and worker.")
    if keystore:
        terminal.say(f"Verifying key: {keystore.verify_key.hex()}")
    terminal.say(
        "Compare `paravent keys status` with PARAVENT_VERIFY_KEY; revoke the shares if anybody else saw them."
    )


@contextmanager
def _copied(source: Path) -> Iterator[Path]:
    """Copy a keystore's files to a temporary folder, and overwrite them there in the end."""
    with TemporaryDirectory(prefix="paravent-drill-") as name:
        aside = Path(name)
        wanted = [source / ROOT_FILE, *source.glob("*-*.key")]
        try:
            for path in wanted:
                create_once(aside / path.name, read_private(path))
            yield aside
        finally:
            for name_of in (*(path.name for path in wanted), NEWEST_FILE):
                destroy(aside / name_of)


def _recovered(aside: Path, opened: Opened, token: Token | None) -> Keystore:
    """Give the copy a lock nobody will know, and open it by that; an HSM may keep its keys of half-days."""
    given = Unlock(passphrase=token_urlsafe(32))
    new = new_lock(given, _QUICK)
    write(aside, with_lock(opened, new, unlocking_key(given, new)))
    return Keystore.open(aside, replace(given, token=token))


def _source(table: Table, copy: Path | None) -> tuple[Path, Manifest | None]:
    """Return the folder to recover, and of a copy that `paravent keys backup` made, what it says of itself.

    Every file of such a copy is compared first. Raises BackupDamaged.
    """
    folder = copy or table.directory
    whole = folder if (folder / MANIFEST_FILE).exists() else folder.parent
    if not (whole / MANIFEST_FILE).exists():
        return folder, None
    manifest = read_manifest(whole)
    for name in manifest.files:
        read_file(whole, manifest, name)
    return whole / KEYSTORE, manifest


def _some_rows(table: Table, source: Path, manifest: Manifest | None) -> list[_Row]:
    """Return some secrets as they are wrapped: of the copy, newest or not, else of the silo, newest keys first."""
    if manifest:
        rows = (row for name in manifest.rows for row in rows_of(read_file(source.parent, manifest, name)))
        found = (row for of, row in rows if of == Secret.__tablename__)
        return [(row["pseudonym"], row["purpose"], row["epoch"], row["wrapped"]) for row in islice(found, _SAMPLE)]
    wanted = select(Secret.pseudonym, Secret.purpose, Secret.epoch, Secret.wrapped)
    with table.db.reading("keys") as session:
        rows_here = session.execute(wanted.order_by(Secret.epoch.desc()).limit(_SAMPLE)).all()
    return [(row.pseudonym, row.purpose, row.epoch, row.wrapped) for row in rows_here]


def _sampled(keystore: Keystore, rows: list[_Row]) -> tuple[int, int]:
    """Open some secrets and drop them; return how many did and did not open."""
    right, keys = 0, keystore.keys_of_days()
    for pseudonym, purpose, epoch, wrapped in rows:
        with suppress(KeystoreError, Unsealable):
            keys(epoch).unwrap(wrapped, pseudonym, purpose)
            right += 1
    return right, len(rows) - right
