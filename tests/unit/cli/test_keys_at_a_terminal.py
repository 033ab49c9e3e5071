"""Custody's commands at a real pseudo-terminal: what is on the screen, what is left of it, what is never echoed."""

import os
import pty
import re
import select
import subprocess
import sys
import time
from pathlib import Path

import pytest

from app.cli.keys_ceremony import hold_ceremony
from app.vault.keystore import Keystore, Unlock
from app.vault.root import read_head
from tests.unit.cli.custody import Room, make_room

_CLEARED = "\033[H\033[2J\033[3J"
_COMMAND = """
import argparse, os, sys
from app.cli import keys
parser = argparse.ArgumentParser()
keys.add_to(parser.add_subparsers())
given = parser.parse_args(sys.argv[1:])
sys.exit(given.act(given, os.environ))
"""


class Screen:
    """A command run at a pseudo-terminal, and what came out of it so far."""

    def __init__(self, room: Room, *words: str) -> None:
        self.out = ""
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            os.execve(sys.executable, [sys.executable, "-c", _COMMAND, *words], _environ(room))  # noqa: S606 - ourselves

    def until(self, words: str, seconds: float = 15) -> str:
        """Read until some words have come; return what is on the screen since it was last cleared."""
        end = time.monotonic() + seconds
        while words not in self.out.rpartition(_CLEARED)[2]:
            ready, _, _ = select.select([self.terminal], [], [], max(0, end - time.monotonic()))
            assert ready, f"{words!r} did not come: {self.out!r}"
            more = self._more()
            assert more, f"it ended before {words!r}: {self.out!r}"
            self.out += more
        return self.out.rpartition(_CLEARED)[2]

    def type(self, line: str) -> None:
        """Type a line, and take what was said before as read."""
        self.out = ""
        time.sleep(0.05)  # The echo is switched off just after the prompt.
        os.write(self.terminal, line.encode() + b"\n")

    def ended(self) -> int:
        """Wait for the end and return the exit status."""
        while more := self._more():
            self.out += more
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])

    def _more(self) -> str:
        try:
            return os.read(self.terminal, 65536).decode().replace("\r\n", "\n")
        except OSError:  # what a terminal says once nobody has it open
            return ""


@pytest.fixture
def room(tmp_path: Path) -> Room:
    """An installation whose connections are closed: the command opens its own."""
    made = make_room(tmp_path)
    made.table.db.dispose()
    return made


def test_a_whole_ceremony_at_a_terminal_leaves_nothing_on_the_screen(room: Room) -> None:
    screen, sheets = Screen(room, "keys", "ceremony", "--threshold", "2", "--shares", "2"), []
    for place in (1, 2):
        shown = screen.until("press Enter: ")
        assert _CLEARED in screen.out
        assert shown.count("Share ") == 1
        assert f"Share {place} of 2" in shown
        words = dict(re.findall(r"(\d+)\. ([a-z]+)", shown))
        sheets.append(" ".join(words[str(at)] for at in range(1, 34)))
        screen.type("")
        for _ in range(2):
            asked = screen.until(": ")
            number = asked.rpartition("Word ")[2].partition(":")[0]
            assert not any(word in screen.out for word in sheets[-1].split() if len(word) > 6)
            screen.type(words[number])
    for place, sheet in enumerate(sheets, 1):
        screen.until(f"Share {place} of 2: ")
        screen.type(sheet)
    status = screen.ended()

    assert status == 0, screen.out
    assert "Done: any 2 of the 2 shares" in screen.out
    assert not any(word in screen.out for sheet in sheets for word in sheet.split() if len(word) > 6)
    assert Keystore.open(room.directory, Unlock(shares=tuple(sheets)))


def test_a_ceremony_whose_output_goes_elsewhere_shows_no_share(room: Room) -> None:
    outside, inside = pty.openpty()
    words = [sys.executable, "-c", _COMMAND, "keys", "ceremony", "--threshold", "2", "--shares", "2"]
    done = subprocess.run(words, stdin=inside, capture_output=True, text=True, env=_environ(room))  # noqa: S603 - ourselves
    for end in (outside, inside):
        os.close(end)
    assert done.returncode != 0
    assert "NoTerminal" in done.stderr
    assert "Share 1" not in done.stdout + done.stderr
    assert len(read_head(room.directory).held) == 1


@pytest.mark.parametrize(("given", "status"), [(3, 0), (2, 1)])
def test_a_copy_and_enough_shares_are_all_that_a_clean_machine_needs(
    room: Room, tmp_path: Path, given: int, status: int
) -> None:
    hold_ceremony(room.table, 3, 5)
    room.table.db.dispose()
    before = (room.directory / "keystore.json").read_bytes()
    reader, writer = os.pipe()
    os.write(writer, "\n".join(room.people.sheets[-given:]).encode())
    os.close(writer)
    words = ["keys", "recover", "--keystore", str(room.directory), "--key-file", str(tmp_path / "new.key")]
    done = subprocess.run(  # noqa: S603 - ourselves
        [sys.executable, "-c", _COMMAND, *words, "--shares-fd", str(reader)],
        pass_fds=[reader],
        capture_output=True,
        text=True,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(sys.path)},
        cwd=tmp_path,
    )
    os.close(reader)
    assert done.returncode == status, done.stderr
    if status:
        assert "SharesMissing: shares still needed: 1 of 3" in done.stderr
        assert (room.directory / "keystore.json").read_bytes() == before
    else:
        again = Keystore.open(room.directory, Unlock(key_file=tmp_path / "new.key"))
        assert again.verify_key.hex() in done.stdout


def _environ(room: Room) -> dict[str, str]:
    settings = room.table.settings
    return {
        "PARAVENT_VAR": str(settings.var),
        "PARAVENT_VERIFY_KEY": settings.verify_key.hex(),
        "PARAVENT_WORDS_SALT": "00" * 16,
        "PARAVENT_KEYSTORE_KEY_FILE": str(room.key_file),
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.pathsep.join(sys.path),
        "TERM": "xterm",
    }
