"""Who holds the root, every key that is left and every byte that was ever kept, and tries what was destroyed.

Wrapped secrets are looked for in raw bytes by their form alone (version, nonce, ciphertext, tag), at every offset,
so that no layout of a page or a log hides one; every key that is left is tried on each, for every row there ever
was. The format is written here a second time, on purpose: the product's code finds nothing for the attacker.
"""

import base64
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import select

from app.care.models import Case
from app.db import Databases
from app.front.models import Space
from app.identity.models import Contact
from app.vault.errors import KeystoreError
from app.vault.keystore import Keystore, Unlock
from app.vault.models import MailboxEntry
from app.vault.sealing import Context, Unsealable, unseal
from app.vault.tokens import derive_id

WRAPPED = 61
"""Bytes of a wrapped secret: version, a nonce of 12, 32 bytes and a tag of 16."""
_ZEROS = 5
"""Most zero bytes of a wrapped secret: more come by chance once in ten million."""
PURPOSES = ("care", "contact", "space")

Found = tuple[UUID, str]
"""A pseudonym, and the purpose whose object was opened."""


class Letter(NamedTuple):
    """A mailbox row as it once was."""

    submission: UUID
    epoch: str
    sealed: bytes


@dataclass
class Loot:
    """What an attacker has of the past: objects, in copies of every silo but keys; from the bytes of the keys silo,
    whatever has the form of a wrapped secret, and the letters of its mailbox.
    """

    contacts: dict[UUID, tuple[UUID, bytes]] = field(default_factory=dict)
    cases: dict[UUID, tuple[UUID, bytes]] = field(default_factory=dict)
    spaces: dict[UUID, set[tuple[int, bytes]]] = field(default_factory=dict)
    blobs: set[bytes] = field(default_factory=set)
    seen: set[tuple[Path, int]] = field(default_factory=set)
    letters: set[Letter] = field(default_factory=set)
    for_words: dict[UUID, bytes] = field(default_factory=dict)

    def copy_silos(self, db: Databases) -> None:
        """Take a copy of what is sealed in front, identity and care, over what was taken before."""
        with db.reading("identity") as session:
            for contact in session.scalars(select(Contact)):
                self.contacts[contact.pseudonym] = contact.submission, contact.sealed
        with db.reading("care") as session:
            for case in session.scalars(select(Case)):
                self.cases[case.pseudonym] = case.id, case.sealed
        with db.reading("front") as session:
            for space in session.scalars(select(Space)):
                self.spaces.setdefault(space.id, set()).add((space.version, space.sealed))

    def copy_mailbox(self, db: Databases) -> None:
        """Take a copy of every letter that waits in the mailbox."""
        with db.reading("keys") as session:
            rows = session.scalars(select(MailboxEntry)).all()
        self.letters |= {Letter(row.submission, row.epoch, row.sealed) for row in rows}

    def copy_files(self, files: Iterable[Path]) -> None:
        """Go through the raw bytes of files that changed, as a copy of a disk or an archive of logs has them."""
        for path in files:
            as_it_is = path, path.stat().st_mtime_ns
            if as_it_is not in self.seen:
                self.seen.add(as_it_is)
                self.blobs.update(_candidates(path.read_bytes()))


def attack(loot: Loot, keystores: Sequence[Path], unlock_with: Unlock) -> set[Found]:
    """Return every object that opens, with the keys of these folders and whatever was kept of the past."""
    opened = [Keystore.open(folder, unlock_with, heeds_seal=False) for folder in keystores]
    secrets = set(_from_letters(loot, opened)) | set(_from_raw(loot, opened))
    return {found for secret in secrets for found in _opens(loot, secret)}


def attack_with(loot: Loot, secret: bytes) -> set[Found]:
    """Return every object that one secret opens."""
    return set(_opens(loot, secret))


def attack_letters(loot: Loot, keystores: Sequence[Path], unlock_with: Unlock) -> set[Found]:
    """Return every object that opens by a letter of the mailbox and an intake key of these folders alone."""
    opened = [Keystore.open(folder, unlock_with, heeds_seal=False) for folder in keystores]
    return {found for secret in _from_letters(loot, opened) for found in _opens(loot, secret)}


def _from_letters(loot: Loot, keystores: Iterable[Keystore]) -> Iterator[bytes]:
    for keystore in keystores:
        for letter in loot.letters:
            try:
                document = keystore.open_intake(letter.epoch, letter.sealed, letter.submission)
            except (KeystoreError, Unsealable):
                continue
            yield from (base64.b64decode(secret) for secret in document["secrets"].values())


def _from_raw(loot: Loot, keystores: Iterable[Keystore]) -> Iterator[bytes]:
    keys = {keystore.keys_of_days()(name).key for keystore in keystores for name in keystore.names()["secrets"]}
    ciphers = [AESGCM(key) for key in keys]
    bound = [b"paravent secret 1 " + of.bytes + purpose.encode() for of in loot.contacts for purpose in PURPOSES]
    for blob in loot.blobs:
        for cipher in ciphers:
            yield from _unwrapped(cipher, blob, bound)


def _candidates(raw: bytes) -> Iterator[bytes]:
    """Yield whatever has the form of a wrapped secret."""
    for match in re.finditer(b"\x02", raw):
        blob = raw[match.start() : match.start() + WRAPPED]
        if len(blob) == WRAPPED and blob.count(0) <= _ZEROS:
            yield blob


def _unwrapped(cipher: AESGCM, blob: bytes, bound: Iterable[bytes]) -> Iterator[bytes]:
    nonce, sealed = blob[1:13], blob[13:]
    for associated in bound:
        try:
            yield cipher.decrypt(nonce, sealed, associated)
        except InvalidTag:
            continue


def _opens(loot: Loot, secret: bytes) -> Iterator[Found]:
    """Try a secret on every object there is."""
    space = derive_id(secret, "space")
    for of, (submission, sealed) in loot.contacts.items():
        if _does(secret, sealed, Context("identity.contact", of, "contact", submission, 1)):
            yield of, "contact"
        for version, kept in loot.spaces.get(space, ()):
            if _does(secret, kept, Context("front.space", of, "space", space, version)):
                yield of, "space"
    for of, (case, sealed) in loot.cases.items():
        if _does(secret, sealed, Context("care.answers", of, "care", case, 1)):
            yield of, "care"


def _does(secret: bytes, sealed: bytes, context: Context) -> bool:
    try:
        unseal(secret, sealed, context)
    except Unsealable:
        return False
    return True
