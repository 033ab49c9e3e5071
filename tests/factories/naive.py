"""A naive clinic site, all that ours is not: it titles, caches, stores, autofills, and tells it in its name."""

import gzip
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

BETRAYING = "psychiatre"
ONLY_IN_THE_BODY = "Ordonnance renouvelée"
FIELDS = ("name", "phone", "email")
PAGE = f"""<!doctype html><html lang="fr"><title>Rendez-vous chez le {BETRAYING}</title>
<link rel="icon" href="/{BETRAYING}.png"><h1>{BETRAYING}</h1><p>{ONLY_IN_THE_BODY}</p>
<form method="post" action="/{BETRAYING}/suite">
<input id="name" name="name" autocomplete="name"><input id="phone" name="phone" type="tel" autocomplete="tel">
<input id="email" name="email" type="email" autocomplete="email"><button>Continuer</button></form>
<a href="/{BETRAYING}.pdf" download>Papier</a>
<script>localStorage.setItem("{BETRAYING}", "{BETRAYING}"); sessionStorage.setItem("{BETRAYING}", "1");</script>"""


class _Naive(BaseHTTPRequestHandler):
    """Every page is the same; a picture and a paper are enough to leave their names."""

    def do_GET(self) -> None:
        """Give the page, its icon or a paper, for a day."""
        if self.path.endswith(".png"):
            self._give(_icon(), "image/png")
        elif self.path.endswith(".pdf"):
            self._give(b"%PDF-1.4", "application/pdf")
        else:
            self._give(gzip.compress(PAGE.encode()), "text/html; charset=utf-8", ("Content-Encoding", "gzip"))

    def do_POST(self) -> None:
        """Lead back to the page."""
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(303)
        self.send_header("Location", f"/{BETRAYING}")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""

    def _give(self, body: bytes, kind: str, *more: tuple[str, str]) -> None:
        self.send_response(200)
        kept = ("Cache-Control", "max-age=86400"), ("Set-Cookie", f"{BETRAYING}=1; Max-Age=86400; Path=/")
        for name, value in (*kept, *more, ("Content-Type", kind), ("Content-Length", str(len(body)))):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def naive_site() -> Iterator[str]:
    """Serve the site, its host named as naively (RFC 6761: it is this machine), until the block ends."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Naive)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://{BETRAYING}.localhost:{server.server_port}/{BETRAYING}"
    finally:
        server.shutdown()
        server.server_close()


def _icon() -> bytes:
    """Return a PNG of one pixel."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return len(body).to_bytes(4) + kind + body + zlib.crc32(kind + body).to_bytes(4)

    header = bytes([0, 0, 0, 1, 0, 0, 0, 1, 8, 0, 0, 0, 0])
    parts = chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(b"\0\0")), chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)
