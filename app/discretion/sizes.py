"""One size for every page, so that what travels tells nothing of what is read.

A compressed page is padded to the exact byte by a gzip extra field (RFC 1952, 2.3.1.1), which every decoder
skips. A page for a client without gzip is padded with spaces. A page that does not fit is a fault of ours:
it raises, it never takes "the next size".
"""

import struct
import zlib

PAGE_BYTES = 6144
"""Length of every compressed body."""

PLAIN_BYTES = 24576
"""Length of every body sent to a client without gzip."""

REQUEST_BYTES = 200
"""Length of the address and body of every POST in which nothing is typed; typed text adds its own."""

SLIP_BYTES, FORM_BYTES = 32 * 1024, 128 * 1024
"""Lengths of the two papers: every appointment slip, and the blank form of every profile."""

PAPER_BYTES = frozenset((SLIP_BYTES, FORM_BYTES))
"""The only lengths a file has."""

_QUICK, _THOROUGH = 3, 6
"""Levels of compression: most pages fit with room to spare however little they are compressed."""

_ROOMY = 512
"""Padding from which a quickly compressed page is good enough: what is told of the room left stays exact below."""

_WINDOW_BITS, _MEMORY = -15, 8
_HEADER = b"\x1f\x8b\x08\x04\x00\x00\x00\x00\x00\xff"  # deflate, extra field, no time, unknown system
_FRAME = len(_HEADER) + 2 + 4 + 8  # with the extra field's length, its subfield's header, and the trailer


class OverBudget(Exception):
    """A page is larger than the one size. The message holds lengths only."""

    def __init__(self, length: int, size: int) -> None:
        super().__init__(f"{length} bytes do not fit in {size}")


class Press:
    """Compresses pages that begin alike: their opening is compressed once, then only what follows it is."""

    def __init__(self, opening: bytes = b"", size: int = PAGE_BYTES) -> None:
        self._length, self._size = len(opening), size
        self._quick, _larger = _begun(_QUICK, opening)
        self._thorough, self._deflated = _begun(_THOROUGH, opening)
        self._checksum = zlib.crc32(opening)

    def __call__(self, rest: bytes) -> bytes:
        """Return the opening and `rest` as gzip, of exactly this press's size. Raises OverBudget."""
        deflated = self._pressed(self._quick, rest)
        if len(deflated) > self._size - _ROOMY:
            deflated = self._pressed(self._thorough, rest)
        return _framed(deflated, zlib.crc32(rest, self._checksum), self._length + len(rest), self._size)

    def _pressed(self, begun: "zlib._Compress", rest: bytes) -> bytes:
        """Return the opening, always compressed thoroughly, and the rest: both levels remember the same text."""
        state = begun.copy()
        return b"".join((self._deflated, state.compress(rest), state.flush()))


def _begun(level: int, opening: bytes) -> tuple["zlib._Compress", bytes]:
    """Return a compressor that has read the opening, and what it wrote of it: whole bytes, nothing held back."""
    state = zlib.compressobj(level, zlib.DEFLATED, _WINDOW_BITS, _MEMORY)
    return state, state.compress(opening) + state.flush(zlib.Z_SYNC_FLUSH) if opening else b""


def padded_gzip(body: bytes, size: int = PAGE_BYTES) -> bytes:
    """Return `body` as gzip of exactly `size` bytes. Raises OverBudget."""
    return Press(size=size)(body)


def padded_plain(body: bytes, size: int = PLAIN_BYTES) -> bytes:
    """Return `body` followed by spaces, `size` bytes in all. Raises OverBudget."""
    if len(body) > size:
        raise OverBudget(len(body), size)
    return body.ljust(size)


def _framed(deflated: bytes, checksum: int, length: int, size: int) -> bytes:
    padding = size - len(deflated) - _FRAME
    if padding < 0:
        raise OverBudget(size - padding, size)
    extra = struct.pack("<H2sH", padding + 4, b"pv", padding)
    trailer = struct.pack("<II", checksum, length)
    return b"".join((_HEADER, extra, bytes(padding), deflated, trailer))
