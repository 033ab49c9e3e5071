"""Reads named settings one by one and remembers every fault, so that all are told at once."""

import binascii
import re
from collections.abc import Callable, Mapping
from datetime import date
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

PREFIX = "PARAVENT_"
_BACKENDS = ("sqlite", "postgresql+psycopg")
_NEAR = tuple(map(ip_network, ("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "::1", "fc00::/7")))
"""Addresses that no packet from the internet can name (RFC 1122, 1918, 4193)."""

_LABEL = "[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_HOST = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(\.{_LABEL})*", re.ASCII)
"""A host's name (RFC 1123), or an IPv4 address."""


class Reader:
    """Reads named values, remembers faults, and knows which names nobody asked for."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values
        self._asked: set[str] = set()
        self.faults: list[str] = []

    def unread(self) -> list[str]:
        """Return the names that were given and never asked for."""
        return sorted(set(self._values) - self._asked)

    def optional(self, name: str) -> str | None:
        """Return a value as it was given; None when it is missing or empty."""
        self._asked.add(name)
        return self._values.get(name) or None

    def text(self, name: str, default: str) -> str:
        """Return a text."""
        return self.optional(name) or default

    def path(self, name: str, default: Path) -> Path:
        """Return an absolute path."""
        return Path(self.optional(name) or default).absolute()

    def optional_path(self, name: str) -> Path | None:
        """Return an absolute path, or None."""
        given = self.optional(name)
        return Path(given).absolute() if given else None

    def choice(self, name: str, allowed: tuple[Any, ...]) -> Any:
        """Return one of the words allowed."""
        given = self.optional(name)
        if given not in allowed:
            self.faults.append(f"{PREFIX}{name} must be one of {', '.join(allowed)}")
        return given

    def switch(self, name: str, *, default: bool) -> bool:
        """Return whether a 0 or a 1 was given."""
        given = self.optional(name)
        if given not in (None, "0", "1"):
            self.faults.append(f"{PREFIX}{name} must be 0 or 1")
        return default if given is None else given == "1"

    def integer(self, name: str, default: int, least: int, greatest: int) -> int:
        """Return a whole number between two others, both allowed."""

        def read(given: str) -> int:
            number = int(given)
            if not least <= number <= greatest:
                raise ValueError
            return number

        number: int = self._parsed(name, default, read, f"a whole number from {least} to {greatest}")
        return number

    def database(self, silo: str, default: str) -> str:
        """Return the address of a silo's database."""

        def read(given: str) -> str:
            try:
                backend = make_url(given).drivername
            except ArgumentError:
                raise ValueError from None
            if backend not in _BACKENDS:
                raise ValueError
            return given

        expected = "an address such as postgresql+psycopg://… or sqlite:///…"
        url: str = self._parsed(f"DB_{silo.upper()}", default, read, expected)
        return url

    def private_address(self, name: str) -> tuple[str, int] | None:
        """Return an address that no packet from the internet can name, and a port; or None."""

        def read(given: str) -> tuple[str, int]:
            host, _, port = given.rpartition(":")
            address = ip_address(host.strip("[]"))
            if not any(address in network for network in _NEAR) or not 1 <= int(port) <= 65535:
                raise ValueError
            return str(address), int(port)

        where: tuple[str, int] | None = self._parsed(name, None, read, "a private address such as 127.0.0.1:9101")
        return where

    def host_and_port(self, name: str) -> tuple[str, int] | None:
        """Return a host's name or address, and a port; or None."""

        def read(given: str) -> tuple[str, int]:
            host, _, port = given.rpartition(":")
            bracketed = host.startswith("[") and host.endswith("]")
            bare = str(ip_address(host[1:-1])) if bracketed else host
            if not (bracketed or _HOST.fullmatch(host)) or not 1 <= int(port) <= 65535:
                raise ValueError
            return bare, int(port)

        where: tuple[str, int] | None = self._parsed(name, None, read, "a host and a port such as siem.test:6514")
        return where

    def day(self, name: str) -> date | None:
        """Return a date, or None."""
        day: date | None = self._parsed(name, None, date.fromisoformat, "a date such as 2027-05-31")
        return day

    def hexadecimal(self, name: str, size: int) -> bytes:
        """Return that many bytes, which must be given."""
        value = self.optional_hexadecimal(name, size)
        if value is None and self.optional(name) is None:
            self.faults.append(f"{PREFIX}{name} is missing")
        return value or b""

    def optional_hexadecimal(self, name: str, size: int) -> bytes | None:
        """Return that many bytes, or None."""

        def read(given: str) -> bytes:
            value = binascii.unhexlify(given)
            if len(value) != size:
                raise ValueError
            return value

        value: bytes | None = self._parsed(name, None, read, f"{size} bytes in hexadecimal")
        return value

    def _parsed(self, name: str, default: Any, read: Callable[[str], Any], expected: str) -> Any:
        given = self.optional(name)
        if given is None:
            return default
        try:
            return read(given)
        except ValueError:
            self.faults.append(f"{PREFIX}{name} must be {expected}")
            return default
