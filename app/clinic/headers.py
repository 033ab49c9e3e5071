"""Headers of every clinic response: as strict as the patients', with one cached stylesheet of our own."""

from flask import Flask, request
from flask.wrappers import Response

from app.config import Settings

_POLICY = (
    "default-src 'none';style-src 'self';img-src data:;form-action 'self';base-uri 'none';frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": _POLICY,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex,noarchive",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(),microphone=(),geolocation=()",
}


def init_headers(app: Flask, settings: Settings) -> None:
    """Put the headers on every response of the application, errors and files included."""
    shared = dict(HEADERS)
    if settings.tls:
        shared["Strict-Transport-Security"] = "max-age=63072000; includeSubDomains"

    @app.before_request
    def give_whole_files() -> None:
        """Ignore a wish for a part of a file: ours is short, and a part has headers that nothing else has."""
        request.environ.pop("HTTP_RANGE", None)

    @app.after_request
    def add(response: Response) -> Response:
        response.headers.update(shared)
        cached = request.endpoint == "static" and response.status_code == 200 and "v" in request.args
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable" if cached else "no-store"
        response.headers.pop("Vary", None)
        response.headers.pop("Accept-Ranges", None)
        return response
