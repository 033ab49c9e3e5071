"""Codes of slots and windows: sixteen characters that say nothing to a reader, all of one width.

Ten characters are the start of a digest of what is offered (a practitioner at a site, a call, a visit to the desk),
six are the cell it starts at. A code is no proof of anything: whoever reads one checks it against the directory.
"""

import hashlib
from functools import lru_cache

CODE_WIDTH = 16
_TAG_WIDTH = 10


@lru_cache(maxsize=4096)
def tag(*parts: bytes) -> str:
    """Return the ten characters that stand for what is offered."""
    digest = hashlib.sha256(b"".join(len(part).to_bytes(1, "big") + part for part in parts))
    return digest.hexdigest()[:_TAG_WIDTH]


def encode(of: str, cell: int) -> str:
    """Return the code of a tag and a cell."""
    return f"{of}{cell:06x}"


def decode(code: str) -> tuple[str, int] | None:
    """Return the tag and cell of a code, or None for anything malformed."""
    if len(code) != CODE_WIDTH or not set(code) <= set("0123456789abcdef"):
        return None
    return code[:_TAG_WIDTH], int(code[_TAG_WIDTH:], 16)
