"""A person before a text browser: links and fields have numbers on the screen, which they type to go there."""

import os
import re
from pathlib import Path

from tests.textbrowser.screen import COLUMNS, ROWS, Terminal

_END_OF_PAGE = "Cet appareil est"


class Person:
    """What a person does in any of them. How a field is filled or a button pressed is the browser's own way."""

    def __init__(self, program: Terminal) -> None:
        self._program = program

    def reads(self, words: str) -> str:
        """Wait for a page that says this, and return all that it says."""
        self._program.until(words)
        return self._program.until(_END_OF_PAGE)

    def _number(self, pattern: str, which: int = 0) -> str:
        found = re.findall(pattern, self._program.screen.text)
        assert found, f"not on the screen: {pattern}\n{self._program.screen.text}"
        number: str = found[which]
        return number

    def _press(self, keys: str) -> None:
        self._program.types(keys)
        self._program.settles()


def environment(home: Path) -> dict[str, str]:
    """Return what a text browser is told of its terminal, and where its own files go."""
    return {
        "PATH": os.environ["PATH"],
        "TERM": "vt100",
        "LC_ALL": "C.UTF-8",
        "HOME": str(home),
        "LINES": str(ROWS),
        "COLUMNS": str(COLUMNS),
    }
