"""Browsers whose pages are read and rewritten by a server of their maker, though the address says https.

They are told so before anything about them is asked. What they say of themselves is looked at, never kept.
"""

import re

from flask import request

from app.web.services import services

_BROWSERS = re.compile(
    r"Opera Mini/|UCWEB|UCBrowser|\bU2/\d|Puffin/|S40OviBrowser|Silk-Accelerated=true|googleweblight|\bBOLT/",
    re.IGNORECASE,
)
"""How such browsers, or the servers that fetch pages for them, name themselves in User-Agent."""

_MARKS = tuple(
    f"HTTP_{name}"
    for name in ("X_OPERAMINI_", "X_UCBROWSER_", "X_PUFFIN_", "X_BOLT_", "X_SKYFIRE_", "DEVICE_STOCK_UA")
)
"""How headers begin that only such a server adds, as WSGI names them."""

_SIGNATURES = re.compile(r"Compression|Opera|UCWEB|Puffin|Silk", re.IGNORECASE)
"""How such servers sign the Via header."""


def read_on_the_way() -> bool:
    """Say whether somebody between this browser and us opens the page, as far as the request tells."""
    environ = request.environ
    return (
        bool(_BROWSERS.search(environ.get("HTTP_USER_AGENT", "")))
        or any(name.startswith(_MARKS) for name in environ)
        or _signed(environ.get("HTTP_VIA", ""))
    )


def _signed(via: str) -> bool:
    """Judge the Via header. Over TLS only who decrypts adds one; behind the clinic's own proxy it may be theirs."""
    settings = services().settings
    return bool(_SIGNATURES.search(via)) or (bool(via) and settings.tls and not settings.proxy_hops)
