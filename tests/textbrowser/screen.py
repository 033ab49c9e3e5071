"""A terminal with a program in it, read as a person reads it: rows of signs."""

import contextlib
import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

ROWS, COLUMNS = 400, 110
"""So tall that no page scrolls."""
_WAIT = 30.0
_CONTROL = re.compile(
    r"\x1b\[([?\d;]*)([A-Za-z@`])|\x1b[()][0AB]|\x1b[=>78DEHMc]|[\x00-\x1f\x7f]|[^\x00-\x1f\x7f]+"
)


class Screen:
    """What a program wrote with the sequences of a VT100, as far as curses uses them on a tall terminal."""

    def __init__(self) -> None:
        self._rows = [[" "] * COLUMNS for _ in range(ROWS)]
        self._row = self._column = 0
        self._top, self._bottom = 0, ROWS - 1

    @property
    def text(self) -> str:
        """Return all rows, their white space made single."""
        return " ".join(" ".join("".join(row) for row in self._rows).split())

    def write(self, output: str) -> None:
        """Take in what the program wrote."""
        for found in _CONTROL.finditer(output):
            if found[2]:
                self._obey(found[2], [int(n) if n.isdigit() else 0 for n in found[1].split(";")])
            elif len(found[0]) == 1 and found[0] < " ":
                self._move(found[0])
            elif found[0] in ("\x1bD", "\x1bM"):
                self._step(down=found[0] == "\x1bD")
            elif not found[0].startswith("\x1b"):
                self._put(found[0])

    def _put(self, signs: str) -> None:
        for sign in signs:
            if self._column >= COLUMNS:
                self._row, self._column = min(self._row + 1, ROWS - 1), 0
            self._rows[self._row][self._column] = sign
            self._column += 1

    def _move(self, sign: str) -> None:
        if sign == "\r":
            self._column = 0
        elif sign == "\n":
            self._step(down=True)
        elif sign == "\b":
            self._column = max(self._column - 1, 0)
        elif sign == "\t":
            self._column = min((self._column // 8 + 1) * 8, COLUMNS - 1)

    def _step(self, *, down: bool) -> None:
        """Go to the next row or the one before; at the end of the region that scrolls, scroll it."""
        if self._row != (self._bottom if down else self._top):
            self._row = min(max(self._row + (1 if down else -1), 0), ROWS - 1)
            return
        gone, new = (self._top, self._bottom) if down else (self._bottom, self._top)
        del self._rows[gone]
        self._rows.insert(new, [" "] * COLUMNS)

    def _obey(self, order: str, numbers: list[int]) -> None:
        first = numbers[0]
        by = max(first, 1)
        if order in "Hf":
            self._row = min(by, ROWS) - 1
            self._column = min(max(numbers[1] if len(numbers) > 1 else 1, 1), COLUMNS) - 1
        elif order in "AB":
            self._row = min(max(self._row + (by if order == "B" else -by), 0), ROWS - 1)
        elif order in "CD":
            self._column = min(max(self._column + (by if order == "C" else -by), 0), COLUMNS - 1)
        elif order == "K":
            start, end = (0, self._column + 1) if first == 1 else (self._column if first == 0 else 0, COLUMNS)
            self._rows[self._row][start:end] = " " * (end - start)
        elif order == "J":
            self._clear(first)
        elif order == "r":
            self._top = by - 1
            self._bottom = (numbers[1] if len(numbers) > 1 and numbers[1] else ROWS) - 1
            self._row = self._column = 0

    def _clear(self, which: int) -> None:
        if which == 0:
            self._obey("K", [0])
        begin, end = (self._row + 1, ROWS) if which == 0 else (0, self._row if which == 1 else ROWS)
        for row in range(begin, end):
            self._rows[row] = [" "] * COLUMNS


class Terminal:
    """A program that runs in a terminal: keys go in, its screen is read."""

    def __init__(self, keys: int) -> None:
        self._keys, self.screen = keys, Screen()

    def types(self, keys: str) -> None:
        """Press keys."""
        os.write(self._keys, keys.encode())

    def until(self, words: str) -> str:
        """Read until words stand on the screen, and return it. Raises TimeoutError."""
        until = time.monotonic() + _WAIT
        while time.monotonic() < until:
            self.settles()
            shown = self.screen.text
            if words in shown:
                return shown
        raise TimeoutError(f"{words!r} is not on the screen:\n{self.screen.text}")

    def settles(self) -> None:
        """Take in what is written until the program is quiet for a moment."""
        while select.select([self._keys], [], [], 0.15)[0]:
            with contextlib.suppress(OSError):
                self.screen.write(os.read(self._keys, 65536).decode("utf-8", "replace"))


@contextmanager
def terminal(command: list[str], environ: Mapping[str, str]) -> Iterator[Terminal]:
    """Run a program in a tall terminal until the block ends."""
    process, keys = pty.fork()
    if process == 0:
        os.execvpe(command[0], command, dict(environ))  # noqa: S606 - a program of this machine, no shell
    try:
        fcntl.ioctl(keys, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        yield Terminal(keys)
    finally:
        os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)
        os.close(keys)
