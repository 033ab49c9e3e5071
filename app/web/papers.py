"""Files that leave: one neutral name, never kept by the browser's cache."""

from flask import Response

from app.discretion.gate import leaving

FILE_NAME = "document.pdf"


def paper(body: bytes) -> Response:
    """Return a PDF as a download under the neutral name."""
    disposition = leaving("file name", f'attachment; filename="{FILE_NAME}"')
    headers = {
        "Content-Disposition": disposition,
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "Referrer-Policy": "no-referrer",
        "X-Robots-Tag": "noindex,noarchive",
    }
    return Response(body, mimetype="application/pdf", headers=headers)
