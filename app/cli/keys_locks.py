"""Ways to unlock the keystore, added and removed; and its root key and silo keys, drawn anew."""

from collections.abc import Iterable
from pathlib import Path

from sqlalchemy import select

from app.cli.keys_ceremony import hsm_of, shares_proven
from app.cli.keys_people import two_people
from app.cli.keys_table import SETTLE_SECONDS, Table, changing, keystore_here, opened_here, save
from app.cli.keys_terminal import Terminal, collect, new_passphrase
from app.clinic.sign_in import totp_label
from app.config import WordsCost
from app.desk.models import Staff
from app.vault.custodians import Custody
from app.vault.errors import KeystoreDamaged, LockWouldBeLost, UnlockMissing, WrongUnlock
from app.vault.keystore import Keystore
from app.vault.rekeying import (
    with_lock,
    with_new_root_key,
    with_new_silo_keys,
    without_former_silo_keys,
    without_lock,
)
from app.vault.root import Held, Opened, key_of
from app.vault.sealing import Unsealable
from app.vault.unlock import Lock, Unlock, new_key_file, new_lock, said, token_lock, unlocking_key


def add_lock(table: Table, *, key_file: Path | None = None, hsm: bool = False, dry_run: bool = False) -> int:
    """Add a way to unlock: a key file (made unless it is there), the HSM's key, or else a new passphrase.

    Raises KeystoreError, LedgerUnavailable.
    """
    opened = opened_here(table, table.unlock())
    token = hsm_of(table) if hsm else None
    if dry_run:
        kind = said("pkcs11") if token else said("key_file" if key_file else "passphrase")
        table.terminal.say(f"Would add {kind} to the {len(opened.head.held)} lock(s). Nothing was made.")
        return 0
    if token:
        from app.vault.token_root import ensure_key  # Here, so that what has no HSM never loads its library.

        made = ensure_key(token)
        table.terminal.say("A key was made in the HSM." if made else "The HSM's key of this label is used.")
        new, key = token_lock(token)
    else:
        new, key = new_way(table.terminal, key_file, table.cost)
    save(table, with_lock(opened, new, key), "lock_added")
    table.terminal.say(f"Done: lock {new.id}, {said(new.kind)}.")
    return 0


def remove_lock(table: Table, lock_id: str, *, dry_run: bool = False) -> int:
    """Remove a way to unlock, never the last one; copies of the file made before still open by it.

    Raises LockUnknown, LastLock, NotConfirmed, KeystoreError, LedgerUnavailable.
    """
    unlock = table.unlock()
    changed = without_lock(opened_here(table, unlock), lock_id)
    left = ", ".join(f"{one.lock.id} ({said(one.lock.kind)})" for one in changed.head.held)
    if dry_run:
        table.terminal.say(f"Would remove lock {lock_id} and leave {left}. Nothing was changed.")
        return 0
    people = two_people(table, keystore_here(table, unlock))
    save(table, changed, "lock_removed", people)
    table.terminal.say(
        f"Done. Left: {left}. Copies of keystore.json made before still open by lock {lock_id}: if it"
    )
    table.terminal.say("may be in wrong hands, run `paravent keys rotate root` and delete those copies.")
    return 0


def rotate_root(table: Table, *, shares_fd: int | None = None, dry_run: bool = False) -> int:
    """Draw a new root key under the same locks; custodians type enough shares, which stay good.

    Raises LockWouldBeLost when a lock is not opened by what is given, NotConfirmed, KeystoreError.
    """
    unlock = table.unlock()
    opened = opened_here(table, unlock)
    if dry_run:
        table.terminal.say(f"Would draw a new root key under {len(opened.head.held)} lock(s). Nothing was changed.")
        return 0
    people = two_people(table, keystore_here(table, unlock))
    kept = kept_locks(table, opened, unlock, opened.head.held, shares_fd)
    save(table, with_new_root_key(opened, kept), "root_rotated", people)
    table.terminal.say("Done. Delete the copies of keystore.json made before: they still open as they did.")
    return 0


def revoke(table: Table, shares: tuple[int, int] | None, *, dry_run: bool = False) -> int:
    """Make the custodians' shares worthless: a new root key, new silo keys, and new shares or none.

    Raises LockWouldBeLost, LastLock, NotConfirmed, CeremonyRefused, GivenUp, KeystoreError, LedgerUnavailable.
    """
    unlock = table.unlock()
    opened = opened_here(table, unlock)
    others = [one for one in opened.head.held if not isinstance(one.lock.terms, Custody)]
    kept = kept_locks(table, opened, unlock, others, None)
    if shares is None:
        with_new_root_key(opened, kept)
    if dry_run:
        new = f"{shares[0]} of {shares[1]} new shares" if shares else "no share"
        table.terminal.say(f"Would draw new keys under {len(kept)} lock(s) and {new}. Nothing was changed.")
        return 0
    people = two_people(table, keystore_here(table, unlock))
    if shares:
        kept.append(shares_proven(table, *shares))
    changed = with_new_silo_keys(with_new_root_key(opened, kept))
    with changing(table):
        save(table, changed, "revoked", people)
        moved, lost = keystore_here(table, unlock).rewrap_files()
    table.terminal.say(
        f"Done: {moved} key file(s) wrapped again, {lost} that nothing opens. The former shares open"
    )
    table.terminal.say(
        "nothing of what is here now. With a copy of this folder made before, they open what that copy"
    )
    table.terminal.say(
        "opened: delete every such copy. `paravent keys rotate silo --retire` ends the former silo keys."
    )
    return 0


def rotate_silo(table: Table, *, dry_run: bool = False) -> int:
    """Draw a new version of every silo key and wrap the key files again; former versions still open.

    Raises KeystoreError, LedgerUnavailable.
    """
    unlock = table.unlock()
    opened = opened_here(table, unlock)
    if dry_run:
        table.terminal.say(f"Would draw version {_version(opened) + 1} of each silo key. Nothing was changed.")
        return 0
    with changing(table):
        written = save(table, with_new_silo_keys(opened), "silo_rotated")
        moved, lost = keystore_here(table, unlock).rewrap_files()
    table.terminal.say(
        f"Done: version {_version(written)}; {moved} key file(s) wrapped again, {lost} that nothing opens."
    )
    table.terminal.say("Former versions still open second factors: `paravent keys rotate silo --retire` ends them.")
    return 0


def retire_silo(table: Table, *, dry_run: bool = False) -> int:
    """Seal again what former silo keys sealed, then forget those keys.

    Raises KeystoreDamaged while a key file opens under no version, NotConfirmed, KeystoreError, LedgerUnavailable.
    """
    unlock = table.unlock()
    opened = opened_here(table, unlock)
    if dry_run:
        table.terminal.say(f"Would forget {_version(opened) - 1} former version(s). Nothing was changed.")
        return 0
    keystore = keystore_here(table, unlock)
    people = two_people(table, keystore)
    with changing(table):
        again = _reseal_second_factors(table, keystore)
        table.pause(SETTLE_SECONDS)
        again += _reseal_second_factors(table, keystore)
        if keystore.rewrap_files()[1]:
            raise KeystoreDamaged(
                "a key file opens under no silo key: mend or remove it first; nothing was forgotten"
            )
        save(table, without_former_silo_keys(opened), "silo_retired", people)
    table.terminal.say(f"Done: {again} second factor(s) sealed again; former silo keys are gone from this file.")
    return 0


def new_way(terminal: Terminal, key_file: Path | None, cost: WordsCost) -> tuple[Lock, bytes]:
    """Return a new lock by a key file, made unless it is there, or by a new passphrase; and its key."""
    if key_file and not key_file.exists():
        new_key_file(key_file)
    unlock = Unlock(key_file=key_file) if key_file else Unlock(passphrase=new_passphrase(terminal))
    new = new_lock(unlock, cost)
    return new, unlocking_key(unlock, new)


def kept_locks(
    table: Table, opened: Opened, unlock: Unlock, held: Iterable[Held], shares_fd: int | None
) -> list[tuple[Lock, bytes]]:
    """Return locks with their keys, each proven; what the settings do not give is asked for.

    Raises LockWouldBeLost, and what an HSM or shares raise.
    """
    return [(one.lock, _proven(table, opened, unlock, one, shares_fd)) for one in held]


def _proven(table: Table, opened: Opened, unlock: Unlock, held: Held, shares_fd: int | None) -> bytes:
    if isinstance(held.lock.terms, Custody):
        unlock = Unlock(shares=collect(table.terminal, held.lock.terms, shares_fd))
        return key_of(opened.head, held, unlock, opened.root_key)
    try:
        return key_of(opened.head, held, unlock, opened.root_key)
    except (UnlockMissing, WrongUnlock):
        if held.lock.kind == "passphrase":
            typed = Unlock(passphrase=table.terminal.ask_hidden(f"Passphrase of lock {held.lock.id}: "))
            return key_of(opened.head, held, typed, opened.root_key)
        raise LockWouldBeLost(
            f"lock {held.lock.id} ({said(held.lock.kind)}) would be lost: give what opens it, or remove it by "
            f"`paravent keys lock --remove {held.lock.id}`"
        ) from None


def _reseal_second_factors(table: Table, keystore: Keystore) -> int:
    """Seal again, under the newest key, each second factor that a former one sealed. What none opens stays.

    Done twice, some time apart: who read a row before the first time has opened it by the second, and who sealed a
    new one under a key that was the newest a moment ago has written it.
    """
    again = 0
    with table.db.writing("desk") as session:
        for person in session.scalars(select(Staff).where(Staff.sealed_totp.is_not(None)).with_for_update()):
            label, sealed = totp_label(person.id), person.sealed_totp or b""
            if keystore.is_field_current("desk", label, sealed):
                continue
            try:
                person.sealed_totp = keystore.seal_field("desk", label, keystore.open_field("desk", label, sealed))
                again += 1
            except Unsealable:
                continue
    return again


def _version(opened: Opened) -> int:
    return len(opened.root.versions("keys"))
