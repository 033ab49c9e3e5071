"""A person who uses Lynx: each link and field has a number on the screen, which they type to go there."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.textbrowser.person import Person, environment
from tests.textbrowser.screen import terminal

_COMMAND = ["lynx", "-accept_all_cookies", "-display_charset=utf-8", "-number_fields", "-nopause", "-tna"]


class Lynx(Person):
    """The verbs of a person before the screen. A field is named by what is written beside it."""

    def chooses(self, label: str, which: int = 0) -> None:
        """Tick the choice with this label, the first of them unless told."""
        self._goes_to(self._number(r"\[(\d+)\]\([ *]\) " + re.escape(label), which))
        self._press("\r")

    def fills(self, label: str, text: str) -> None:
        """Type into the first field after this label."""
        self._goes_to(self._number(re.escape(label) + r".*?\[(\d+)\]_"))
        self._press("\r")
        self._press(text)
        self._press("\t")

    def presses(self, label: str) -> None:
        """Press the last button with this label."""
        self._goes_to(self._number(r"\(\[(\d+)\]\w*\) " + re.escape(label), -1))
        self._press("\r")

    def _goes_to(self, number: str) -> None:
        """Ask for a number, a zero before it so that Lynx takes no digit for an arrow key."""
        self._press("0")
        self._press(f"{number}g")
        self._press("\r")


@contextmanager
def lynx(address: str, certificate: Path, home: Path) -> Iterator[Lynx]:
    """Open an address in Lynx, which trusts this certificate alone."""
    environ = environment(home) | {"SSL_CERT_FILE": str(certificate)}
    with terminal([*_COMMAND, address], environ) as program:
        yield Lynx(program)
