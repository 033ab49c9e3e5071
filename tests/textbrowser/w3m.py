"""A person who uses w3m: each link and field has a number on the screen, which they type to go there."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.textbrowser.screen import COLUMNS, ROWS, Terminal, terminal

_END_OF_PAGE = "Cet appareil est"
_OPTIONS = ("display_link_number=1", "accept_cookie=1", "use_cookie=1", "ssl_verify_server=1", "confirm_qq=0")


class W3m:
    """The verbs of a person before the screen. A field is named by what is written beside it."""

    def __init__(self, program: Terminal) -> None:
        self._program = program

    def reads(self, words: str) -> str:
        """Wait for a page that says this, and return all that it says."""
        self._program.until(words)
        return self._program.until(_END_OF_PAGE)

    def chooses(self, label: str, which: int = 0) -> None:
        """Tick the choice with this label, the first of them unless told."""
        self._opens(self._number(r"\[(\d+)\]\([ *]\) ?" + re.escape(label), which))

    def fills(self, label: str, text: str) -> None:
        """Type into the first field after this label."""
        self._opens(self._number(re.escape(label) + r".*?\[(\d+)\]\["))
        self._press(f"{text}\r")

    def presses(self, label: str) -> None:
        """Press the last button with this label: they have no number, so it is searched for from the end."""
        self._press("G")
        self._press(f"?{label}\r")
        self._press("\r")

    def _number(self, pattern: str, which: int = 0) -> str:
        found = re.findall(pattern, self._program.screen.text)
        assert found, f"not on the screen: {pattern}\n{self._program.screen.text}"
        number: str = found[which]
        return number

    def _opens(self, number: str) -> None:
        self._press(f"{number}[")
        self._press("\r")

    def _press(self, keys: str) -> None:
        self._program.types(keys)
        self._program.settles()


@contextmanager
def w3m(address: str, certificate: Path, home: Path) -> Iterator[W3m]:
    """Open an address in w3m, which trusts this certificate alone."""
    environ = {
        "PATH": os.environ["PATH"],
        "TERM": "vt100",
        "LC_ALL": "C.UTF-8",
        "HOME": str(home),
        "LINES": str(ROWS),
        "COLUMNS": str(COLUMNS),
    }
    options = [word for option in (*_OPTIONS, f"ssl_ca_file={certificate}") for word in ("-o", option)]
    with terminal(["w3m", *options, address], environ) as program:
        yield W3m(program)
