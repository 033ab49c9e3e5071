"""Custodians' shares: a recovery key split by Shamir's scheme in SLIP-39's words (SatoshiLabs, 2017), k of n.

The recovery key is 32 random bytes that exist only while a ceremony or a recovery lasts. It wraps the root key as
one lock among others. Fewer than k shares tell nothing of it (Shamir, *How to share a secret*, 1979). A share is
never stored or logged; an error names it by its place among those given, never by its words.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from shamir_mnemonic import MnemonicError, Share, combine_mnemonics, generate_mnemonics

from app.vault.errors import (
    CeremonyRefused,
    ShareDouble,
    ShareMalformed,
    ShareOfAnotherCeremony,
    SharesMissing,
    SharesRefused,
)

FEWEST, MOST = 2, 16
"""Least threshold, and most shares (SLIP-39 counts them in 4 bits)."""


@dataclass(frozen=True, slots=True)
class Custody:
    """A ceremony as its lock remembers it: how many shares of how many, its number, its day; nothing of who.

    `ceremony` is SLIP-39's identifier, 15 random bits that every share of it begins with.
    """

    threshold: int
    count: int
    ceremony: int
    held_on: date


def split(recovery_key: bytes, threshold: int, count: int, held_on: date) -> tuple[Custody, tuple[str, ...]]:
    """Split a recovery key into `count` shares of 33 words, any `threshold` of which give it back.

    Raises CeremonyRefused.
    """
    if not FEWEST <= threshold <= count <= MOST:
        raise CeremonyRefused(
            f"shares are from {FEWEST} of {FEWEST} to {MOST} of {MOST}: choose a threshold within"
        )
    [shares] = generate_mnemonics(1, [(threshold, count)], recovery_key)
    return Custody(threshold, count, Share.from_mnemonic(shares[0]).identifier, held_on), tuple(shares)


def combine(shares: Iterable[str], custody: Custody) -> bytes:
    """Return the recovery key that these shares of one ceremony give. More than are needed do no harm.

    Raises ShareMalformed, ShareOfAnotherCeremony, ShareDouble, SharesMissing, SharesRefused.
    """
    collected = Collected(custody)
    for share in shares:
        collected.add(share)
    return collected.recovery_key()


class Collected:
    """Shares as they are given, each checked at once."""

    def __init__(self, custody: Custody) -> None:
        self._custody = custody
        self._given: dict[int, str] = {}

    @property
    def missing(self) -> int:
        """How many more shares are needed."""
        return max(0, self._custody.threshold - len(self._given))

    def add(self, typed: str) -> None:
        """Take one more share. Raises ShareMalformed, ShareOfAnotherCeremony, ShareDouble; it is then not taken."""
        place, custody = len(self._given) + 1, self._custody
        try:
            share = Share.from_mnemonic(typed.lower())
        except MnemonicError:
            raise ShareMalformed(
                f"share {place} has a wrong or missing word: read it again, word by word"
            ) from None
        shape = (share.identifier, share.member_threshold, share.group_index, share.group_threshold)
        if shape != (custody.ceremony, custody.threshold, 0, 1) or share.index >= custody.count:
            raise ShareOfAnotherCeremony(f"share {place} is of another ceremony: take the sheet of ceremony "
                                         f"{custody.ceremony}, of {custody.held_on}")  # fmt: skip
        if share.index in self._given:
            raise ShareDouble(f"share {place} was given already: ask another custodian")
        self._given[share.index] = share.mnemonic()

    def recovery_key(self) -> bytes:
        """Return what the shares give together. Raises SharesMissing, SharesRefused."""
        if self.missing:
            raise SharesMissing(f"shares still needed: {self.missing} of {self._custody.threshold}")
        try:
            return bytes(combine_mnemonics(list(self._given.values())[: self._custody.threshold]))
        except MnemonicError:
            raise SharesRefused("these shares don't fit together: one is forged; try with others") from None
