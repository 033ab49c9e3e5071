"""The search through a browser's files opens what they are packed in."""

import gzip
import random
from pathlib import Path

import pytest

from tests.factories.traces import betrayals, files_with, hits_in_bytes
from tests.factories.unpacked import ENCRYPTED_TABS, MOZ_LZ4, TABLE_ENDS, contents, lz4_block, snappy

TEXT = b"psychiatre psychiatre"
LZ4 = b"\xb6psychiatre \x0b\x00"
SNAPPY = b"\x15" + bytes([10 << 2]) + b"psychiatre " + bytes([(10 - 4) << 2 | 1, 11])


def test_what_is_copied_from_before_is_unpacked() -> None:
    assert lz4_block(LZ4) == TEXT
    assert snappy(SNAPPY) == TEXT


def test_a_long_literal_has_its_length_after_the_token() -> None:
    long = bytes(range(256)) * 2
    assert lz4_block(b"\xf0\xff" + bytes([512 - 15 - 255]) + long) == long
    assert snappy(b"\x80\x04" + bytes([61 << 2]) + (511).to_bytes(2, "little") + long) == long


def table(block: bytes) -> bytes:
    """Return a LevelDB table of one packed block."""
    entry = b"\x00\x01" + bytes([2]) + b"k" + bytes([0, len(block)])
    index = entry + bytes(4) + (1).to_bytes(4, "little")
    handles = bytes([0, 0, len(block) + 5, len(index)])
    return block + b"\x01" + bytes(4) + index + b"\x00" + bytes(4) + handles.ljust(40, b"\0") + TABLE_ENDS


def test_each_packing_is_opened_where_it_stands() -> None:
    for packed in (b"key" + gzip.compress(TEXT) + b"end", MOZ_LZ4 + bytes(4) + LZ4, table(SNAPPY)):
        assert TEXT not in packed
        assert any(TEXT in found for found in contents(packed))


def test_a_word_is_found_in_utf_16_and_in_a_packed_file(tmp_path: Path) -> None:
    (tmp_path / "wide").write_bytes("Le psychiatre".encode("utf-16-le"))
    (tmp_path / "packed").write_bytes(gzip.compress(TEXT))
    (tmp_path / "clean").write_bytes(b"Mon espace")
    assert files_with(tmp_path, ("psychiatre",)) == ["packed: psychiatre", "wide: psychiatre"]
    assert {line.split(":")[0] for line in betrayals(tmp_path)} == {"packed", "wide"}


# "psychiatre psychiatre", encrypted by `openssl enc -aes-128-cbc` with Chromium's key for who has no keyring.
RECORD = b"v10" + bytes.fromhex("66ddbcdc eb292e29 34ffe526 91eeeae8 26afc28a 1ef659bc bed2c4f2 52d2695f")


def test_a_list_of_tabs_is_decrypted_up_to_where_a_crash_cut_it() -> None:
    length = len(RECORD).to_bytes(4, "little")
    whole = ENCRYPTED_TABS + length + RECORD
    assert contents(whole + length + RECORD[:20]) == [TEXT]


def test_a_list_of_tabs_that_cannot_be_decrypted_is_never_passed_over() -> None:
    with pytest.raises(ValueError, match="not known here"):
        contents(ENCRYPTED_TABS + (19).to_bytes(4, "little") + b"v11" + bytes(16))


def test_bytes_that_mean_nothing_spell_no_word_by_chance() -> None:
    noise = random.Random(20260101).randbytes(4_000_000)  # noqa: S311 - noise for a test, the same each time
    assert set(hits_in_bytes(noise)) == set()


@pytest.mark.parametrize(
    "held", [b"\x00\xffpsychiatre\xff", b"\x01http://a.example/ivg\x02", b"\x07" + "IVG".encode("utf-16-le")]
)
def test_a_word_among_bytes_that_mean_nothing_is_found(held: bytes) -> None:
    assert set(hits_in_bytes(held))
