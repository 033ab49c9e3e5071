"""The keystore's root file: how it is locked, and under the root, the silo keys and the signing key."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app.config import WordsCost
from app.db import SILOS
from app.vault.errors import KeystoreDamaged, KeystoreExists, KeystoreMissing, WrongUnlock
from app.vault.files import check_directory, create_once, make_directory, read_private
from app.vault.sealing import Unsealable, decode_document, encode_document, lock, new_secret, unlock
from app.vault.unlock import Lock, Unlock, new_lock, read_lock, unlocking_key

ROOT_FILE = "keystore.json"
_ROOT = b"paravent keystore root"
_BODY = b"paravent keystore body"
_INTAKE = "intake"
_KEYS = (*SILOS, _INTAKE)


@dataclass(frozen=True, slots=True)
class Root:
    """What the root opens: a key for each silo, one for the intake's private keys, and the signing seed."""

    silo_keys: Mapping[str, bytes] = field(repr=False)
    signing_seed: bytes = field(repr=False)
    public_dir: Path

    @property
    def intake_key(self) -> bytes:
        """Return the key that wraps the intake's private keys."""
        return self.silo_keys[_INTAKE]


def create_root(directory: Path, public_dir: Path, unlock_with: Unlock, cost: WordsCost) -> Root:
    """Make the root file of a new keystore. Raises KeystoreExists, and as `new_lock` does."""
    new = new_lock(unlock_with, cost)
    root = Root({name: new_secret() for name in _KEYS}, new_secret(), public_dir.absolute())
    content = _written(root, new, unlocking_key(unlock_with, new))
    make_directory(directory)
    if not create_once(directory / ROOT_FILE, content):
        raise KeystoreExists("there is a keystore in this directory already")
    return root


def open_root(directory: Path, unlock_with: Unlock) -> Root:
    """Open the root file. Raises KeystoreMissing, KeystoreOpenToOthers, KeystoreDamaged, WrongUnlock and others."""
    check_directory(directory)
    try:
        document = json.loads(read_private(directory / ROOT_FILE))
        found, wrapped, body = read_lock(document["lock"]), _bytes(document["root"]), _bytes(document["body"])
    except KeystoreMissing:
        raise KeystoreMissing("there is no keystore in this directory") from None
    except (KeyError, TypeError, ValueError, RecursionError):
        raise KeystoreDamaged("the keystore's root file is damaged") from None
    try:
        root_key = unlock(unlocking_key(unlock_with, found), wrapped, _ROOT)
    except Unsealable:
        raise WrongUnlock("the passphrase or key file is not the one of this keystore") from None
    return _read(root_key, body)


def _written(root: Root, new: Lock, wrapping: bytes) -> bytes:
    root_key = new_secret()
    body = {
        "schema": 1,
        "silos": {name: _text(key) for name, key in root.silo_keys.items()},
        "signing": _text(root.signing_seed),
        "public_dir": str(root.public_dir),
    }
    document = {
        "schema": 1,
        "lock": new.as_document(),
        "root": _text(lock(wrapping, root_key, _ROOT)),
        "body": _text(lock(root_key, encode_document(body), _BODY)),
    }
    return json.dumps(document, indent=1).encode("ascii") + b"\n"


def _read(root_key: bytes, body: bytes) -> Root:
    try:
        document = decode_document(unlock(root_key, body, _BODY))
        silo_keys = {name: _bytes(document["silos"][name]) for name in _KEYS}
        return Root(silo_keys, _bytes(document["signing"]), Path(document["public_dir"]))
    except (Unsealable, KeyError, TypeError, ValueError):
        raise KeystoreDamaged("the keystore's root file is damaged") from None


def _text(value: bytes) -> str:
    return base64.b64encode(value).decode("ascii")


def _bytes(value: Any) -> bytes:
    return base64.b64decode(value, validate=True)
