import gzip
import hashlib
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
    packed = Press(OPENING)(OPENING + rest)
    assert len(packed) == PAGE_BYTES
    assert gzip.decompress(packed) == OPENING + rest


def test_a_body_with_another_opening_is_pressed_all_the_same() -> None:
    assert gzip.decompress(Press(OPENING)(b"<p>")) == b"<p>"


def test_a_press_serves_many_pages_without_mixing_them() -> None:
    press = Press(OPENING)
    pages = [OPENING + str(number).encode() * number for number in range(50)]
    assert [gzip.decompress(press(page)) for page in pages] == pages


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


def test_a_plain_body_has_its_own_size() -> None:
    assert len(padded_plain(b"<p>")) == len(padded_plain(b"<p>" * 2000)) == PLAIN_BYTES
    with pytest.raises(OverBudget):
        padded_plain(b"a" * (PLAIN_BYTES + 1))


def test_padding_is_not_a_second_member_or_a_trailer() -> None:
    inflate = zlib.decompressobj(wbits=31)
    assert inflate.decompress(padded_gzip(b"words")) == b"words"
    assert inflate.eof
    assert inflate.unused_data == b""
