"""Files that leave: one neutral name, never kept by the browser's cache."""

from flask import Response

from app.discretion.pdf import FILE_NAME, clear_pdf

HEADERS = (
    ("Content-Disposition", f'attachment; filename="{FILE_NAME}"'),
    ("Cache-Control", "no-store"),
    ("X-Content-Type-Options", "nosniff"),
    ("Content-Security-Policy", "default-src 'none'; sandbox"),
    ("Referrer-Policy", "no-referrer"),
    ("X-Robots-Tag", "noindex,noarchive"),
)
"""What every file is sent under, with its type and length."""


def paper(body: bytes) -> Response:
    """Return a PDF as a download under the neutral name. Raises Betrayal or Malformed."""
    return Response(clear_pdf(FILE_NAME, body).body, mimetype="application/pdf", headers=list(HEADERS))
