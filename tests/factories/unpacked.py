"""What a browser's file holds once unpacked: gzip in a cache, Mozilla's LZ4, LevelDB's blocks, encrypted tabs."""

import hashlib
import re
import zlib
from collections.abc import Iterator

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.padding import PKCS7

MOZ_LZ4 = b"mozLz40\0"
TABLE_ENDS = bytes.fromhex("57fb808b247547db")
"""The last eight bytes of a LevelDB table (table/format.cc: kTableMagicNumber)."""
_FOOTER, _TRAILER, _COMPRESSED = 48, 5, 1
ENCRYPTED_TABS = b"SNSS\x05\0\0\0"
"""How Chromium's list of tabs begins in `Sessions_Encrypted`: records, each with its length before it."""
_ENCRYPTED = b"v10"
_KEY = hashlib.pbkdf2_hmac("sha1", b"peanuts", b"saltysalt", 1, 16)
"""What Chromium encrypts with when no keyring is asked (os_crypt_linux.cc, kObfuscationKeyV10): known to all."""


def contents(raw: bytes) -> list[bytes]:
    """Return a file's bytes, and those of everything packed in it that this module can open.

    What is encrypted is given decrypted only: its own bytes say nothing, save by chance.
    """
    if raw.startswith(ENCRYPTED_TABS):
        return [b"".join(encrypted_records(raw))]
    found = [raw, *_gzip_members(raw)]
    if raw.startswith(MOZ_LZ4):
        found.append(lz4_block(raw[len(MOZ_LZ4) + 4 :]))
    if raw.endswith(TABLE_ENDS):
        found.extend(table_blocks(raw))
    return found


def encrypted_records(raw: bytes) -> Iterator[bytes]:
    """Yield the decrypted records of a list of tabs, up to one that a crash cut short. Raises ValueError."""
    at = len(ENCRYPTED_TABS)
    while at + 4 <= len(raw):
        end = at + 4 + int.from_bytes(raw[at : at + 4], "little")
        if end > len(raw):
            return
        yield _decrypted(raw[at + 4 : end])
        at = end


def _decrypted(record: bytes) -> bytes:
    if not record.startswith(_ENCRYPTED):
        raise ValueError("a list of tabs is encrypted in a way not known here")
    reading = Cipher(AES(_KEY), CBC(b" " * 16)).decryptor()
    padded = reading.update(record[len(_ENCRYPTED) :]) + reading.finalize()
    unpadding = PKCS7(128).unpadder()
    return unpadding.update(padded) + unpadding.finalize()


def _gzip_members(raw: bytes) -> Iterator[bytes]:
    for start in re.finditer(rb"\x1f\x8b\x08", raw):
        try:
            yield zlib.decompressobj(31).decompress(raw[start.start() :])
        except zlib.error:
            continue


def lz4_block(packed: bytes) -> bytes:
    """Unpack an LZ4 block (lz4_Block_format.md): literals, then a copy of what came before, and again."""
    out, at = bytearray(), 0
    while at < len(packed):
        token = packed[at]
        literals, at = _lz4_length(packed, at + 1, token >> 4)
        out += packed[at : at + literals]
        at += literals
        if at >= len(packed):
            break
        distance = int.from_bytes(packed[at : at + 2], "little")
        copied, at = _lz4_length(packed, at + 2, token & 15)
        _copy(out, distance, copied + 4)
    return bytes(out)


def _lz4_length(packed: bytes, at: int, length: int) -> tuple[int, int]:
    if length < 15:
        return length, at
    while True:
        more = packed[at]
        length, at = length + more, at + 1
        if more != 255:
            return length, at


def table_blocks(raw: bytes) -> list[bytes]:
    """Return the data blocks of a LevelDB table, unpacked. One that is damaged is left out."""
    index_at = _varint(raw, _varint(raw, _varint(raw, len(raw) - _FOOTER)[1])[1])
    size = _varint(raw, index_at[1])[0]
    found = []
    for handle in _values(_block(raw, index_at[0], size)):
        offset, at = _varint(handle, 0)
        found.append(_block(raw, offset, _varint(handle, at)[0]))
    return found


def _block(raw: bytes, offset: int, size: int) -> bytes:
    body, kind = raw[offset : offset + size], raw[offset + size]
    return snappy(body) if kind == _COMPRESSED else body


def _values(block: bytes) -> Iterator[bytes]:
    """Yield the values of a block's entries: shared, unshared and value lengths, then key and value."""
    restarts = int.from_bytes(block[-4:], "little")
    end, at = len(block) - 4 * (restarts + 1), 0
    while at < end:
        _shared, at = _varint(block, at)
        unshared, at = _varint(block, at)
        length, at = _varint(block, at)
        yield block[at + unshared : at + unshared + length]
        at += unshared + length


def snappy(packed: bytes) -> bytes:
    """Unpack a Snappy block (format_description.txt)."""
    _length, at = _varint(packed, 0)
    out = bytearray()
    while at < len(packed):
        tag = packed[at]
        if tag & 3 == 0:
            length, at = _snappy_literal(packed, at)
            out += packed[at : at + length]
            at += length
        else:
            length, distance, at = _snappy_copy(packed, at)
            _copy(out, distance, length)
    return bytes(out)


def _snappy_literal(packed: bytes, at: int) -> tuple[int, int]:
    length = packed[at] >> 2
    if length < 60:
        return length + 1, at + 1
    width = length - 59
    return int.from_bytes(packed[at + 1 : at + 1 + width], "little") + 1, at + 1 + width


def _snappy_copy(packed: bytes, at: int) -> tuple[int, int, int]:
    tag = packed[at]
    if tag & 3 == 1:
        return (tag >> 2 & 7) + 4, (tag >> 5) << 8 | packed[at + 1], at + 2
    width = 2 if tag & 3 == 2 else 4
    return (tag >> 2) + 1, int.from_bytes(packed[at + 1 : at + 1 + width], "little"), at + 1 + width


def _copy(out: bytearray, distance: int, length: int) -> None:
    """Append `length` bytes that stand `distance` back, which may overlap what is being written."""
    for _ in range(length):
        out.append(out[-distance])


def _varint(raw: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = raw[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return value, at
