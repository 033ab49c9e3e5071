"""A person who uses w3m: each link and field has a number on the screen, which they type to go there."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.textbrowser.person import Person, environment
from tests.textbrowser.screen import terminal

_OPTIONS = ("display_link_number=1", "accept_cookie=1", "use_cookie=1", "ssl_verify_server=1", "confirm_qq=0")


class W3m(Person):
    """The verbs of a person before the screen. A field is named by what is written beside it."""

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

    def _opens(self, number: str) -> None:
        self._press(f"{number}[")
        self._press("\r")


@contextmanager
def w3m(address: str, certificate: Path, home: Path) -> Iterator[W3m]:
    """Open an address in w3m, which trusts this certificate alone."""
    options = [word for option in (*_OPTIONS, f"ssl_ca_file={certificate}") for word in ("-o", option)]
    with terminal(["w3m", *options, address], environment(home)) as program:
        yield W3m(program)
