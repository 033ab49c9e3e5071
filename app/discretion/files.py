"""Files leave in a few sizes, outside the pages' gate: what is read of one is its class, not its length."""

KIB = 1024
CLASSES = tuple(KIB << power for power in range(4, 14))
"""Lengths a file may have: 16 KiB, then doubling, up to 8 MiB."""


class FileTooLong(Exception):
    """A file is longer than the greatest class. The message holds its length only."""


def size_class(length: int) -> int:
    """Return the least class that holds `length` bytes. Raises FileTooLong."""
    for size in CLASSES:
        if length <= size:
            return size
    raise FileTooLong(f"{length} bytes exceed {CLASSES[-1]}")
