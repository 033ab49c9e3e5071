"""The one cookie of the patient zone: four characters of preference and a token the server never keeps.

    value = language (letter) + screen (n|m) + notice (one base36 character) + device (0|1|2) + token (43)

The value always has the same length, so that a response's headers do too. Without a token the 43 characters
are dots. A garbled cookie is read as no token, never as an error.
"""

import base64
import binascii
import re
from dataclasses import dataclass
from typing import Literal

from app.web.languages import SOURCE, Language, of_code, of_letter

Screen = Literal["normal", "muted"]
Device = Literal["shared", "own", "left"]
"""Whose the device is, as the patient says: shared until they say otherwise. *Left* once they pressed the exit."""

TOKEN_BYTES = 32
NO_NOTICE = "0"
_NO_TOKEN = "." * 43
_FORM = re.compile(r"([a-z])([nm])([0-9a-z])([0-2])(.{43})", re.ASCII)
_SCREENS: dict[str, Screen] = {"n": "normal", "m": "muted"}
_DEVICES: dict[str, Device] = {"0": "shared", "1": "own", "2": "left"}
_DEVICE_CODES = {device: code for code, device in _DEVICES.items()}


@dataclass(frozen=True, slots=True)
class Visitor:
    """What the cookie says of the person behind the browser. `returned` is true when a cookie came at all."""

    language: Language = SOURCE.code
    screen: Screen = "normal"
    notice: str = NO_NOTICE
    token: bytes | None = None
    returned: bool = False
    device: Device = "shared"

    @property
    def own_device(self) -> bool:
        """Whether the patient said that the device is theirs alone."""
        return self.device == "own"

    @property
    def muted(self) -> bool:
        """Whether the patient asked for the discreet screen."""
        return self.screen == "muted"


def cookie_name(*, tls: bool) -> str:
    """Return the cookie's name; the `__Host-` prefix (RFC 6265bis) needs https."""
    return "__Host-p" if tls else "p"


def parse(value: str | None) -> Visitor:
    """Read a cookie's value. Anything malformed gives a visitor without a token; nothing is raised."""
    if value is None:
        return Visitor()
    match = _FORM.fullmatch(value)
    read_in = of_letter(match[1]) if match else None
    if match is None or read_in is None:
        return Visitor(returned=True)
    _letter, screen, notice, device, token = match.groups()
    wishes = read_in, _SCREENS[screen], notice
    return Visitor(*wishes, _token_bytes(token), returned=True, device=_DEVICES[device])


def format_value(visitor: Visitor) -> str:
    """Write a visitor as a cookie's value, always 47 characters."""
    token = _NO_TOKEN
    if visitor.token is not None:
        token = base64.urlsafe_b64encode(visitor.token).rstrip(b"=").decode("ascii")
    device = _DEVICE_CODES[visitor.device]
    return f"{of_code(visitor.language).letter}{visitor.screen[0]}{visitor.notice}{device}{token}"


def set_cookie(visitor: Visitor, *, tls: bool) -> str:
    """Return the Set-Cookie header: for this browser session only, unreadable by scripts, first party."""
    return f"{cookie_name(tls=tls)}={format_value(visitor)}{_attributes(tls=tls)}"


def delete_cookie(*, tls: bool) -> str:
    """Return the Set-Cookie header that removes the cookie, its value as long as any other."""
    return f"{cookie_name(tls=tls)}={format_value(Visitor())}{_attributes(tls=tls)}; Max-Age=0"


def _attributes(*, tls: bool) -> str:
    return "; Path=/; HttpOnly; SameSite=Lax" + ("; Secure" if tls else "")


def _token_bytes(text: str) -> bytes | None:
    """Decode a token. Two texts never mean the same token: what would not be written so is refused."""
    try:
        token = base64.b64decode(text + "=", altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    canonical = base64.urlsafe_b64encode(token).rstrip(b"=").decode("ascii") == text
    return token if canonical and len(token) == TOKEN_BYTES else None
