"""A secret under the key of its half-day: bound to its row, and what was wrapped before this form is read still."""

import os
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.vault.sealing import Unsealable, lock, new_secret
from app.vault.wrapping import DayKey

WHO, OTHER = UUID(int=1), UUID(int=2)


def test_what_is_wrapped_is_unwrapped_for_its_row_alone() -> None:
    key, secret = DayKey(new_secret()), new_secret()
    wrapped = key.wrap(secret, WHO, "care")

    assert key.unwrap(wrapped, WHO, "care") == secret
    for who, purpose, by in ((OTHER, "care", key), (WHO, "contact", key), (WHO, "care", DayKey(new_secret()))):
        with pytest.raises(Unsealable):
            by.unwrap(wrapped, who, purpose)


def test_no_two_wrappings_are_alike() -> None:
    key, secret = DayKey(new_secret()), new_secret()

    assert len({key.wrap(secret, WHO, "care")[:13] for _ in range(1000)}) == 1000


def test_any_bit_flipped_or_byte_missing_is_refused() -> None:
    key = DayKey(new_secret())
    wrapped = key.wrap(new_secret(), WHO, "care")
    flipped = [
        wrapped[:place] + bytes([wrapped[place] ^ 1 << bit]) + wrapped[place + 1 :]
        for place in range(len(wrapped))
        for bit in range(8)
    ]

    for bad in (*flipped, *(wrapped[:length] for length in range(len(wrapped))), wrapped + b"\0"):
        with pytest.raises(Unsealable):
            key.unwrap(bad, WHO, "care")


def test_a_secret_wrapped_in_the_former_form_is_read() -> None:
    key, secret = DayKey(new_secret()), new_secret()
    former = lock(key.key, secret, b"paravent secret 1 " + WHO.bytes + b"care")

    assert key.unwrap(former, WHO, "care") == secret
    with pytest.raises(Unsealable):
        key.unwrap(former, OTHER, "care")


@given(st.binary(max_size=200))
def test_whatever_a_row_holds_nothing_else_is_raised(row: bytes) -> None:
    with pytest.raises(Unsealable):
        DayKey(os.urandom(32)).unwrap(row, WHO, "care")


def test_a_key_is_not_shown() -> None:
    key = DayKey(new_secret())

    assert key.key.hex() not in repr(key)
    assert str(key.key) not in repr(key)
