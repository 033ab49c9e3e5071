"""The headers every response of the patient zone carries: few, constant in number and in length."""

import base64
import hashlib

from app.discretion.sizes import PAGE_BYTES, PLAIN_BYTES

Header = tuple[str, str]

REDIRECT_FILL = 64
"""Bytes shared by a 303's Location, its filler and what only an exit adds, so that all 303s are as long."""

CLEAR_SITE_DATA: Header = ("Clear-Site-Data", '"cache", "storage"')
"""Sent by the quick exit. Not "cookies": that would sign out a member of staff in the same browser."""


class PatientHeaders:
    """The constant headers, worked out once for an application from its stylesheet and its transport."""

    def __init__(self, css: str, *, tls: bool) -> None:
        shared = _security_headers(css, tls=tls)
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
        return [*self.empty, ("Location", location), *extra, ("X-Fill", "0" * fill)]


def style_hash(css: str) -> str:
    """Return the CSP source that allows this inline stylesheet and no other."""
    digest = hashlib.sha256(css.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"


def _security_headers(css: str, *, tls: bool) -> tuple[Header, ...]:
    policy = (
        f"default-src 'none';style-src {style_hash(css)};img-src data:;"
        "form-action 'self';base-uri 'none';frame-ancestors 'none'"
    )
    headers = (
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
