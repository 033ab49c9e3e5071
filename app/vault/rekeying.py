"""Changes of an opened root file, as pure functions: nothing is written before `root.write`."""

from collections.abc import Iterable
from dataclasses import replace

from app.vault.errors import LastLock, LockUnknown
from app.vault.root import KEYS, Held, Opened
from app.vault.sealing import new_secret
from app.vault.unlock import Lock


def with_lock(opened: Opened, lock: Lock, key: bytes) -> Opened:
    """Add a lock whose own key this is."""
    head = opened.head
    return replace(opened, head=replace(head, held=(*head.held, head.hold(lock, key, opened.root_key))))


def without_lock(opened: Opened, lock_id: str) -> Opened:
    """Take a lock away: this file no longer opens by it, copies made before still do.

    Raises LockUnknown, LastLock.
    """
    kept = tuple(one for one in opened.head.held if one.lock.id != lock_id)
    if len(kept) == len(opened.head.held):
        raise LockUnknown("the keystore has no such lock: `paravent keys status` lists them")
    if not kept:
        raise LastLock("this is the last lock: nothing would open the keystore. Add another first")
    return replace(opened, head=replace(opened.head, held=kept))


def with_new_root_key(opened: Opened, kept: Iterable[tuple[Lock, bytes]]) -> Opened:
    """Draw a new root key, under these locks and no other: what opened former files opens nothing of this one.

    Raises LastLock when no lock is kept.
    """
    root_key = new_secret()
    held: tuple[Held, ...] = tuple(opened.head.hold(lock, key, root_key) for lock, key in kept)
    if not held:
        raise LastLock("no lock would be left: nothing would open the keystore. Keep or add one")
    return replace(opened, root_key=root_key, head=replace(opened.head, held=held))


def with_new_silo_keys(opened: Opened) -> Opened:
    """Draw a new version of every silo key; the former ones still open what they sealed."""
    root = opened.root
    former = {name: root.versions(name) for name in KEYS}
    return replace(opened, root=replace(root, silo_keys={name: new_secret() for name in KEYS}, former_keys=former))


def without_former_silo_keys(opened: Opened) -> Opened:
    """Forget the former versions: what they alone open is lost, so everything is wrapped again before."""
    return replace(opened, root=replace(opened.root, former_keys={}))


def with_note(opened: Opened, change: str) -> Opened:
    """Remember a change made where no ledger is, as `change@generation`, for the next command to record."""
    note = f"{change}@{opened.head.generation + 1}"
    return replace(opened, root=replace(opened.root, unrecorded=(*opened.root.unrecorded, note)))


def without_notes(opened: Opened) -> Opened:
    """Forget the changes that were recorded since."""
    return replace(opened, root=replace(opened.root, unrecorded=()))
