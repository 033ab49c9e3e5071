"""The keystore's root file: its locks, and under the root key, the silo keys and the signing key.

Schema 2 has several locks, each holding the root key on its own. What a lock says of itself is bound to the root
key it holds, with the keystore's id; the whole head, every lock included, is bound to the body: a lock altered,
swapped, added or taken out is seen when the file opens. Schema 1 (one lock, nothing bound) still opens, and becomes
schema 2 when it is next written.
"""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from app.config import WordsCost
from app.db import SILOS
from app.vault.errors import (
    KeystoreChanged,
    KeystoreDamaged,
    KeystoreError,
    KeystoreExists,
    KeystoreMissing,
    KeystoreOutdated,
    UnlockMissing,
    WrongUnlock,
)
from app.vault.files import (
    alone_in,
    check_directory,
    create_once,
    make_directory,
    read_private,
    replace_private,
)
from app.vault.sealing import Unsealable, decode_document, encode_document, lock, new_secret, unlock
from app.vault.unlock import KINDS, Lock, Unlock, new_lock, read_first_lock, read_lock, said, unlocking_key

ROOT_FILE = "keystore.json"
NEWEST_FILE = "generation"
"""Says which change of the root file was the last one, so that an older copy is told from it."""

_INTAKE = "intake"
KEYS = (*SILOS, _INTAKE)
_DAMAGED = "the keystore's root file is damaged: put its newest copy back; the key files beside it stay"


@dataclass(frozen=True, slots=True)
class Root:
    """What the root opens: the keys of each silo and of the intake's private keys, and the signing seed.

    `silo_keys` are the newest, `former_keys` older versions that still open (newest first), `deriving_keys` those
    that values are derived from: these never change, since what was derived is compared for years. `unrecorded` are
    changes made where no ledger was, for the next command to write there.
    """

    silo_keys: Mapping[str, bytes] = field(repr=False)
    signing_seed: bytes = field(repr=False)
    public_dir: Path
    former_keys: Mapping[str, tuple[bytes, ...]] = field(default_factory=dict, repr=False)
    deriving_keys: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    unrecorded: tuple[str, ...] = ()

    def versions(self, name: str) -> tuple[bytes, ...]:
        """Return a silo's keys, newest first."""
        return (self.silo_keys[name], *self.former_keys.get(name, ()))

    def deriving(self, name: str) -> bytes:
        """Return the key that a silo's derived values come from."""
        return self.deriving_keys.get(name, self.silo_keys[name])


@dataclass(frozen=True, slots=True)
class Held:
    """A lock, and the root key under it."""

    lock: Lock
    root: bytes


@dataclass(frozen=True, slots=True)
class Head:
    """What a root file says in clear: the keystore's id, how often the file was changed, its locks."""

    id: UUID
    generation: int
    held: tuple[Held, ...]
    schema: int = 2

    def as_document(self) -> dict[str, Any]:
        """Return the JSON form."""
        locks = [one.lock.as_document() | {"root": _text(one.root)} for one in self.held]
        return {"schema": self.schema, "id": str(self.id), "generation": self.generation, "locks": locks}

    def bound_to_lock(self, one: Lock) -> bytes:
        """Return the associated data of the root key under a lock."""
        if self.schema == 1:
            return b"paravent keystore root"
        return b"paravent keystore root 2\n" + _canonical({"keystore": str(self.id), "lock": one.as_document()})

    def bound_to_body(self) -> bytes:
        """Return the associated data of the body."""
        if self.schema == 1:
            return b"paravent keystore body"
        return b"paravent keystore body 2\n" + _canonical(self.as_document())

    def hold(self, one: Lock, key: bytes, root_key: bytes) -> Held:
        """Put a root key under a lock whose own key this is."""
        return Held(one, lock(key, root_key, self.bound_to_lock(one)))


@dataclass(frozen=True, slots=True)
class Opened:
    """An opened root file: what a change of it begins with."""

    head: Head
    root_key: bytes = field(repr=False)
    root: Root


def create_root(directory: Path, public_dir: Path, unlock_with: Unlock, cost: WordsCost) -> Root:
    """Make the root file of a new keystore. Raises KeystoreExists, and as `new_lock` does."""
    new = new_lock(unlock_with, cost)
    silo_keys, root_key = {name: new_secret() for name in KEYS}, new_secret()
    root = Root(silo_keys, new_secret(), public_dir.absolute(), {}, silo_keys)
    head = Head(uuid4(), 1, ())
    head = replace(head, held=(head.hold(new, unlocking_key(unlock_with, new), root_key),))
    make_directory(directory)
    if (directory / NEWEST_FILE).exists() or _has_orphans(directory):
        raise KeystoreExists(
            "this folder has had a keystore: put keystore.json back, or empty the folder to begin anew"
        )
    if not create_once(directory / ROOT_FILE, _written(Opened(head, root_key, root))):
        raise KeystoreExists("there is a keystore in this directory already")
    return root


def _has_orphans(directory: Path) -> bool:
    """Say whether keys lie there without the root file that opens them."""
    orphans = any(directory.glob("*-*.key"))
    return orphans and not (directory / ROOT_FILE).exists()


def open_root(directory: Path, unlock_with: Unlock) -> Root:
    """Open the root file. Raises as `open_file` does."""
    return open_file(directory, unlock_with).root


def open_file(directory: Path, unlock_with: Unlock) -> Opened:
    """Open the root file, to change it.

    Raises KeystoreMissing, KeystoreUnreadable, KeystoreOpenToOthers, KeystoreDamaged, KeystoreOutdated,
    UnlockMissing, WrongUnlock, KeyFileRefused, and what an HSM or shares raise.
    """
    head, body = _read(directory)
    held, key, root_key = _unlocked(head, unlock_with)
    root = _read_body(root_key, head, body)
    if head.schema == 1:
        head = replace(head, schema=2)
        head = replace(head, held=(head.hold(held.lock, key, root_key),))
    return Opened(head, root_key, root)


def read_head(directory: Path) -> Head:
    """Read what the root file says in clear; only opening it proves it. Raises as `open_file` does."""
    return _read(directory)[0]


def key_of(head: Head, held: Held, unlock_with: Unlock, root_key: bytes) -> bytes:
    """Return the key of one lock, proven to hold this root key. Raises WrongUnlock, and as `unlocking_key` does."""
    key = unlocking_key(unlock_with, held.lock)
    try:
        same = unlock(key, held.root, head.bound_to_lock(held.lock)) == root_key
    except Unsealable:
        same = False
    if not same:
        raise WrongUnlock(f"what was given does not open lock {held.lock.id}")
    return key


def write(directory: Path, changed: Opened) -> Opened:
    """Put a changed root file in the place of the one it was opened from, in one step.

    Raises KeystoreChanged when another change came between.
    """
    written = replace(changed, head=replace(changed.head, generation=changed.head.generation + 1))
    with alone_in(directory):
        if read_head(directory).generation != changed.head.generation:
            raise KeystoreChanged("the keystore was changed meanwhile: nothing was written; run the command again")
        replace_private(directory / ROOT_FILE, _written(written))
        replace_private(directory / NEWEST_FILE, b"%d\n" % written.head.generation)
    return written


def _read(directory: Path) -> tuple[Head, bytes]:
    check_directory(directory)
    try:
        document = json.loads(read_private(directory / ROOT_FILE))
        head = _read_first_head(document) if document["schema"] == 1 else _read_head(document)
        body = _bytes(document["body"])
    except KeystoreMissing:
        raise KeystoreMissing("there is no keystore in this directory: check PARAVENT_KEYSTORE") from None
    except (KeyError, TypeError, ValueError, RecursionError):
        raise KeystoreDamaged(_DAMAGED) from None
    if head.generation < _newest(directory):
        raise KeystoreOutdated(
            "keystore.json is an older copy than this folder has had: put the newest back. If it is the only one "
            "left, remove the file `generation` beside it"
        )
    return head, body


def _read_head(document: Any) -> Head:
    held = tuple(Held(read_lock(one), _bytes(one["root"])) for one in document["locks"])
    head = Head(UUID(str(document["id"])), document["generation"], held)
    if {**head.as_document(), "body": document["body"]} != document or type(head.generation) is not int or not held:
        raise ValueError
    return head


def _read_first_head(document: Any) -> Head:
    return Head(uuid4(), 0, (Held(read_first_lock(document["lock"]), _bytes(document["root"])),), schema=1)


def _newest(directory: Path) -> int:
    """Return the number of the last change as the folder remembers it; 0 when it does not."""
    try:
        return int(read_private(directory / NEWEST_FILE))
    except (KeystoreMissing, ValueError):
        return 0


def _unlocked(head: Head, unlock_with: Unlock) -> tuple[Held, bytes, bytes]:
    """Return the first lock that opens, its key, and the root key."""
    order = sorted(head.held, key=lambda held: KINDS.index(held.lock.kind))
    faults: list[KeystoreError] = []
    for held in (one for one in order if unlock_with.fits(one.lock.kind)):
        try:
            key = unlocking_key(unlock_with, held.lock)
            return held, key, unlock(key, held.root, head.bound_to_lock(held.lock))
        except Unsealable:
            faults.append(
                WrongUnlock(
                    "what was given to unlock is not this keystore's, or keystore.json is another's or older"
                )
            )
        except KeystoreError as fault:
            faults.append(fault)
    if not faults:
        ways = ", ".join(sorted({said(one.lock.kind) for one in order}))
        raise UnlockMissing(f"this keystore opens by {ways}: give one in the settings, or to the command")
    raise next((fault for fault in faults if not isinstance(fault, WrongUnlock)), faults[0])


def _written(opened: Opened) -> bytes:
    head, root = opened.head, opened.root
    body = {
        "schema": 2,
        "silos": {name: [_text(key) for key in root.versions(name)] for name in KEYS},
        "deriving": {name: _text(root.deriving(name)) for name in KEYS},
        "signing": _text(root.signing_seed),
        "public_dir": str(root.public_dir),
        "unrecorded": list(root.unrecorded),
    }
    sealed = lock(opened.root_key, encode_document(body), head.bound_to_body())
    return json.dumps(head.as_document() | {"body": _text(sealed)}, indent=1).encode("ascii") + b"\n"


def _read_body(root_key: bytes, head: Head, body: bytes) -> Root:
    try:
        document = decode_document(unlock(root_key, body, head.bound_to_body()))
        signing, public_dir = _bytes(document["signing"]), Path(document["public_dir"])
        if document["schema"] == 1:
            keys = {name: _bytes(document["silos"][name]) for name in KEYS}
            return Root(keys, signing, public_dir, {}, keys)
        versions = {name: tuple(map(_bytes, document["silos"][name])) for name in KEYS}
        newest = {name: keys[0] for name, keys in versions.items()}
        former = {name: keys[1:] for name, keys in versions.items()}
        deriving = {name: _bytes(document["deriving"][name]) for name in KEYS}
        return Root(newest, signing, public_dir, former, deriving, tuple(document["unrecorded"]))
    except (Unsealable, KeyError, TypeError, ValueError, IndexError):
        raise KeystoreDamaged(_DAMAGED) from None


def _canonical(document: Mapping[str, Any]) -> bytes:
    return json.dumps(dict(document), sort_keys=True, separators=(",", ":")).encode("ascii")


def _text(value: bytes) -> str:
    return base64.b64encode(value).decode("ascii")


def _bytes(value: Any) -> bytes:
    return base64.b64decode(value, validate=True)
