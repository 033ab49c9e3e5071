"""The headers every response of the patient zone carries: few, constant in number and in length."""

import base64
import hashlib
from http import HTTPStatus

from app.discretion.sizes import PAGE_BYTES, PLAIN_BYTES, OverBudget

Header = tuple[str, str]

HEAD_BYTES = 960
"""Length of the status line and headers of every page, before what a server adds (its date)."""

REDIRECT_FILL = 64
"""Bytes shared by a 303's Location, its filler and what only an exit adds, so that all 303s are as long."""

CLEAR_SITE_DATA: Header = ("Clear-Site-Data", '"cache", "storage"')
"""Sent by the quick exit. Not "cookies": that would sign out a member of staff in the same browser."""


_FILLER = "X-Fill"
_AROUND = len(": \r\n")
_REASONS = {status.value: status.phrase for status in HTTPStatus} | {413: "Payload Too Large"}


class PatientHeaders:
    """The constant headers, worked out once for an application from its stylesheets and its transport."""

    def __init__(self, *sheets: str, tls: bool) -> None:
        shared = _security_headers(sheets, tls=tls)
        self.gzip = (*shared, *_body_headers(PAGE_BYTES), ("Content-Encoding", "gzip"))
        self.plain = (*shared, *_body_headers(PLAIN_BYTES))
        self.empty = (*shared, ("Content-Length", "0"))

    def page(self, *, gzip: bool) -> list[Header]:
        """Return the headers of a page, compressed or not."""
        return list(self.gzip if gzip else self.plain)

    def redirect(self, location: str, extra: tuple[Header, ...] = (), cookie_growth: int = 0) -> list[Header]:
        """Return the headers of a 303. `cookie_growth`: by how much its cookie is longer than usual.

        Raises ValueError for a location that is not a short path of ours.
        """
        added = sum(len(name) + len(value) + 4 for name, value in extra) + cookie_growth
        fill = REDIRECT_FILL - added - len(location)
        if not location.startswith("/") or location.startswith("//") or fill < 0:
            raise ValueError("a redirection goes to a short path of this site")
        return [*self.empty, ("Location", location), *extra, (_FILLER, "0" * fill)]


def even_head(status: str, headers: list[Header]) -> tuple[str, list[Header]]:
    """Return a response's head, as long as any page's. What brings a filler of its own, and files, are left alone.

    The reason is the one servers write, which may not be the one the application gave. Raises OverBudget: a head
    too long would tell its page apart.
    """
    status = f"{status[:3]} {_REASONS.get(int(status[:3]), status[4:])}"
    present = {name for name, _value in headers}
    if _FILLER in present or "Content-Disposition" in present:
        return status, headers
    length = len(status) + sum(len(name) + len(value) + _AROUND for name, value in [*headers, (_FILLER, "")])
    if length > HEAD_BYTES:
        raise OverBudget(length, HEAD_BYTES)
    return status, [*headers, (_FILLER, "0" * (HEAD_BYTES - length))]


def style_hash(css: str) -> str:
    """Return the CSP source that allows this inline stylesheet and no other."""
    digest = hashlib.sha256(css.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"


def _security_headers(sheets: tuple[str, ...], *, tls: bool) -> tuple[Header, ...]:
    styles = " ".join(style_hash(css) for css in sheets)
    policy = (
        f"default-src 'none';style-src {styles};img-src data:;"
        "form-action 'self';base-uri 'none';frame-ancestors 'none'"
    )
    headers = (
        ("Server", "web"),  # else the server says its own name, which another would not
        ("Content-Security-Policy", policy),
        ("Referrer-Policy", "no-referrer"),
        ("Cache-Control", "no-store"),
        ("X-Content-Type-Options", "nosniff"),
        ("X-Robots-Tag", "noindex,noarchive"),
        ("Cross-Origin-Opener-Policy", "same-origin"),
        ("Permissions-Policy", "camera=(),microphone=(),geolocation=()"),
    )
    return (*headers, ("Strict-Transport-Security", "max-age=63072000")) if tls else headers


def _body_headers(length: int) -> tuple[Header, ...]:
    return (("Content-Type", "text/html; charset=utf-8"), ("Content-Length", str(length)))
