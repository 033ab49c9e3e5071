"""What may come in: a short form, in valid UTF-8. Anything else is refused before a view sees it."""

import io
import re
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes

from flask import request
from werkzeug.exceptions import BadRequest, NotFound, RequestEntityTooLarge
from werkzeug.routing import RequestRedirect

from app.web.sec_fetch import refuse_cross_site

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

MAX_BYTES = 64 * 1024
"""Longest request body of the patient zone."""

_ONE_MORE = MAX_BYTES + 1
_DRAINED_BYTES = 16 * 1024 * 1024
_CHUNK = 64 * 1024
_FORM = "application/x-www-form-urlencoded"
_CONTROLS = re.compile(
    rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|\xc2[\x80-\x9f]"
    rb"|\xef\xb7[\x90-\xaf]|\xef\xbf[\xbe\xbf]|[\xf0-\xf4][\x8f\x9f\xaf\xbf]\xbf[\xbe\xbf]"
)
"""Control characters and noncharacters in UTF-8: a page that showed them would be malformed (HTML 13.2.3.5)."""


class Garbled(BadRequest):
    """A body that is not a form in valid UTF-8."""


def await_body(environ: "WSGIEnvironment") -> None:
    """Read a body before anything is answered, so that no moment at which it comes is told from another.

    One that is announced as too long is left where it is: it is drained and refused. What breaks on the way is
    met again by who reads on.
    """
    wanted = _announced(environ)
    if not 0 < wanted <= _ONE_MORE:
        return
    try:
        environ["wsgi.input"] = io.BytesIO(environ["wsgi.input"].read(wanted))
    except OSError:
        return


def _announced(environ: "WSGIEnvironment") -> int:
    """Return how many bytes are to come, at most: as the length says, or as many as a form may have."""
    said = environ.get("CONTENT_LENGTH") or ""
    if not said:
        return _ONE_MORE if environ.get("wsgi.input_terminated") else 0
    return int(said) if said.isdecimal() and int(said) <= MAX_BYTES else 0


def check_address() -> None:
    """Refuse an address that routing would mend by a redirection to a full address: an empty one, as it is."""
    if isinstance(request.routing_exception, RequestRedirect):
        raise NotFound


def check_body() -> None:
    """Look at a request before its view. Raises RequestEntityTooLarge (413), Garbled or CrossSite (400)."""
    if request.method in ("GET", "HEAD"):
        return
    if (request.content_length or 0) > MAX_BYTES:
        _drain()
        raise RequestEntityTooLarge
    if request.method == "POST":
        refuse_cross_site()
        _check_form()


def _check_form() -> None:
    """Refuse what Werkzeug would silently repair. The body stays readable by `request.form`."""
    body = request.get_data()
    if body and request.mimetype != _FORM:
        raise Garbled
    if request.content_length not in (None, len(body)):
        raise Garbled  # The connection was lost on the way: half a form is no answer.
    sent = unquote_to_bytes(body.replace(b"+", b" "))
    if _CONTROLS.search(sent):
        raise Garbled
    try:
        sent.decode("utf-8")
    except UnicodeDecodeError:
        raise Garbled from None


def _drain() -> None:
    """Read a body that is too long and drop it, so that the sender's browser comes to read our answer."""
    stream = request.environ["wsgi.input"]
    left = min(request.content_length or 0, _DRAINED_BYTES)
    while left > 0 and (chunk := stream.read(min(_CHUNK, left))):
        left -= len(chunk)
