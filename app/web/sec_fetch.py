"""Requests other sites make a browser send are told apart by Fetch Metadata (W3C), not by Origin or Referer.

Our pages say `no-referrer`, hence browsers send `Origin: null` and no Referer. A browser too old to send
Sec-Fetch-Site is left to the form key and to SameSite.
"""

from flask import request
from werkzeug.exceptions import BadRequest

_OURS = ("same-origin", "none")


class CrossSite(BadRequest):
    """A form of another site was sent to us."""


def refuse_cross_site() -> None:
    """Let a POST through only from a page of ours. Raises CrossSite (400)."""
    if request.headers.get("Sec-Fetch-Site", "none") not in _OURS:
        raise CrossSite
