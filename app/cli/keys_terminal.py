"""What the commands of custody show and ask at a terminal. A share is shown there, and goes nowhere else."""

import getpass
import sys
from typing import Protocol

from app.vault.custodians import Collected, Custody
from app.vault.errors import KeystoreError, ShareDouble, ShareMalformed, ShareOfAnotherCeremony

_CLEAR = "\033[H\033[2J\033[3J"
"""Home, clear, and clear what can be scrolled back to (ECMA-48, and xterm's `CSI 3 J`)."""
_WRONG_AT_MOST = 10


class NoTerminal(KeystoreError):
    """This command speaks with people, and its input or output is no terminal."""


class GivenUp(KeystoreError):
    """Whoever was asked ended the input, or was wrong too often."""


class Terminal(Protocol):
    """What the commands need of a terminal."""

    def say(self, text: str) -> None:
        """Print a line."""

    def clear(self) -> None:
        """Leave nothing on the screen, nor above it."""

    def show_alone(self, text: str) -> None:
        """Show a text on a cleared screen. Raises NoTerminal where it would go elsewhere."""

    def ask(self, prompt: str) -> str:
        """Return a typed line. Raises NoTerminal, GivenUp."""

    def ask_hidden(self, prompt: str) -> str:
        """Return a typed line that the screen does not show. Raises NoTerminal, GivenUp."""


class Console:
    """The terminal that the command was started at."""

    def say(self, text: str) -> None:
        """Print a line."""
        print(text)

    def clear(self) -> None:
        """Clear the screen and what can be scrolled back to."""
        if sys.stdout.isatty():
            print(_CLEAR, end="", flush=True)

    def show_alone(self, text: str) -> None:
        """Show a text on a cleared screen."""
        _must_be_terminal()
        self.clear()
        print(text)

    def ask(self, prompt: str) -> str:
        """Return a typed line."""
        _must_be_terminal()
        try:
            return input(prompt)
        except EOFError:
            raise GivenUp("the input ended: nothing was changed") from None

    def ask_hidden(self, prompt: str) -> str:
        """Return a typed line that the screen does not show."""
        _must_be_terminal()
        try:
            return getpass.getpass(prompt)
        except EOFError:
            raise GivenUp("the input ended: nothing was changed") from None


def collect(terminal: Terminal, custody: Custody, descriptor: int | None = None) -> tuple[str, ...]:
    """Return shares typed at the terminal, each checked at once, or read from a descriptor, one a line.

    A wrong one is said to be so and asked for again. Raises NoTerminal, GivenUp, SharesMissing (an empty line).
    """
    if descriptor is not None:
        return _read(descriptor)
    collected, wrong = Collected(custody), 0
    given: list[str] = []
    terminal.say(
        f"Type {custody.threshold} shares of ceremony {custody.ceremony} of {custody.held_on}, one a line. They "
        "are not shown. An empty line gives up."
    )
    while collected.missing:
        typed = terminal.ask_hidden(f"Share {len(given) + 1} of {custody.threshold}: ")
        if not typed.strip():
            collected.recovery_key()
        try:
            collected.add(typed)
            given.append(typed)
        except (ShareMalformed, ShareOfAnotherCeremony, ShareDouble) as fault:
            terminal.say(f"Not taken: {fault}.")
            wrong += 1
        if wrong == _WRONG_AT_MOST:
            raise GivenUp(
                f"{wrong} shares were not right: nothing was changed; begin again with the sheets at hand"
            )
    return tuple(given)


def new_passphrase(terminal: Terminal) -> str:
    """Return a new passphrase, typed twice alike. Raises NoTerminal, GivenUp."""
    for _ in range(3):
        typed = terminal.ask_hidden("New passphrase: ")
        if terminal.ask_hidden("Once more: ") == typed:
            return typed
        terminal.say("The two are not alike.")
    raise GivenUp("the passphrase was not typed twice alike: nothing was changed")


def _read(descriptor: int) -> tuple[str, ...]:
    try:
        with open(descriptor, encoding="utf-8") as lines:
            return tuple(line.strip() for line in lines if line.strip())
    except (OSError, ValueError):
        raise GivenUp("the descriptor named by --shares-fd can't be read: nothing was changed") from None


def _must_be_terminal() -> None:
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise NoTerminal("this command speaks with people: run it at a terminal, without a pipe or a redirection")
