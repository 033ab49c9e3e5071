"""Custodians' shares: any k of n give the key back, fewer don't, and a wrong one is told from a missing one."""

import os
from dataclasses import replace
from datetime import date
from itertools import combinations

import pytest
from shamir_mnemonic import Share

from app.vault.custodians import Collected, Custody, combine, split
from app.vault.errors import (
    CeremonyRefused,
    KeystoreError,
    ShareDouble,
    ShareMalformed,
    ShareOfAnotherCeremony,
    SharesMissing,
    SharesRefused,
)

DAY = date(2026, 11, 18)
KEY = bytes(range(32))
CUSTODY, SHARES = split(KEY, 3, 5, DAY)


@pytest.mark.parametrize("three", [*combinations(range(5), 3)], ids=str)
def test_any_three_of_five_give_the_key_back(three: tuple[int, ...]) -> None:
    assert combine([SHARES[at] for at in three], CUSTODY) == KEY


@pytest.mark.parametrize("two", [*combinations(range(5), 2)], ids=str)
def test_no_two_of_five_do(two: tuple[int, ...]) -> None:
    with pytest.raises(SharesMissing, match="1 of 3"):
        combine([SHARES[at] for at in two], CUSTODY)


def test_two_shares_passed_off_as_enough_do_not_open_either() -> None:
    forged = [replace(Share.from_mnemonic(SHARES[at]), member_threshold=2).mnemonic() for at in (0, 1)]
    with pytest.raises(SharesRefused):
        combine(forged, replace(CUSTODY, threshold=2))


def test_more_shares_than_needed_in_any_order_do_no_harm() -> None:
    assert combine(reversed(SHARES), CUSTODY) == KEY


def test_a_share_is_33_words_and_a_ceremony_says_nothing_of_who() -> None:
    assert {len(share.split()) for share in SHARES} == {33}
    assert replace(CUSTODY, ceremony=0) == Custody(3, 5, 0, DAY)
    assert len({split(KEY, 3, 5, DAY)[1] for _ in range(3)}) == 3


def test_capitals_and_blanks_do_not_matter() -> None:
    typed = [f"  {share.upper().replace(' ', '   ')} " for share in SHARES[:3]]
    assert combine(typed, CUSTODY) == KEY


@pytest.mark.parametrize(("threshold", "count"), [(1, 1), (1, 3), (0, 3), (4, 3), (2, 17), (17, 17), (-2, 5)])
def test_shares_that_protect_nothing_or_are_too_many_are_refused(threshold: int, count: int) -> None:
    with pytest.raises(CeremonyRefused, match="choose a threshold"):
        split(KEY, threshold, count, DAY)


@pytest.mark.parametrize("count", [2, 16])
def test_the_smallest_and_the_largest_ceremonies_work(count: int) -> None:
    custody, shares = split(KEY, count, count, DAY)
    assert combine(shares, custody) == KEY


def _words_changed(share: str) -> list[str]:
    words = share.split()
    return [
        "",
        "   ",
        share.replace(words[7], "xylophone"),
        " ".join(words[:-1]),
        " ".join([*words, "academic"]),
        " ".join([*words[:9], words[10], words[9], *words[11:]]) if words[9] != words[10] else "",
        " ".join(
            ["acid" if words[20] != "acid" else "acne" if at == 20 else word for at, word in enumerate(words)]
        ),
        "é" * 40,
        "\udcff",
    ]


@pytest.mark.parametrize("wrong", _words_changed(SHARES[1]))
def test_a_wrong_word_anywhere_is_a_malformed_share_named_by_its_place(wrong: str) -> None:
    with pytest.raises(ShareMalformed, match="share 2 ") as caught:
        combine([SHARES[0], wrong, SHARES[2]], CUSTODY)
    _tells_no_word(caught.value)


def test_every_single_wrong_word_is_seen() -> None:
    words = SHARES[0].split()
    for at in range(len(words)):
        other = "wolf" if words[at] != "wolf" else "woman"
        with pytest.raises(ShareMalformed):
            combine([" ".join([*words[:at], other, *words[at + 1 :]])], CUSTODY)


def test_a_share_of_another_ceremony_is_said_to_be() -> None:
    other, shares = split(KEY, 3, 5, DAY)
    assert other.ceremony != CUSTODY.ceremony, "two ceremonies in 32,768 have one number: run again"
    with pytest.raises(ShareOfAnotherCeremony, match=f"share 2 .*{CUSTODY.ceremony}") as caught:
        combine([SHARES[0], shares[1]], CUSTODY)
    _tells_no_word(caught.value)


@pytest.mark.parametrize("change", [{"member_threshold": 2}, {"index": 5}, {"group_index": 1, "group_count": 2}])
def test_a_share_of_another_shape_is_of_another_ceremony(change: dict[str, int]) -> None:
    altered = replace(Share.from_mnemonic(SHARES[0]), **change).mnemonic()
    with pytest.raises(ShareOfAnotherCeremony):
        combine([altered], CUSTODY)


def test_one_share_twice_counts_once() -> None:
    with pytest.raises(ShareDouble, match="share 3 ") as caught:
        combine([SHARES[0], SHARES[1], SHARES[0].upper()], CUSTODY)
    _tells_no_word(caught.value)


def test_a_forged_share_with_a_right_checksum_opens_nothing() -> None:
    forged = replace(Share.from_mnemonic(SHARES[0]), value=os.urandom(32)).mnemonic()
    with pytest.raises(SharesRefused, match="forged"):
        combine([forged, *SHARES[1:3]], CUSTODY)


def test_what_is_missing_is_counted_and_a_refused_share_is_not_taken() -> None:
    collected = Collected(CUSTODY)
    assert collected.missing == 3
    collected.add(SHARES[4])
    with pytest.raises(ShareDouble):
        collected.add(SHARES[4])
    with pytest.raises(ShareMalformed):
        collected.add("no share at all")
    assert collected.missing == 2
    with pytest.raises(SharesMissing, match="needed: 2 of 3"):
        collected.recovery_key()


def _tells_no_word(fault: KeystoreError) -> None:
    """No word of any share may be in a message, but those that are plain English of the message itself."""
    ours = {
        "share",
        "that",
        "take",
        "another",
        "again",
        "already",
        "read",
        "given",
        "ask",
        "sheet",
        "word",
        "wrong",
    }
    told = set(str(fault).replace(":", " ").replace(",", " ").lower().split()) - ours
    assert not told & {word for share in SHARES for word in share.split()}
    assert fault.__cause__ is None
    assert fault.__suppress_context__ or fault.__context__ is None
