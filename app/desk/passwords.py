"""Passwords of staff: what is accepted, and Argon2id behind a gate so that a flood can't take the processors."""

import threading
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from app.desk.common_passwords import ROOTS
from app.desk.errors import PasswordRefused, TooManyAtOnce

MIN_CHARACTERS = 12
MAX_CHARACTERS = 200


class Passwords:
    """Hashes and checks passwords, a few at a time. `wait_seconds` is how long a caller queues before giving up."""

    def __init__(self, hasher: PasswordHasher | None = None, at_once: int = 2, wait_seconds: float = 5.0) -> None:
        self._hasher = hasher or PasswordHasher()
        self._gate = threading.BoundedSemaphore(at_once)
        self._wait_seconds = wait_seconds
        self._nobody = self._hasher.hash("nobody has this password")

    def hash(self, password: str) -> str:
        """Return the Argon2id hash of a password. Raises TooManyAtOnce."""
        with self._turn():
            return self._hasher.hash(_normal(password))

    def match(self, password_hash: str | None, password: str) -> bool:
        """Say whether the password is right. Without a hash it takes the same time and is wrong.

        Raises TooManyAtOnce.
        """
        with self._turn():
            try:
                right = self._hasher.verify(password_hash or self._nobody, _normal(password))
            except (VerificationError, InvalidHashError):
                return False
        return right and password_hash is not None

    @contextmanager
    def _turn(self) -> Iterator[None]:
        if not self._gate.acquire(timeout=self._wait_seconds):
            raise TooManyAtOnce
        try:
            yield
        finally:
            self._gate.release()


def check_strength(password: str, login: str) -> None:
    """Accept any password of 12 to 200 characters that isn't well known or made of the login.

    No rule of composition (ASVS 5.0, V6.2.5). Raises PasswordRefused.
    """
    if len(password) < MIN_CHARACTERS:
        raise PasswordRefused("short")
    if len(password) > MAX_CHARACTERS:
        raise PasswordRefused("long")
    root = _root(password)
    if len(set(password)) < 5 or len(root) < 3 or root in ROOTS:
        raise PasswordRefused("common")
    if root == _root(login):
        raise PasswordRefused("login")


def _root(text: str) -> str:
    """Return the letters alone, lower-case, without accents."""
    spread = unicodedata.normalize("NFKD", text.lower())
    return "".join(character for character in spread if character.isascii() and character.isalpha())


def _normal(password: str) -> str:
    """One spelling for the same characters typed on two keyboards (RFC 8265, section 4.2.2)."""
    return unicodedata.normalize("NFC", password)
