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

_MARKS = ("X-Operamini-", "X-Ucbrowser-", "X-Puffin-", "X-Bolt-", "X-Skyfire-", "Device-Stock-Ua")
"""How headers begin that only such a server adds, written as WSGI gives them back."""

_SIGNATURES = re.compile(r"Compression|Opera|UCWEB|Puffin|Silk", re.IGNORECASE)
"""How such servers sign the Via header."""


def read_on_the_way() -> bool:
    """Say whether somebody between this browser and us opens the page, as far as the request tells."""
    headers = request.headers
    return (
        bool(_BROWSERS.search(headers.get("User-Agent", "")))
        or any(name.startswith(_MARKS) for name, _value in headers)
        or _signed(headers.get("Via", ""))
    )


def _signed(via: str) -> bool:
    """Judge the Via header. Over TLS only who decrypts adds one; behind the clinic's own proxy it may be theirs."""
    settings = services().settings
    return bool(_SIGNATURES.search(via)) or (bool(via) and settings.tls and not settings.proxy_hops)
