import gzip
import hashlib
import random
import struct
import subprocess
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.discretion.sizes import PAGE_BYTES, PLAIN_BYTES, OverBudget, Press, padded_gzip, padded_plain

OPENING = b"<!doctype html><style>" + b"a{color:red}" * 40 + b"</style>"


def test_the_one_size_is_within_the_promise() -> None:
    assert PAGE_BYTES <= 8192


@given(st.binary(max_size=4000))
def test_any_body_has_the_one_size_and_comes_back_whole(body: bytes) -> None:
    packed = padded_gzip(body)
    assert len(packed) == PAGE_BYTES
    assert gzip.decompress(packed) == body


@given(st.binary(max_size=3000))
def test_a_shared_opening_changes_nothing_of_what_is_read(rest: bytes) -> None:
    packed = Press(OPENING)(rest)
    assert len(packed) == PAGE_BYTES
    assert gzip.decompress(packed) == OPENING + rest


def test_a_press_serves_many_pages_without_mixing_them() -> None:
    press = Press(OPENING)
    pages = [str(number).encode() * number for number in range(50)]
    assert [gzip.decompress(press(page)) for page in pages] == [OPENING + page for page in pages]


def test_a_strict_decoder_accepts_the_padding() -> None:
    done = subprocess.run(["/bin/gzip", "-dc"], input=padded_gzip(b"words"), capture_output=True, check=True)
    assert done.stdout == b"words"


def test_the_size_is_exact_at_the_edge_and_over_it_raises() -> None:
    noise = b"".join(hashlib.sha256(bytes([n])).digest() for n in range(PAGE_BYTES // 32))
    fits = next(n for n in range(PAGE_BYTES, 0, -1) if _fits(noise[:n]))
    assert len(padded_gzip(noise[:fits])) == PAGE_BYTES
    with pytest.raises(OverBudget):
        padded_gzip(noise[: fits + 1])


def _fits(body: bytes) -> bool:
    try:
        padded_gzip(body)
    except OverBudget:
        return False
    return True


def test_a_nearly_full_page_is_compressed_as_well_as_can_be_and_another_one_quickly() -> None:
    drawn = random.Random(1)  # noqa: S311 - any words will do
    words = b" ".join(bytes(drawn.choices(b"abcdef", k=drawn.randint(2, 6))) for _ in range(600))
    quick = PAGE_BYTES - room(padded_gzip(words))
    thorough = quick - room(padded_gzip(words, quick))
    assert thorough < quick
    for more in (0, 1, 511):
        assert room(padded_gzip(words, thorough + more)) == more


def room(packed: bytes) -> int:
    """Return how many bytes of a packed page are padding."""
    (padding,) = struct.unpack_from("<H", packed, 14)
    return int(padding)


def test_a_plain_body_has_its_own_size() -> None:
    assert len(padded_plain(b"<p>")) == len(padded_plain(b"<p>" * 2000)) == PLAIN_BYTES
    with pytest.raises(OverBudget):
        padded_plain(b"a" * (PLAIN_BYTES + 1))


def test_padding_is_not_a_second_member_or_a_trailer() -> None:
    inflate = zlib.decompressobj(wbits=31)
    assert inflate.decompress(padded_gzip(b"words")) == b"words"
    assert inflate.eof
    assert inflate.unused_data == b""
